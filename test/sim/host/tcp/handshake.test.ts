import { describe, expect, it } from 'vitest';
import { answerSyn } from '../../../../src/sim/host/tcp/handshake.ts';
import { segment } from '../../../../src/sim/host/tcp/segment.ts';
import { closingDown, established, synReceived, synSent } from './script.ts';

describe('RFC 9293 §3.5: the handshake', () => {
  it('opens: SYN out, SYN-ACK in, ACK out', () => {
    const client = synSent();
    expect(client.sent()).toEqual(['S 0']);
    client.hear('SA', { seq: 0 });
    expect([client.state, client.sent(), client.heard()]).toEqual(['ESTABLISHED', ['A 1 ack 1'], ['connected']]);
  });

  it('answers: SYN in, SYN-ACK out, and nobody hears of it before the ACK', () => {
    const server = synReceived();
    expect([server.sent(), server.heard()]).toEqual([['SA 0 ack 1'], []]);
    server.hear('A');
    expect([server.state, server.sent(), server.heard()]).toEqual(['ESTABLISHED', [], ['connected']]);
  });

  it('takes data beside the third segment', () => {
    const server = synReceived().hear('PA', { bytes: 5 });
    expect(server.heard()).toEqual(['connected', 'data']);
  });

  it('leaves data beside the SYN-ACK for later, as Linux', () => {
    const client = synSent().hear('SA', { seq: 0, bytes: 5 });
    expect(client.sent().at(-1)).toBe('A 1 ack 1');
    expect(client.heard()).toEqual(['connected']);
  });

  it('sends what was written meanwhile instead of the bare ACK', () => {
    const client = synSent().write(5);
    client.sent();
    expect(client.hear('SA', { seq: 0 }).sent()).toEqual(['PA 1+5 ack 1']);
  });

  it('§3.5 figure 7: both ends open at once', () => {
    const end = synSent();
    end.sent();
    end.hear('S', { seq: 0 });
    expect([end.state, end.sent()]).toEqual(['SYN-RECEIVED', ['SA 0 ack 1']]);
    end.hear('SA', { seq: 0 });
    expect([end.state, end.sent(), end.heard()]).toEqual(['ESTABLISHED', ['A 1 ack 1'], ['connected']]);
  });

  it('opens at once also when only the ACK of the other half comes', () => {
    const end = synSent().hear('S', { seq: 0 });
    end.sent();
    expect(end.hear('A').state).toBe('ESTABLISHED');
    expect(end.sent()).toEqual([]);
  });
});

describe('RFC 9293 §3.10.7.3: SYN-SENT', () => {
  it.each([
    ['an ACK of something else', 'A', { ack: 11 }],
    ['a SYN-ACK of something else', 'SA', { ack: 11, seq: 0 }],
    ['an ACK of nothing', 'A', { ack: 0 }],
  ])('%s is reset, and the SYN goes out again at once', (_, letters, line) => {
    const client = synSent();
    client.sent();
    client.hear(letters, line);
    expect(client.sent()).toEqual([`R ${line.ack}`]);
    client.wait(10);
    expect([client.sent(), client.state]).toEqual([['S 0'], 'SYN-SENT']);
    client.hear(letters, line).wait(500);
    expect(client.sent(), 'once only').toEqual([`R ${line.ack}`]);
  });

  it('RST with the ACK of the SYN refuses', () => {
    const client = synSent().hear('RA');
    expect([client.state, client.heard()]).toEqual(['CLOSED', ['failed refused']]);
  });

  it.each([
    ['without an ACK', 'R', {}],
    ['with a wrong ACK', 'RA', { ack: 11 }],
  ])('RST %s is ignored', (_, letters, line) => {
    const client = synSent();
    client.sent();
    client.hear(letters, line);
    expect([client.state, client.sent(), client.heard()]).toEqual(['SYN-SENT', [], []]);
    expect(client.discarded).toBeDefined();
  });

  it('a bare ACK of the SYN, or FIN, says nothing', () => {
    const client = synSent();
    client.sent();
    expect(client.hear('A').hear('F').sent()).toEqual([]);
    expect(client.state).toBe('SYN-SENT');
  });

  it('close forgets the attempt', () => {
    const client = synSent();
    client.sent();
    client.do({ kind: 'close' });
    expect([client.state, client.sent(), client.heard()]).toEqual(['CLOSED', [], ['closed']]);
  });

  it('abort sends nothing', () => {
    const client = synSent();
    client.sent();
    expect(client.do({ kind: 'abort' }).sent()).toEqual([]);
    expect(client.heard()).toEqual(['closed']);
  });

  it('shutdown waits for the handshake, then FIN follows the data', () => {
    const client = synSent().write(3).do({ kind: 'shutdown' });
    client.sent();
    client.hear('SA', { seq: 0 });
    expect([client.state, client.sent()]).toEqual(['FIN-WAIT-1', ['FPA 1+3 ack 1']]);
  });
});

describe('RFC 9293 §3.10.7.4: SYN-RECEIVED, as Linux', () => {
  it('the same SYN gets the SYN-ACK again', () => {
    const server = synReceived();
    server.sent();
    expect(server.hear('S', { seq: 0 }).sent()).toEqual(['SA 0 ack 1']);
  });

  it('another SYN ends the attempt with a reset', () => {
    const server = synReceived();
    server.sent();
    server.hear('S', { seq: 5001 });
    expect([server.state, server.sent(), server.heard()]).toEqual(['CLOSED', ['RA zero ack 5002'], []]);
  });

  it('a SYN-ACK is challenged', () => {
    const server = synReceived();
    server.sent();
    server.hear('SA', { seq: 0 });
    expect([server.state, server.sent()]).toEqual(['SYN-RECEIVED', ['A 1 ack 1']]);
  });

  it.each([
    ['beyond', 11],
    ['before', 0],
  ])('an ACK %s the SYN is reset, the attempt goes on', (_, ack) => {
    const server = synReceived();
    server.sent();
    expect(server.hear('A', { ack }).sent()).toEqual([`R ${ack}`]);
    expect(server.hear('A').state).toBe('ESTABLISHED');
  });

  it('RST returns to LISTEN without a word', () => {
    const server = synReceived();
    server.sent();
    server.hear('R');
    expect([server.state, server.sent(), server.heard()]).toEqual(['CLOSED', [], []]);
  });

  it('RST beside the next sequence number is challenged', () => {
    const server = synReceived();
    server.sent();
    expect(server.hear('R', { seq: 11 }).sent()).toEqual(['A 1 ack 1']);
    expect(server.hear('R', { seq: -9 }).state).toBe('SYN-RECEIVED');
  });

  it('FIN beside the ACK: open, and half closed', () => {
    const server = synReceived().hear('FA');
    expect([server.state, server.heard()]).toEqual(['CLOSE-WAIT', ['connected', 'ended']]);
  });

  it('data beyond the window is answered, the attempt goes on', () => {
    const server = synReceived();
    server.sent();
    server.hear('PA', { seq: 90_001, bytes: 5 });
    expect([server.state, server.sent()]).toEqual(['SYN-RECEIVED', ['A 1 ack 1']]);
  });

  it('after a simultaneous open RST is a failure, and the SYN again a question', () => {
    const end = synSent().hear('S', { seq: 0 });
    end.sent();
    expect(end.hear('S', { seq: 0 }).sent()).toEqual(['A 1 ack 1']);
    expect(end.hear('R').heard()).toEqual(['failed reset']);
  });

  it('closed during a simultaneous open, FIN goes out after it', () => {
    const end = synSent().hear('S', { seq: 0 }).do({ kind: 'close' });
    end.sent();
    end.hear('A');
    expect([end.state, end.sent()]).toEqual(['FIN-WAIT-1', ['FA 1 ack 1']]);
  });
});

describe('options of the SYN', () => {
  it('RFC 7323 §2: offers MSS, SACK and a window shift of 7, laid out as Linux does', () => {
    const [syn] = synSent().segments();
    expect(syn?.options).toEqual({ mss: 1460, scale: 7, sackPermitted: true });
    expect(syn?.window).toBe(64_240);
  });

  it('a SYN without any is answered as one that says nothing', () => {
    const syn = segment(['syn'], 5, { window: 1000 });
    const { segments, tcb } = answerSyn({ iss: 1, receiveMss: 1460, pathMss: 1460, defaultMss: 536 }, syn, 0);
    expect([segments[0]?.options, tcb.mss]).toEqual([{ mss: 1460, scale: undefined, sackPermitted: false }, 536]);
  });

  it('the SYN-ACK offers only what the SYN did', () => {
    const [bare] = synReceived({ options: { mss: undefined } }).segments();
    expect(bare?.options).toEqual({ mss: 1460, scale: undefined, sackPermitted: false });
    const [full] = synReceived({ options: { scale: 2, sackPermitted: true } }).segments();
    expect(full?.options).toEqual({ mss: 1460, scale: 7, sackPermitted: true });
  });

  it('windows are scaled once both have said so', () => {
    const client = established({ options: { scale: 3 } });
    expect(client.tcb.sndWnd, 'that of the SYN-ACK is not').toBe(65_535);
    client.hear('A', { window: 100 });
    expect(client.tcb.sndWnd).toBe(800);
    expect(client.write(1).segments()[0]?.window, '64256 / 128').toBe(502);
  });

  it('and not otherwise', () => {
    const client = established();
    client.hear('A', { window: 100 });
    expect(client.tcb.sndWnd).toBe(100);
    expect(client.write(1).segments()[0]?.window).toBe(64_240);
  });

  it.each([
    ['the smaller MSS wins', { mss: 1000 }, 1000],
    ['the path is narrower than the peer', { mss: 9000 }, 1460],
    ['RFC 9293 §3.7.1: a peer that says nothing takes 536', { mss: undefined }, 536],
    ['less than 48 is not believed', { mss: 10 }, 48],
  ])('%s', (_, options, mss) => {
    const client = established({ options }).write(4000);
    expect(client.segments()[0]?.payload.length).toBe(mss);
  });
});

describe('a SYN on an open connection, RFC 5961 §4.2', () => {
  it.each(['ESTABLISHED', 'CLOSE-WAIT', 'FIN-WAIT-2'] as const)('is challenged in %s', (state) => {
    for (const seq of [1, 5001, 900_000_000]) {
      const end = state === 'ESTABLISHED' ? established() : closingDown(state);
      end.hear('S', { seq });
      expect(end.sent()).toHaveLength(1);
      expect(end.state).toBe(state);
      expect(end.discarded).toBe('SYN on an open connection');
    }
  });
});
