/** The lower half of a node: how it is made, and made again for another world. */
import type { Rng } from '../base/rng.ts';
import { Reassembler } from '../packet/fragment.ts';
import type { NodeProgram } from '../program/program.ts';
import type { Change } from './change.ts';
import type { CopyConnection } from './connection.ts';
import { Conntrack } from './conntrack.ts';
import type { RouterState } from './passage.ts';
import type { Ways } from './stages.ts';

/** What a router is made with. */
export interface RouterInit {
  readonly rng: Rng;
  /** Default: nobody waits for strangers. */
  readonly listens?: RouterState['listens'];
  /** Default true. */
  readonly recalls?: boolean;
  /** Whether anybody asks what has changed; default true. */
  readonly heard?: boolean;
}

/** A router at rest, its tables empty. */
export function makeRouter(
  program: NodeProgram,
  { rng, listens = () => false, recalls = true, heard = true }: RouterInit,
): Router {
  return new Router(program, rng, listens, { recalls, heard });
}

interface Habits {
  readonly recalls: boolean;
  readonly heard: boolean;
}

const NO_CHANGES: readonly Change[] = [];

/** The state of one router. Its tables are made when they are first asked for: most nodes track nothing. */
export class Router implements RouterState {
  program: NodeProgram;
  readonly listens: RouterState['listens'];
  readonly recalls: boolean;
  ident: number;
  told: boolean;
  ways: Ways | undefined;
  readonly #habits: Habits;
  readonly #rng: Rng;
  #conntrack: Conntrack | undefined;
  #reassembler: Reassembler | undefined;

  constructor(program: NodeProgram, rng: Rng, listens: RouterState['listens'], habits: Habits) {
    this.program = program;
    this.listens = listens;
    this.recalls = habits.recalls;
    this.ident = 0;
    this.told = false;
    this.ways = undefined;
    this.#habits = habits;
    this.#rng = rng;
    this.#conntrack = undefined;
    this.#reassembler = undefined;
  }

  /** The same router for another world, sharing nothing that changes. */
  copy(listens: RouterState['listens'], copyConnection: CopyConnection): Router {
    const copy = new Router(this.program, this.#rng.copy(), listens, this.#habits);
    copy.ident = this.ident;
    copy.#conntrack = this.#conntrack?.copy(copyConnection);
    copy.#reassembler = this.#reassembler?.copy();
    return copy;
  }

  get conntrack(): Conntrack {
    this.#conntrack ??= this.#makeConntrack();
    return this.#conntrack;
  }

  get reassembler(): Reassembler {
    this.#reassembler ??= new Reassembler();
    return this.#reassembler;
  }

  /** What has changed in the tables since the last call. */
  drain(): readonly Change[] {
    return this.#conntrack === undefined ? NO_CHANGES : this.#conntrack.drain();
  }

  #makeConntrack(): Conntrack {
    const { tracking, helpers } = this.program;
    const made = new Conntrack({ tracking, helpers, rng: this.#rng });
    made.heard = this.#habits.heard;
    return made;
  }
}
