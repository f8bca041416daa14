import { describe, expect, it } from 'vitest';
import { GIVE_UP_AFTER, GIVE_UP_ORPHAN_AFTER, measure, UNMEASURED } from '../../../../src/sim/host/tcp/timer.ts';
import { closingDown, established, type Script, synReceived, synSent } from './script.ts';

/** When each segment went out, in seconds, and what the application heard in the end. */
function lifeOf(script: Script, seconds: number): [times: number[], heard: string[]] {
  const times = script
    .wait(seconds * 1000)
    .timeline()
    .map((line) => Number(line.split(' ')[0]));
  return [times, script.heard()];
}

describe('the handshake, as Linux 6.18', () => {
  it('SYN: tcp_syn_retries 6 after 4 linear ones, given up after 131 s', () => {
    const [times, heard] = lifeOf(synSent(), 130);
    expect(times).toEqual([0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67]);
    expect(heard).toEqual([]);
    const client = synSent().wait(131_000);
    expect([client.state, client.heard()]).toEqual(['CLOSED', ['failed timeout']]);
  });

  it('SYN-ACK: tcp_synack_retries 5, forgotten after 63 s', () => {
    expect(lifeOf(synReceived(), 63)).toEqual([[0, 1, 3, 7, 15, 31], []]);
  });

  it('SYN-ACK of a simultaneous open: 6 times, then the application hears', () => {
    const end = synSent();
    end.sent();
    end.hear('S', { seq: 0 });
    expect(lifeOf(end, 127)).toEqual([[0, 1, 3, 7, 15, 31, 63], ['failed timeout']]);
  });

  it('what it remembers: the RTT of a SYN sent once, 3 s and a small window when it was lost (RFC 6298 §5.7)', () => {
    const once = synSent();
    once.now = 100;
    expect(once.hear('SA', { seq: 0 }).tcb.trip).toEqual({ smoothed: 100, variation: 50, rto: 300 });
    const twice = synSent().wait(1500).hear('SA', { seq: 0 });
    expect([twice.tcb.trip.rto, twice.tcb.congestion.cwnd]).toEqual([3000, 14_600]);
    const thrice = synSent().wait(2500).hear('SA', { seq: 0 });
    expect([thrice.tcb.trip.rto, thrice.tcb.congestion.cwnd]).toEqual([3000, 1460]);
  });
});

describe('RFC 6298', () => {
  it('§2.2, §2.3: the estimate, never less than 200 ms above the round trip', () => {
    const first = measure(UNMEASURED, 400);
    expect(first).toEqual({ smoothed: 400, variation: 200, rto: 1200 });
    const second = measure(first, 480);
    expect(second).toEqual({ smoothed: 410, variation: 170, rto: 1090 });
    expect(measure(UNMEASURED, 1).rto).toBe(201);
    expect(measure(UNMEASURED, 100_000).rto, 'nor more than 120 s').toBe(120_000);
  });

  it('§5.5: doubles each time, up to 120 s; gives up at the first timeout beyond 924.6 s (tcp_retries2)', () => {
    const end = established().write(5);
    end.wait(2_000_000);
    const rto = 210;
    const doubled = Array.from({ length: 10 }, (_, i) => rto * (2 ** (i + 1) - 1));
    const capped = Array.from({ length: 5 }, (_, i) => (doubled.at(-1) ?? 0) + 120_000 * (i + 1));
    const expected = [0, ...doubled, ...capped].map((at) => `${(at / 1000).toFixed(2)} PA 1+5 ack 1`);
    expect(end.timeline(10)).toEqual(expected);
    expect(end.heard()).toEqual(['failed timeout']);
    const last = established().write(5).wait(934_829);
    expect([last.state, last.wait(1).state], 'one timeout after the last').toEqual(['ESTABLISHED', 'CLOSED']);
    expect(GIVE_UP_AFTER).toBe(924_600);
  });

  it('an orphan is given up after 102.2 s (tcp_orphan_retries 8)', () => {
    expect(GIVE_UP_ORPHAN_AFTER).toBe(102_200);
    const end = established().do({ kind: 'close' }).wait(200_000);
    const times = end.timeline(10).map((line) => Number(line.split(' ')[0]));
    expect(times).toEqual([0, 0.21, 0.63, 1.47, 3.15, 6.51, 13.23, 26.67, 53.55]);
    expect([end.state, end.heard()]).toEqual(['CLOSED', ['closed']]);
  });

  it('an orphan that has come to the longest timeout has no more tries', () => {
    const end = established().write(5).wait(215_000).do({ kind: 'close' });
    end.sent();
    expect(end.tcb.trip.rto).toBe(120_000);
    end.wait(121_000);
    expect([end.state, end.sent(), end.heard()]).toEqual(['CLOSED', [], ['closed']]);
  });

  it('§5.2, §5.3: the timer starts again with each ACK of something new, and stops at the last', () => {
    const end = established().write(2920);
    end.wait(200).hear('A', { ack: 1461 });
    end.sent();
    expect(end.wait(205).sent(), 'the RTT was 200 ms, so the timeout is longer now').toEqual([]);
    end.hear('A', { ack: 2921 });
    expect(end.tcb.deadlines.retransmit).toBeUndefined();
    expect(end.wait(10_000).sent()).toEqual([]);
  });

  it('§3: a segment that was sent twice is not measured, and the timeout stays backed off until one is', () => {
    const end = established().write(5).wait(210).hear('A', { ack: 6 });
    expect(end.tcb.trip.rto).toBe(420);
    end.write(5).wait(20);
    expect(end.hear('A', { ack: 11 }).tcb.trip.rto).toBeLessThan(220);
  });

  it('§5.4: the earliest segment only, in slow start for the rest', () => {
    const end = established().write(5840);
    expect(end.sent()).toHaveLength(4);
    end.wait(210);
    expect(end.sent()).toEqual(['A 1+1460 ack 1']);
    expect(end.hear('A', { ack: 1461 }).sent()).toEqual(['A 1461+1460 ack 1', 'A 2921+1460 ack 1']);
    expect(end.hear('A', { ack: 5841 }).sent(), 'the peer had the rest').toEqual([]);
  });

  it('FIN is sent again like data', () => {
    const end = established().do({ kind: 'shutdown' });
    end.sent();
    expect(end.wait(210).sent()).toEqual(['FA 1 ack 1']);
    expect(closingDown('LAST-ACK').wait(210).sent()).toEqual(['FA 1 ack 2']);
  });
});

describe('ICMP errors', () => {
  const from = 0x0a00_0001 as never;
  const icmp = { type: 3, code: 1, from };
  const ISS = 0xffff_fff0;
  const about = (offset: number) =>
    ({ kind: 'icmp', seq: (ISS + offset) >>> 0, error: 'unreachable', icmp, embryonic: true }) as const;

  it('end an attempt', () => {
    const client = synSent().do(about(0));
    expect(client.notices()).toEqual([{ kind: 'failed', error: 'unreachable', icmp }]);
    expect(client.state).toBe('CLOSED');
    const both = synSent().hear('S', { seq: 0 }).do(about(0));
    expect(both.heard()).toEqual(['failed unreachable']);
  });

  it('end a handshake that nobody has accepted, if they are of that kind', () => {
    expect(synReceived().do({ ...about(0), embryonic: false }).state).toBe('SYN-RECEIVED');
    const server = synReceived().do(about(0));
    expect([server.state, server.heard()]).toEqual(['CLOSED', []]);
  });

  it('are remembered by a connection, as the cause if it times out', () => {
    const end = established().write(5).do(about(1));
    expect([end.state, end.heard()]).toEqual(['ESTABLISHED', []]);
    end.wait(2_000_000);
    expect(end.notices()).toEqual([{ kind: 'failed', error: 'unreachable', icmp }]);
  });

  it('and forgotten once it goes on', () => {
    const end = established().write(5).do(about(1)).hear('A', { ack: 6 }).write(5).wait(2_000_000);
    expect(end.heard()).toEqual(['failed timeout']);
  });

  it.each([-1, 7])('mean nothing about a segment that is not in flight (RFC 5927 §4.1): %d', (offset) => {
    const end = established().write(5).do(about(offset));
    expect([end.tcb.softError, end.discarded]).toEqual([undefined, 'about nothing that is in flight']);
    expect(end.do({ kind: 'too big', seq: (ISS + offset) >>> 0, pathMss: 500 }).tcb.mss).toBe(1460);
  });

  it('RFC 1191 §6.5: a segment too big is sent again in smaller ones, with all that followed', () => {
    const end = established().write(4000);
    expect(end.sent()).toEqual(['A 1+1460 ack 1', 'A 1461+1460 ack 1', 'PA 2921+1080 ack 1']);
    end.do({ kind: 'too big', seq: ISS + 1, pathMss: 960 });
    expect(end.sent()).toEqual([
      'A 1+960 ack 1',
      'A 961+960 ack 1',
      'A 1921+960 ack 1',
      'A 2881+960 ack 1',
      'PA 3841+160 ack 1',
    ]);
    expect(end.do({ kind: 'too big', seq: ISS + 1, pathMss: 960 }).sent(), 'the next report is no news').toEqual([]);
    expect(end.do({ kind: 'too big', seq: ISS + 1, pathMss: 1200 }).tcb.mss, 'it never grows').toBe(960);
  });

  it('the path of a handshake counts once it is over', () => {
    const client = synSent().do({ kind: 'too big', seq: ISS, pathMss: 500 });
    client.sent();
    client.hear('SA', { seq: 0 }).write(1000);
    expect(client.sent()).toEqual(['A 1 ack 1', 'A 1+500 ack 1', 'PA 501+500 ack 1']);
  });
});

describe('SACK, as Linux: what is sent again ends where the peer has the rest', () => {
  const lossy = (sackPermitted: boolean) => {
    const end = established({ options: { sackPermitted } }).write(12).write(14);
    end.sent();
    return end.hear('A', { sack: [[13, 27]] });
  };

  it('by the timer, each time', () => {
    const end = lossy(true).wait(700);
    const twice = ['A 1+12 ack 1', 'PA 13+14 ack 1'];
    expect(end.sent()).toEqual([...twice, ...twice]);
  });

  it('by duplicate acknowledgements', () => {
    const end = lossy(true);
    end.hear('A', { sack: [[13, 27]] }).hear('A', { sack: [[13, 27]] });
    expect(end.sent()).toEqual(['A 1+12 ack 1']);
  });

  it('a block that makes no sense, or was not agreed on, means nothing', () => {
    expect(lossy(false).wait(250).sent()).toEqual(['PA 1+26 ack 1']);
    const end = lossy(true).hear('A', {
      sack: [
        [-5, 1],
        [27, 40],
      ],
    });
    expect(end.tcb.peerHas).toBeUndefined();
  });

  it('is forgotten once the gap is filled', () => {
    const end = lossy(true).hear('A', { ack: 27 }).write(5);
    expect([end.tcb.peerHas, end.sent()]).toEqual([undefined, ['PA 27+5 ack 1']]);
  });
});
