import { describe, expect, it } from 'vitest';
import { distance } from '../../../../src/sim/host/tcp/segment.ts';
import { established, IRS, type Script } from './script.ts';

const times = (script: Script) => script.timeline(10).map((line) => Number(line.split(' ')[0]));

describe('RFC 9293 §3.8.6.1: a shut window', () => {
  it('is asked about at growing intervals, as long as the peer answers', () => {
    const end = established({ window: 0 }).write(100);
    expect(end.sent(), 'nothing goes into it').toEqual([]);
    const asked: string[] = [];
    while (end.now < 3_600_000) {
      end.wait(100);
      const lines = end.timeline(10);
      if (lines.length > 0) end.hear('A', { window: 0 });
      asked.push(...lines);
    }
    expect(asked.slice(0, 5).map((line) => line.slice(0, 4))).toEqual(['0.21', '0.63', '1.47', '3.15', '6.51']);
    expect(asked[0], 'a sequence number that is acknowledged already, no data').toBe('0.21 A 0 ack 1');
    expect(end.state).toBe('ESTABLISHED');
  });

  it('is given up when there is no answer at all', () => {
    const end = established({ window: 0 }).write(100).wait(3_600_000);
    expect(times(end)).toHaveLength(15);
    expect(end.heard()).toEqual(['failed timeout']);
  });

  it('of a closed socket is given up sooner', () => {
    const end = established({ window: 0 }).write(100).do({ kind: 'close' }).wait(3_600_000);
    expect(times(end)).toHaveLength(8);
    expect([end.state, end.heard()]).toEqual(['CLOSED', ['closed']]);
  });

  it('of a closed socket is given up once the intervals are at their longest, even if it is answered', () => {
    const end = established({ window: 0 }).write(100).do({ kind: 'close' });
    while (end.state !== 'CLOSED' && end.now < 3_600_000) {
      end.wait(100);
      if (end.sent().length > 0) end.hear('A', { window: 0 });
    }
    expect([end.state, end.heard()]).toEqual(['CLOSED', ['closed']]);
    expect(end.now).toBeLessThan(340_000);
  });

  it('opens: what waited goes out, and asking begins anew the next time', () => {
    const end = established({ window: 0 }).write(100).wait(700);
    end.sent();
    expect(end.hear('A').sent()).toEqual(['PA 1+100 ack 1']);
    expect([end.tcb.probes, end.tcb.deadlines.persist]).toEqual([{ asked: 0, unanswered: 0 }, undefined]);
  });

  it('asks about a FIN that has no room too', () => {
    const end = established({ window: 0 }).do({ kind: 'shutdown' }).wait(210);
    expect(end.sent()).toEqual(['A 0 ack 1']);
    expect(end.hear('A').sent()).toEqual(['FA 1 ack 1']);
  });
});

describe('RFC 9293 §3.8.6.2.1: silly windows, the sender', () => {
  it('waits for room for a full segment', () => {
    const end = established().hear('A', { window: 1000 }).write(3000);
    expect(end.sent()).toEqual([]);
    expect(end.hear('A', { window: 1460 }).sent()).toEqual(['A 1+1460 ack 1']);
  });

  it('takes half of the largest window seen, if nothing is in flight', () => {
    const end = established({ window: 1000 }).hear('A', { window: 499 }).write(3000);
    expect(end.sent()).toEqual([]);
    expect(end.hear('A', { window: 500 }).sent()).toEqual(['A 1+500 ack 1']);
    expect(end.hear('A', { ack: 501, window: 500 }).sent()).toEqual(['A 501+500 ack 1']);
  });

  it('and sends what little fits once the persist timer runs out', () => {
    const end = established().hear('A', { window: 1000 }).write(3000);
    expect(end.wait(209).sent()).toEqual([]);
    expect(end.wait(1).sent()).toEqual(['A 1+1000 ack 1']);
  });

  it('never sends beyond the window', () => {
    const end = established({ window: 3000 }).write(10_000);
    expect(end.sent()).toEqual(['A 1+1460 ack 1', 'A 1461+1460 ack 1']);
    expect(end.hear('A', { ack: 1461, window: 3000 }).sent()).toEqual(['A 2921+1460 ack 1']);
  });

  it('an older segment does not say what the window is now', () => {
    const end = established().hear('PA', { bytes: 10, window: 5000 });
    end.hear('A', { seq: 1, window: 9000 });
    expect(end.tcb.sndWnd).toBe(5000);
  });

  it('sends again what was in a window that has shrunk since', () => {
    const end = established().write(1000);
    end.sent();
    end.hear('A', { window: 0 });
    expect(end.wait(210).sent()).toEqual(['PA 1+1000 ack 1']);
  });

  it('and no more than that', () => {
    const end = established({ window: 1000 }).write(1000);
    end.sent();
    end.hear('A', { window: 0 }).write(3000);
    expect(end.wait(210).sent()).toEqual(['A 1+1000 ack 1']);
  });
});

describe('RFC 2018: SACK', () => {
  const gapped = (sackPermitted: boolean) =>
    established({ options: { sackPermitted } })
      .hear('A', { seq: 1001, bytes: 1000 })
      .hear('A', { seq: 3001, bytes: 1000 });

  it('tells what came out of order, if the peer permits', () => {
    const sacks = gapped(true)
      .segments()
      .map(({ sack }) => sack?.map(({ left, right }) => [distance(IRS, left), distance(IRS, right)]));
    expect(sacks).toEqual([
      [[1001, 2001]],
      [
        [3001, 4001],
        [1001, 2001],
      ],
    ]);
    expect(
      gapped(false)
        .segments()
        .map(({ sack }) => sack),
    ).toEqual([undefined, undefined]);
  });

  it('ends with the gaps', () => {
    const end = gapped(true).hear('A', { bytes: 1000 }).hear('A', { seq: 2001, bytes: 1000 });
    expect(end.segments().at(-1)).toMatchObject({ sack: undefined });
  });

  it('RFC 9293 §3.7.1: takes its room from the data beside it', () => {
    const end = gapped(true);
    end.sent();
    expect(end.write(3000).sent()).toEqual(['A 1+1440 ack 1', 'A 1441+1440 ack 1', 'PA 2881+120 ack 1']);
    end.hear('A', { seq: 4001 }).hear('A', { seq: 4001 });
    expect(end.hear('A', { seq: 4001 }).sent()).toEqual(['A 1+1440 ack 1']);
  });
});

describe('the receive window', () => {
  it('shrinks by what is not read, until nothing more fits', () => {
    const end = established();
    let seq = 1;
    for (; seq < 64_240; seq += 1460) end.hear('A', { seq, bytes: 1460 });
    expect(end.segments().at(-1)?.window).toBe(0);
    end.hear('A', { seq, bytes: 10 });
    expect([end.discarded, end.sent()]).toEqual(['beyond the window', [`A 1 ack ${seq}`]]);
  });

  it('RFC 9293 §3.8.6.2.2: opens by a segment at least, and says so', () => {
    const end = established();
    for (let seq = 1; seq < 64_240; seq += 1460) end.hear('A', { seq, bytes: 1460 });
    end.sent();
    expect(end.do({ kind: 'read', bytes: 1000 }).sent()).toEqual([]);
    expect(end.do({ kind: 'read', bytes: 459 }).sent()).toEqual([]);
    end.do({ kind: 'read', bytes: 1 });
    const [update] = end.segments();
    expect([update?.window, update?.payload.length]).toEqual([1460, 0]);
    expect(end.do({ kind: 'read', bytes: 1460 }).sent(), 'a window that is open grows without a word').toEqual([]);
  });

  it('RFC 7323 §2.4: does not creep open by the rounding of its shift', () => {
    const end = established({ options: { scale: 7 } });
    const before = end.tcb.rcvEdge;
    for (let seq = 1; seq <= 5000; seq += 1) end.hear('A', { seq, bytes: 1 });
    expect(end.tcb.rcvEdge).toBe(before);
    expect(end.segments().at(-1)?.window).toBe(Math.floor((64_256 - 5000) / 128));
  });
});

describe('RFC 9293 §3.8.6.3: delayed acknowledgement', () => {
  it('a single segment is acknowledged after 40 ms', () => {
    const end = established().hear('PA', { bytes: 5 });
    expect(end.wait(39).sent()).toEqual([]);
    expect(end.wait(1).sent()).toEqual(['A 1 ack 6']);
  });

  it('every second one at once', () => {
    const end = established().hear('A', { bytes: 5 }).hear('A', { seq: 6, bytes: 5 });
    expect(end.sent()).toEqual(['A 1 ack 11']);
    expect(end.wait(100).sent()).toEqual([]);
  });

  it('an answer carries it', () => {
    const end = established().hear('PA', { bytes: 5 }).write(5);
    expect(end.wait(40).sent()).toEqual(['PA 1+5 ack 6']);
  });

  it('a FIN that is answered by a FIN needs no ACK of its own', () => {
    const end = established().hear('FA').do({ kind: 'close' });
    expect(end.wait(100).sent()).toEqual(['FA 1 ack 2']);
  });

  it('RFC 5681 §4.2: gaps are acknowledged at once, and their closing', () => {
    const end = established().hear('A', { seq: 1001, bytes: 1000 }).hear('A', { seq: 2001, bytes: 1000 });
    expect(end.sent()).toEqual(['A 1 ack 1', 'A 1 ack 1']);
    end.hear('A', { bytes: 1000 });
    expect([end.sent(), end.heard()]).toEqual([['A 1 ack 3001'], ['data', 'data', 'data']]);
  });
});
