import { describe, expect, it } from 'vitest';
import { accepted, closingDown, established, synReceived } from './script.ts';

const MINUTE = 60_000;

describe('RFC 9293 §3.6: closing', () => {
  it('case 1: this end closes first', () => {
    const end = established().do({ kind: 'shutdown' });
    expect([end.state, end.sent()]).toEqual(['FIN-WAIT-1', ['FA 1 ack 1']]);
    expect(end.hear('A', { ack: 2 }).state).toBe('FIN-WAIT-2');
    end.hear('FA', { ack: 2 });
    expect([end.state, end.sent(), end.heard()]).toEqual(['TIME-WAIT', ['A 2 ack 2'], ['ended', 'closed']]);
  });

  it('case 2: the peer closes first', () => {
    const end = accepted().hear('FA');
    expect([end.state, end.heard()]).toEqual(['CLOSE-WAIT', ['ended']]);
    end.do({ kind: 'close' });
    expect([end.state, end.sent()]).toEqual(['LAST-ACK', ['FA 1 ack 2']]);
    end.hear('A', { seq: 2, ack: 2 });
    expect([end.state, end.sent(), end.heard()]).toEqual(['CLOSED', [], ['closed']]);
  });

  it('case 3: both close at once', () => {
    const end = established().do({ kind: 'shutdown' });
    end.sent();
    end.hear('FA');
    expect([end.state, end.heard()]).toEqual(['CLOSING', ['ended']]);
    end.wait(40);
    expect(end.sent()).toEqual(['A 2 ack 2']);
    end.hear('A', { seq: 2, ack: 2 });
    expect([end.state, end.heard()]).toEqual(['TIME-WAIT', ['closed']]);
  });

  it('FIN and the ACK of FIN in one segment', () => {
    const end = established().do({ kind: 'shutdown' });
    end.sent();
    end.hear('FA', { ack: 2 });
    expect([end.state, end.sent(), end.heard()]).toEqual(['TIME-WAIT', ['A 2 ack 2'], ['ended', 'closed']]);
  });

  it('half closed, data still comes', () => {
    const end = closingDown('FIN-WAIT-2').hear('PA', { ack: 2, bytes: 5 });
    expect([end.state, end.heard()]).toEqual(['FIN-WAIT-2', ['data']]);
    end.hear('FPA', { seq: 6, ack: 2, bytes: 5 });
    expect([end.state, end.heard()]).toEqual(['TIME-WAIT', ['data', 'ended', 'closed']]);
  });

  it('half closed, data still goes', () => {
    const end = closingDown('CLOSE-WAIT').write(5);
    expect(end.sent()).toEqual(['PA 1+5 ack 2']);
    end.do({ kind: 'shutdown' });
    expect([end.state, end.sent()]).toEqual(['LAST-ACK', ['FA 6 ack 2']]);
    expect(end.hear('A', { seq: 2, ack: 6 }).state).toBe('LAST-ACK');
    expect(end.hear('A', { seq: 2, ack: 7 }).state).toBe('CLOSED');
  });

  it('FIN follows the last byte, in its segment', () => {
    const end = established().write(3000).do({ kind: 'shutdown' });
    expect(end.sent()).toEqual(['A 1+1460 ack 1', 'A 1461+1460 ack 1', 'PA 2921+80 ack 1', 'FA 3001 ack 1']);
    const waiting = established({ window: 0 }).write(100).do({ kind: 'shutdown' });
    expect([waiting.sent(), waiting.state]).toEqual([[], 'FIN-WAIT-1']);
    expect(waiting.hear('A').sent()).toEqual(['FPA 1+100 ack 1']);
  });

  it('FIN out of order waits for the gap to close', () => {
    const end = established().hear('FPA', { seq: 6, bytes: 5 });
    expect([end.state, end.sent(), end.heard()]).toEqual(['ESTABLISHED', ['A 1 ack 1'], []]);
    end.hear('PA', { bytes: 5 });
    expect([end.state, end.sent(), end.heard()]).toEqual(['CLOSE-WAIT', ['A 1 ack 12'], ['data', 'data', 'ended']]);
  });

  it('shutting down twice is shutting down once', () => {
    const end = established().do({ kind: 'shutdown' }).do({ kind: 'shutdown' });
    expect(end.sent()).toEqual(['FA 1 ack 1']);
  });

  it('writing after that is a mistake of the application', () => {
    const end = established().do({ kind: 'shutdown' });
    expect(() => end.write(1)).toThrow('write after shutdown');
  });

  it('data after the FIN of the peer is no data', () => {
    const end = closingDown('CLOSE-WAIT').hear('PA', { seq: 2, bytes: 5 });
    expect([end.sent(), end.heard(), end.discarded]).toEqual([['A 1 ack 2'], [], 'data after FIN']);
  });
});

describe('close(2), RFC 9293 §3.6.1', () => {
  it('with unread data resets', () => {
    const end = established().hear('PA', { bytes: 5 });
    end.heard();
    end.do({ kind: 'close' });
    expect([end.state, end.sent(), end.heard()]).toEqual(['CLOSED', ['RA 1 ack 6'], ['closed']]);
  });

  it('with everything read sends FIN, and says no more than closed', () => {
    const end = established().hear('PA', { bytes: 5 }).do({ kind: 'read', bytes: 5 });
    end.heard();
    end.do({ kind: 'close' });
    expect([end.state, end.sent()]).toEqual(['FIN-WAIT-1', ['FA 1 ack 6']]);
    end.hear('FA', { seq: 6, ack: 2 });
    expect([end.state, end.heard()]).toEqual(['TIME-WAIT', ['closed']]);
  });

  it.each([
    ['before FIN is acknowledged', 'FIN-WAIT-1', 1],
    ['after', 'FIN-WAIT-2', 2],
  ] as const)('data for a closed socket is reset, %s', (_, state, ack) => {
    const end = established().do({ kind: 'close' });
    if (state === 'FIN-WAIT-2') end.hear('A', { ack: 2 });
    end.sent();
    end.hear('PA', { ack, bytes: 3 });
    expect([end.state, end.sent(), end.heard()]).toEqual(['CLOSED', [`R ${ack}`], ['closed']]);
    expect(end.discarded).toBe('data for a closed socket');
  });

  it('waits 60 s for the FIN of the peer', () => {
    const end = established().do({ kind: 'close' }).hear('A', { ack: 2 });
    end.wait(MINUTE - 1);
    expect(end.state).toBe('FIN-WAIT-2');
    end.wait(1);
    expect([end.state, end.heard()]).toEqual(['CLOSED', ['closed']]);
  });

  it('also when FIN was sent long before', () => {
    const end = closingDown('FIN-WAIT-2').wait(10 * MINUTE);
    expect(end.state, 'half closed, it waits for ever').toBe('FIN-WAIT-2');
    end.do({ kind: 'close' }).wait(MINUTE);
    expect([end.state, end.heard()]).toEqual(['CLOSED', ['closed']]);
  });

  it.each(['TIME-WAIT', 'LAST-ACK', 'CLOSING'] as const)('changes nothing in %s', (state) => {
    const end = closingDown(state).do({ kind: 'close' });
    expect([end.state, end.sent()]).toEqual([state, []]);
  });
});

describe('abort, RFC 9293 §3.10.5', () => {
  it.each([
    ['ESTABLISHED', ['RA 1 ack 1']],
    ['CLOSE-WAIT', ['RA 1 ack 2']],
    ['FIN-WAIT-1', ['RA 2 ack 1']],
    ['FIN-WAIT-2', ['RA 2 ack 1']],
    ['CLOSING', []],
    ['LAST-ACK', []],
  ] as const)('in %s sends %j', (state, sent) => {
    const end = (state === 'ESTABLISHED' ? established() : closingDown(state)).do({ kind: 'abort' });
    expect([end.state, end.sent(), end.heard()]).toEqual(['CLOSED', sent, ['closed']]);
  });

  it('leaves TIME-WAIT to itself', () => {
    expect(closingDown('TIME-WAIT').do({ kind: 'abort' }).state).toBe('TIME-WAIT');
  });

  it('resets beyond what is in flight', () => {
    const end = established().write(10);
    end.sent();
    expect(end.do({ kind: 'abort' }).sent()).toEqual(['RA 11 ack 1']);
  });
});

describe('TIME-WAIT, as Linux', () => {
  it('lasts 60 s', () => {
    const end = closingDown('TIME-WAIT').wait(MINUTE - 1);
    expect(end.state).toBe('TIME-WAIT');
    end.wait(1);
    expect([end.state, end.heard()]).toEqual(['CLOSED', []]);
  });

  it.each([
    ['FIN again', 'FA', { ack: 2 }, ['A 2 ack 2']],
    ['data', 'PA', { seq: 2, ack: 2, bytes: 2 }, ['A 2 ack 2']],
    ['an old SYN', 'SA', { seq: -8 }, ['A 2 ack 2']],
    ['a bare ACK', 'A', { seq: 2, ack: 2 }, []],
  ])('%s gets the answer it needs, and the wait begins anew', (_, letters, line, sent) => {
    const end = closingDown('TIME-WAIT').wait(MINUTE / 2);
    expect(end.hear(letters, line).sent()).toEqual(sent);
    expect(end.wait(MINUTE - 1).state).toBe('TIME-WAIT');
    expect(end.wait(1).state).toBe('CLOSED');
  });

  it('an exact RST ends it, another does not', () => {
    const end = closingDown('TIME-WAIT').hear('R', { seq: 3 });
    expect([end.state, end.sent()]).toEqual(['TIME-WAIT', []]);
    end.hear('R', { seq: 2 });
    expect([end.state, end.heard()]).toEqual(['CLOSED', []]);
  });

  it('a SYN without ACK does not prolong it', () => {
    const end = closingDown('TIME-WAIT')
      .wait(MINUTE / 2)
      .hear('S', { seq: -8 });
    expect(end.sent()).toEqual(['A 2 ack 2']);
    expect(end.wait(MINUTE / 2).state).toBe('CLOSED');
  });
});

describe('RFC 5961 §3.2: RST', () => {
  it('at the next sequence number resets', () => {
    const end = established().hear('R');
    expect([end.state, end.sent(), end.heard()]).toEqual(['CLOSED', [], ['failed reset']]);
  });

  it('elsewhere in the window is challenged', () => {
    const end = established().hear('R', { seq: 11 });
    expect([end.state, end.sent(), end.heard()]).toEqual(['ESTABLISHED', ['A 1 ack 1'], []]);
  });

  it.each([-9, 70_001])('outside of the window (%d) is dropped', (seq) => {
    const end = established().hear('R', { seq });
    expect([end.state, end.sent(), end.heard()]).toEqual(['ESTABLISHED', [], []]);
    expect(end.discarded).toBe('RST outside of the window');
  });

  it('to a closed socket is just closed', () => {
    const end = established().do({ kind: 'close' });
    end.hear('R');
    expect(end.heard()).toEqual(['closed']);
  });
});

describe('RFC 5961 §5.2: the ACK field', () => {
  it('of data never sent is challenged', () => {
    const end = established().hear('A', { ack: 101 });
    expect([end.sent(), end.discarded]).toEqual([['A 1 ack 1'], 'ACK of data never sent']);
  });

  it('of long ago is challenged, of a while ago taken with its data', () => {
    const end = established().hear('PA', { bytes: 2, ack: -99_999 });
    expect([end.sent(), end.discarded, end.heard()]).toEqual([['A 1 ack 1'], 'ACK of long ago', []]);
    expect(end.hear('PA', { bytes: 2, ack: -9 }).heard()).toEqual(['data']);
  });

  it('must be there', () => {
    const end = established().hear('P', { bytes: 2 });
    expect([end.sent(), end.heard(), end.discarded]).toEqual([[], [], 'no ACK']);
  });

  it('challenges are 500 ms apart at least, as Linux', () => {
    const end = established().hear('A', { ack: 101 }).hear('A', { ack: 101 });
    expect(end.sent()).toHaveLength(1);
    expect(end.wait(499).hear('S', { seq: 9 }).sent()).toHaveLength(0);
    expect(end.wait(1).hear('R', { seq: 9 }).sent()).toHaveLength(1);
  });
});

describe('RFC 9293 §3.10.7.4, first check: segments that are not acceptable', () => {
  it('data beyond the window is answered each time', () => {
    const end = established().hear('PA', { seq: 100_001, bytes: 2 }).hear('PA', { seq: 100_001, bytes: 2 });
    expect([end.sent(), end.heard()]).toEqual([['A 1 ack 1', 'A 1 ack 1'], []]);
    expect(end.discarded).toBe('beyond the window');
  });

  it('data that came before is acknowledged again', () => {
    const end = established().hear('PA', { bytes: 2 }).hear('PA', { bytes: 2 });
    expect([end.sent(), end.heard()]).toEqual([['A 1 ack 3'], ['data']]);
    expect(end.discarded).toBe('already received');
  });

  it('a bare ACK outside is challenged', () => {
    expect(established().hear('A', { seq: 0 }).sent()).toEqual(['A 1 ack 1']);
    expect(established().hear('A', { seq: 90_000 }).discarded).toBe('beyond the window');
    expect(established().hear('A', { seq: 64_241 }).discarded, 'at its very edge it is taken').toBeUndefined();
  });

  it('only the new bytes of a segment that overlaps are taken, and only those within the window', () => {
    const end = established().hear('PA', { bytes: 10 }).hear('PA', { seq: 6, bytes: 10 });
    const data = end.notices().map((notice) => (notice.kind === 'data' ? [...notice.payload] : []));
    expect(data).toEqual([
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      [11, 12, 13, 14, 15],
    ]);
    const full = established().hear('FPA', { seq: 1, bytes: 70_000 });
    expect(full.tcb.rcvNxt).toBe(full.tcb.rcvEdge);
    expect([full.state, full.tcb.unread]).toEqual(['ESTABLISHED', 64_240]);
  });
});

it('a passive connection without an answer is forgotten in silence', () => {
  const server = synReceived().wait(63_000);
  expect([server.state, server.heard()]).toEqual(['CLOSED', []]);
});
