/**
 * The World: a design in motion. One queue of events in one total order; each event is a packet that arrives or starts,
 * or a timer. Nodes answer with values, and only the loop puts new events in the queue.
 */
import { fail, type Issue } from '../base/fail.ts';
import type { Millis } from '../base/time.ts';
import type { Change } from '../design/change.ts';
import type { Design } from '../design/design.ts';
import type { App, Finding } from '../host/app/app.ts';
import type { Packet } from '../packet/packet.ts';
import type { NodeProgram } from '../program/program.ts';
import type { Fate } from '../trace/fate.ts';
import type { Trace } from '../trace/trace.ts';
import { apply } from './apply.ts';
import { forkState } from './fork.ts';
import { countWorld } from './kept.ts';
import { setOut, spread, step } from './loop.ts';
import type { RecordLevel } from './recorder.ts';
import { restartGivers, startAll } from './services.ts';
import { lookAt, makeState, nodeOf, type State } from './state.ts';
import { type Tables, tablesOf } from './tables.ts';

export interface WorldOptions {
  /** All randomness comes from it; default 1. */
  readonly seed?: number;
  /** How much of what happens is written down; default `full`. What happens is the same. */
  readonly record?: RecordLevel;
  /** Whether walks are remembered for packets that are alike; default true. What happens is the same, only slower. */
  readonly recalls?: boolean;
}

/** What became of a packet sent by hand, and its events until then; those of what it drew stand in the world's trace. */
export interface Sent {
  readonly fate: Fate;
  readonly trace: Trace;
}

export class World {
  #state: State;
  #programs = 0;

  /** Compiles a checked design and starts its services; the clock stands at 0. */
  constructor(design: Design, { seed = 1, record = 'full', recalls = true }: WorldOptions = {}) {
    this.#state = design === NOWHERE ? NOTHING_YET : makeState(design, seed, { record, recalls });
    startAll(this.#state);
    countWorld(record, makeWorld);
  }

  /**
   * A second world that goes on from this moment, clock, tables, programs and chance included: given the same, it does the
   * same, to the byte. Neither disturbs the other. It costs little until nodes have something to do in it.
   */
  fork(): World {
    const branch = new World(NOWHERE, { record: this.#state.recorder.level });
    branch.#state = forkState(this.#state);
    branch.#programs = this.#programs;
    return branch;
  }

  /** Virtual time. */
  get now(): Millis {
    return this.#state.now;
  }

  /** The design as it stands, changes included. */
  get design(): Design {
    return this.#state.design;
  }

  /** Every event so far, in order. */
  get trace(): Trace {
    return this.#state.recorder.trace;
  }

  /** How many events there are so far. */
  get recorded(): number {
    return this.#state.recorder.length;
  }

  /** The events from this number on (their `sequence`); in a fork cheaper than `trace`. */
  since(sequence: number): Trace {
    return this.#state.recorder.since(sequence);
  }

  /** How many steps were marked so far. */
  get steps(): number {
    return this.#state.recorder.steps;
  }

  /** Runs a client program on a node; the name given back asks for its finding. */
  launch(node: string, app: App<unknown>): string {
    const program = `${app.name} #${++this.#programs}`;
    const running = nodeOf(this.#state, node);
    spread(this.#state, running, running.host.start(app, program, this.#state.now));
    return program;
  }

  /** Ends a program that runs; nothing happens when it is over already. */
  stop(node: string, program: string): void {
    const running = nodeOf(this.#state, node);
    spread(this.#state, running, running.host.stop(program, this.#state.now));
  }

  /** A number that a program on this node draws by chance (an ICMP identifier), both ends included. */
  draw(node: string, from: number, to: number): number {
    return nodeOf(this.#state, node).rng.int(from, to);
  }

  /**
   * Sends a packet made by hand from a node, whatever addresses it bears, and lets time pass until its fate is known. A
   * node that is not there fails.
   */
  send(node: string, packet: Packet): Sent {
    const { recorder } = this.#state;
    const begin = recorder.length;
    const id = recorder.packets + 1;
    const [fate = fail('a packet without a fate')] = this.sendAll(node, [packet]);
    return { fate, trace: recorder.about(id, begin) };
  }

  /** Sends many, one right behind the other, and gives their fates in the same order, once all are known. */
  sendAll(node: string, packets: readonly Packet[]): readonly Fate[] {
    const state = this.#state;
    const { recorder } = state;
    const running = nodeOf(state, node);
    recorder.await(recorder.packets + 1, packets.length);
    setOut(state, running, packets);
    while (recorder.waiting > 0) step(state);
    return recorder.awaited;
  }

  /** What a program found out, once it has finished. */
  finding(program: string): Finding | undefined {
    return this.#state.findings.get(program);
  }

  /** Lets time pass until `done` holds or the clock reaches `deadline`. */
  runUntil(deadline: Millis, done: () => boolean = () => false): void {
    const state = this.#state;
    while (!done()) {
      if (!state.queue.isDue(deadline)) {
        state.now = Math.max(state.now, deadline);
        return;
      }
      step(state);
    }
  }

  /** Lets packets that are on their way arrive, with what they draw; timers that are due later stay. */
  settle(limit: Millis = 1000): void {
    const state = this.#state;
    const deadline = state.now + limit;
    while (state.queue.moving > 0 && state.queue.isDue(deadline)) step(state);
  }

  /** Changes the design or the wiring while running; a change that does not fit is refused whole, with its issues. */
  apply(change: Change): readonly Issue[] {
    return apply(this.#state, change);
  }

  /** The node loses its connection and NAT tables. */
  restart(node: string): void {
    const running = nodeOf(this.#state, node);
    running.router.conntrack.flush(this.#state.now);
    restartGivers(this.#state, running);
  }

  /** The tables that a node is walked by, as they are compiled now. */
  program(node: string): NodeProgram {
    return lookAt(this.#state, node).program;
  }

  /** A node's tables at this moment. */
  inspect(node: string): Tables {
    return tablesOf(this.#state, node);
  }

  /** Writes a note of the run's own into the trace: where a step begins. */
  mark(index: number, text: string): void {
    this.#state.recorder.log(this.#state.now, { kind: 'step', index, text });
  }

  /** Ends the run: what is still on its way is pending. */
  close(): void {
    const { recorder, now } = this.#state;
    for (const [packet, { node }] of [...recorder.unfinished]) recorder.fate(now, packet, { kind: 'pending', node });
  }
}

function makeWorld(design: Design, record: RecordLevel): World {
  return new World(design, { record });
}

/** For a world to stand on until it is given its state. */
const NOWHERE: Design = { nodes: {} };
const NOTHING_YET = makeState(NOWHERE, 0);
