import { describe, expect, it } from 'vitest';
import {
  allowance,
  type Congestion,
  type Flight,
  onDuplicate,
  onIdle,
  onProgress,
  onTimeout,
  openWindow,
} from '../../../../src/sim/host/tcp/congestion.ts';
import { established, type Script } from './script.ts';

const MSS = 1000;

function flight(bytes: number, una = 1): Flight {
  return { mss: MSS, una, max: una + bytes, bytes };
}

/** One round trip in which everything that cwnd allows is sent and acknowledged, two segments at a time. */
function round(state: Congestion): Congestion {
  let congestion = state;
  for (let left = state.cwnd; left > 0; left -= 2 * MSS) {
    congestion = onProgress(congestion, Math.min(2 * MSS, left), flight(congestion.cwnd)).congestion;
  }
  return congestion;
}

describe('RFC 6928 §2: the initial window', () => {
  it.each([
    ['ten segments', 1000, 0, 10_000],
    ['14600 bytes', 1460, 0, 14_600],
    ['two segments at least', 9000, 0, 18_000],
    ['one segment when the SYN was lost twice', 1460, 2, 1460],
  ])('%s', (_, mss, lost, cwnd) => {
    expect(openWindow(mss, 0, lost).cwnd).toBe(cwnd);
  });
});

describe('RFC 5681 §3.1', () => {
  it('slow start: a segment more for each ACK, half as much again a round trip with every second one acknowledged', () => {
    const windows: number[] = [];
    for (let state = openWindow(MSS, 0, 0); windows.length < 4; state = round(state)) windows.push(state.cwnd);
    expect(windows).toEqual([10_000, 15_000, 23_000, 35_000]);
    const single = Array.from({ length: 10 }).reduce<Congestion>(
      (state) => onProgress(state, MSS, flight(10_000)).congestion,
      openWindow(MSS, 0, 0),
    );
    expect(single.cwnd, 'doubled when every one is').toBe(20_000);
  });

  it('congestion avoidance: a segment more a round trip', () => {
    let state: Congestion = { ...openWindow(MSS, 0, 0), ssthresh: 10_000 };
    const windows: number[] = [];
    for (let i = 0; i < 4; i++) {
      state = round(state);
      windows.push(state.cwnd);
    }
    expect(windows).toEqual([11_000, 12_000, 13_000, 14_000]);
  });

  it('RFC 7661 §4: no more than the application makes use of', () => {
    const state = openWindow(MSS, 0, 0);
    expect(onProgress(state, MSS, flight(4000)).congestion.cwnd).toBe(10_000);
    const avoiding = { ...state, ssthresh: 10_000 };
    expect(onProgress(avoiding, MSS, flight(9000)).congestion).toEqual(avoiding);
  });

  it('after a timeout one segment, and ssthresh half of what was in flight', () => {
    const lost = onTimeout(openWindow(MSS, 0, 0), flight(8000), true);
    expect([lost.cwnd, lost.ssthresh]).toEqual([1000, 4000]);
    const again = onTimeout(lost, flight(8000), false);
    expect([again.cwnd, again.ssthresh], 'ssthresh stays when it is lost again').toEqual([1000, 4000]);
    expect(onTimeout(lost, flight(1000), true).ssthresh, 'two segments at least').toBe(2000);
  });

  it('§4.1: after a pause the window begins anew', () => {
    expect(onIdle({ ...openWindow(MSS, 0, 0), cwnd: 50_000 }, MSS).cwnd).toBe(10_000);
    expect(onIdle({ ...openWindow(MSS, 0, 0), cwnd: 3000 }, MSS).cwnd).toBe(3000);
  });
});

describe('RFC 6582 §3.2: NewReno', () => {
  const three = (state: Congestion, inFlight: Flight) => {
    let reckoning = onDuplicate(state, inFlight);
    for (let i = 0; i < 2; i++) {
      expect(reckoning.retransmit).toBe(false);
      reckoning = onDuplicate(reckoning.congestion, inFlight);
    }
    return reckoning;
  };

  it('the third duplicate ACK retransmits, halves and inflates', () => {
    const { congestion, retransmit } = three(openWindow(MSS, 0, 0), flight(10_000));
    expect(retransmit).toBe(true);
    expect(congestion).toMatchObject({ recovering: true, recover: 10_001, ssthresh: 5000, cwnd: 8000 });
    expect(onDuplicate(congestion, flight(10_000)).congestion.cwnd, 'each further one').toBe(9000);
  });

  it('RFC 3042: the first two let a segment go each', () => {
    const once = onDuplicate(openWindow(MSS, 0, 0), flight(10_000)).congestion;
    expect(allowance(once, MSS)).toBe(11_000);
    const twice = onDuplicate(once, flight(10_000)).congestion;
    expect(allowance(twice, MSS)).toBe(12_000);
    expect(onProgress(twice, MSS, flight(10_000, 1001)).congestion.duplicates).toBe(0);
  });

  it('a partial ACK retransmits the next hole and deflates', () => {
    const { congestion } = three(openWindow(MSS, 0, 0), flight(10_000));
    const partial = onProgress(congestion, 3000, { ...flight(10_000), una: 3001 });
    expect([partial.retransmit, partial.congestion.cwnd, partial.congestion.recovering]).toEqual([true, 6000, true]);
    const tiny = onProgress(congestion, 500, { ...flight(10_000), una: 501 });
    expect(tiny.congestion.cwnd, 'less than a segment adds nothing back').toBe(7500);
    const huge = onProgress(congestion, 9000, { ...flight(10_000), una: 9001 });
    expect(huge.congestion.cwnd, 'a segment at least').toBe(1000);
  });

  it('a full ACK ends it, without a burst', () => {
    const { congestion } = three(openWindow(MSS, 0, 0), flight(10_000));
    const full = onProgress(congestion, 10_000, { mss: MSS, una: 10_001, max: 12_001, bytes: 12_000 });
    expect(full).toEqual({
      retransmit: false,
      congestion: { cwnd: 3000, ssthresh: 5000, credit: 0, duplicates: 0, recovering: false, recover: 10_001 },
    });
  });

  it('duplicates about what was sent before the last recovery or timeout begin none', () => {
    const lost = onTimeout(openWindow(MSS, 0, 0), flight(8000), true);
    let reckoning = onDuplicate(lost, flight(8000));
    for (let i = 0; i < 5; i++) {
      expect(reckoning.retransmit).toBe(false);
      reckoning = onDuplicate(reckoning.congestion, flight(8000));
    }
  });
});

describe('in a connection', () => {
  const lossy = (): Script => {
    const end = established().write(14_600);
    expect(end.sent()).toHaveLength(10);
    return end;
  };

  it('fast retransmit: three duplicate ACKs, and the first segment goes again before its timeout', () => {
    const end = lossy().hear('A').hear('A');
    expect(end.sent(), 'nothing is left that limited transmit could send').toEqual([]);
    expect(end.hear('A').sent()).toEqual(['A 1+1460 ack 1']);
    expect(end.hear('A', { ack: 4381 }).sent(), 'partial ACK').toEqual(['A 4381+1460 ack 1']);
    expect(end.hear('A', { ack: 14_601 }).tcb.congestion.recovering).toBe(false);
  });

  it('limited transmit and inflation let new data go', () => {
    const end = lossy().write(14_600);
    expect(end.hear('A').sent()).toEqual(['A 14601+1460 ack 1']);
    expect(end.hear('A').sent()).toEqual(['A 16061+1460 ack 1']);
    expect(end.hear('A').sent()).toEqual(['A 1+1460 ack 1']);
    for (let i = 0; i < 3; i++) end.hear('A');
    expect(end.sent(), 'still above the halved window').toEqual([]);
    expect(end.hear('A').sent()).toEqual(['A 17521+1460 ack 1']);
  });

  it.each([
    ['with data', { bytes: 5 }, 'PA'],
    ['with another window', { window: 60_000 }, 'A'],
  ])('RFC 5681 §2: an ACK %s is no duplicate', (_, line, letters) => {
    const end = lossy();
    for (let i = 0; i < 3; i++) end.hear(letters, { ...line, ...('window' in line ? { window: 60_000 + i } : {}) });
    expect(end.tcb.congestion.duplicates).toBe(0);
  });

  it('nor is one with nothing in flight', () => {
    const end = established().hear('A').hear('A').hear('A');
    expect([end.tcb.congestion.duplicates, end.sent()]).toEqual([0, []]);
  });

  it('FIN is part of what fast retransmit sends again', () => {
    const end = established().write(10).do({ kind: 'shutdown' });
    end.sent();
    expect(end.hear('A').hear('A').hear('A').sent()).toEqual(['FPA 1+10 ack 1']);
  });

  it('idle for longer than the timeout, it starts slowly again', () => {
    const end = established();
    for (let i = 0; i < 20; i++) end.write(14_600).hear('A', { ack: 1 + 14_600 * (i + 1) });
    expect(end.tcb.congestion.cwnd).toBeGreaterThan(30_000);
    end.wait(10_000).write(60_000);
    end.sent();
    expect(end.tcb.congestion.cwnd).toBe(14_600);
  });
});
