/**
 * The World: a design in motion. One queue of events in one total order; each event is a packet that arrives or starts,
 * or a timer. Nodes answer with values, and only the loop puts new events in the queue.
 */
import type { Issue } from '../base/fail.ts';
import type { Millis } from '../base/time.ts';
import type { Change } from '../design/change.ts';
import type { Design } from '../design/design.ts';
import type { App, Finding } from '../host/app/app.ts';
import type { NodeProgram } from '../program/program.ts';
import type { Trace } from '../trace/trace.ts';
import { apply } from './apply.ts';
import { spread, step } from './loop.ts';
import { startAll } from './services.ts';
import { makeState, nodeOf, type State } from './state.ts';
import { type Tables, tablesOf } from './tables.ts';

export interface WorldOptions {
  /** All randomness comes from it; default 1. */
  readonly seed?: number;
}

export class World {
  readonly #state: State;
  #programs = 0;

  /** Compiles a checked design and starts its services; the clock stands at 0. */
  constructor(design: Design, { seed = 1 }: WorldOptions = {}) {
    this.#state = makeState(design, seed);
    startAll(this.#state);
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

  /** Runs a client program on a node; the name given back asks for its finding. */
  launch(node: string, app: App<unknown>): string {
    const program = `${app.name} #${++this.#programs}`;
    const running = nodeOf(this.#state, node);
    spread(this.#state, running, running.host.start(app, program, this.#state.now));
    return program;
  }

  /** A number that a program on this node draws by chance (an ICMP identifier), both ends included. */
  draw(node: string, from: number, to: number): number {
    return nodeOf(this.#state, node).rng.int(from, to);
  }

  /** What a program found out, once it has finished. */
  finding(program: string): Finding | undefined {
    return this.#state.findings.get(program);
  }

  /** Lets time pass until `done` holds or the clock reaches `deadline`. */
  runUntil(deadline: Millis, done: () => boolean = () => false): void {
    const state = this.#state;
    while (!done()) {
      const { next } = state.queue;
      if (next === undefined || next > deadline) {
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
    while (state.queue.moving > 0 && (state.queue.next ?? Number.POSITIVE_INFINITY) <= deadline) step(state);
  }

  /** Changes the design or the wiring while running; a change that does not fit is refused whole, with its issues. */
  apply(change: Change): readonly Issue[] {
    return apply(this.#state, change);
  }

  /** The node loses its connection and NAT tables. */
  restart(node: string): void {
    nodeOf(this.#state, node).router.conntrack.flush(this.#state.now);
  }

  /** The tables that a node is walked by, as they are compiled now. */
  program(node: string): NodeProgram {
    return nodeOf(this.#state, node).router.program;
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
    for (const { packet, node } of unfinished(this.#state.recorder.trace))
      recorder.fate(now, packet, { kind: 'pending', node });
  }
}

/** Packets that were born and have no fate yet, with the node that saw them last. */
function unfinished(trace: Trace): { readonly packet: number; readonly node: string }[] {
  const open = new Map<number, string>();
  for (const event of trace) {
    if (event.kind === 'born' || event.kind === 'hop') open.set(event.packet, event.node);
    else if (event.kind === 'fate') open.delete(event.packet);
  }
  return [...open].map(([packet, node]) => ({ packet, node }));
}
