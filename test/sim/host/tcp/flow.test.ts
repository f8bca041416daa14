import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Heap } from '../../../../src/sim/base/heap.ts';
import { Rng } from '../../../../src/sim/base/rng.ts';
import { answerSyn, open } from '../../../../src/sim/host/tcp/handshake.ts';
import type { Segment } from '../../../../src/sim/host/tcp/segment.ts';
import { step, type TcpEvent } from '../../../../src/sim/host/tcp/step.ts';
import { deadlineOf, type Tcb, type Turn } from '../../../../src/sim/host/tcp/tcb.ts';

type Side = 'left' | 'right';
const INIT = { receiveMss: 1460, pathMss: 1460, defaultMss: 536 };
const BUFFER = 64_240;

/** Two ends on a wire that loses; the right one reads when it feels like it, at most so much at a time. */
class Flow {
  now = 0;
  readonly ends = new Map<Side, Tcb>();
  readonly arrived: number[] = [];
  mostUnread = 0;
  readonly #queue = new Heap<{ at: number; order: number; act: () => void }>(
    (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order),
  );
  readonly #rng: Rng;
  readonly #loss: number;
  #waiting: number[] = [];
  #order = 0;

  constructor({ seed, loss, size }: { seed: number; loss: number; size: number }) {
    this.#rng = new Rng(seed);
    this.#loss = loss;
    this.#take('left', open({ ...INIT, iss: this.#rng.int(0, 0xffff_ffff) }, 0));
    const payload = Uint8Array.from({ length: size }, (_, i) => i & 255);
    this.#do('left', { kind: 'write', payload });
    this.#do('left', { kind: 'shutdown' });
    this.#read();
  }

  run(limit: number): void {
    for (let next = this.#queue.pop(); next !== undefined && next.at < limit; next = this.#queue.pop()) {
      this.now = next.at;
      next.act();
    }
  }

  #at(at: number, act: () => void): void {
    this.#order += 1;
    this.#queue.push({ at, order: this.#order, act });
  }

  #do(side: Side, event: TcpEvent): void {
    const tcb = this.ends.get(side);
    if (tcb !== undefined) this.#take(side, step(tcb, event, this.now));
  }

  #take(side: Side, turn: Turn): void {
    if (turn.tcb.state === 'CLOSED') this.ends.delete(side);
    else this.ends.set(side, turn.tcb);
    const other: Side = side === 'left' ? 'right' : 'left';
    for (const segment of turn.segments) {
      if (!this.#rng.chance(this.#loss)) this.#at(this.now + this.#rng.int(1, 40), () => this.#arrive(other, segment));
    }
    for (const notice of turn.notices) {
      if (notice.kind === 'data' && side === 'right') this.#waiting.push(...notice.payload);
      if (notice.kind === 'ended' && side === 'right')
        this.#at(this.now, () => this.#do('right', { kind: 'shutdown' }));
    }
    this.mostUnread = Math.max(this.mostUnread, turn.tcb.unread);
    const due = deadlineOf(turn.tcb);
    if (due !== undefined) this.#at(Math.max(due, this.now), () => this.#do(side, { kind: 'tick' }));
  }

  #arrive(side: Side, segment: Segment): void {
    if (side === 'right' && !this.ends.has('right')) {
      if (segment.options !== undefined && this.arrived.length === 0) {
        this.#take('right', answerSyn({ ...INIT, iss: this.#rng.int(0, 0xffff_ffff) }, segment, this.now));
      }
      return;
    }
    this.#do(side, { kind: 'segment', segment });
  }

  /** Every now and then a bite; long pauses shut the window. */
  #read(): void {
    const bite = this.#waiting.slice(0, this.#rng.int(1, 30_000));
    this.#waiting = this.#waiting.slice(bite.length);
    this.arrived.push(...bite);
    if (bite.length > 0) this.#do('right', { kind: 'read', bytes: bite.length });
    this.#at(this.now + this.#rng.int(1, 3000), () => this.#read());
  }
}

it('property: a reader as slow as it likes gets every byte, and never more at a time than fits', () => {
  const anyFlow = fc.record({
    seed: fc.integer({ min: 1, max: 1e6 }),
    loss: fc.constantFrom(0, 0.05, 0.15),
    size: fc.integer({ min: 1, max: 200_000 }),
  });
  fc.assert(
    fc.property(anyFlow, (setting) => {
      const flow = new Flow(setting);
      flow.run(3_600_000);
      expect(flow.arrived.length).toBe(setting.size);
      expect(flow.arrived.every((byte, i) => byte === (i & 255))).toBe(true);
      expect(flow.mostUnread).toBeLessThanOrEqual(BUFFER + 127);
      expect([...flow.ends.keys()], 'both ends are gone').toEqual([]);
    }),
    { numRuns: 60 },
  );
});
