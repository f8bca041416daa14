/** The lower half of a node: how it is made, and made again for another world. */
import type { Endpoint } from '../addr/endpoint.ts';
import type { Rng } from '../base/rng.ts';
import { Reassembler } from '../packet/fragment.ts';
import type { NodeProgram } from '../program/program.ts';
import type { Change } from './change.ts';
import type { CopyConnection } from './connection.ts';
import { Conntrack } from './conntrack.ts';
import type { RouterState } from './passage.ts';
import { type Ways, waysOf } from './stages.ts';

/** What a router asks of the node that it is the lower half of. */
export interface RouterInit {
  /** Where tracking gets its chance from; asked once. */
  readonly chance: () => Rng;
  /** Default: nobody waits for strangers. */
  readonly listens?: RouterState['listens'];
  /** Default true. */
  readonly recalls?: boolean;
  /** Whether anybody asks what has changed; default true. */
  readonly heard?: boolean;
}

const NO_CHANGES: readonly Change[] = [];

/** The state of one router. Its tables are made when they are first asked for: most nodes track nothing. */
export class Router implements RouterState {
  program: NodeProgram;
  ways: Ways;
  ident: number;
  told: boolean;
  readonly #node: RouterInit;
  #conntrack: Conntrack | undefined;
  #reassembler: Reassembler | undefined;

  /** A router at rest, its tables empty. */
  constructor(program: NodeProgram, node: RouterInit) {
    this.program = program;
    this.ways = waysOf(program, node.recalls ?? true);
    this.ident = 0;
    this.told = false;
    this.#node = node;
    this.#conntrack = undefined;
    this.#reassembler = undefined;
  }

  /** The same router for another world, sharing nothing that changes. */
  copy(node: RouterInit, copyConnection: CopyConnection): Router {
    const copy = new Router(this.program, node);
    copy.ident = this.ident;
    copy.#conntrack = this.#conntrack?.copy(copyConnection);
    copy.#reassembler = this.#reassembler?.copy();
    return copy;
  }

  /** Goes on by another program. */
  reprogram(program: NodeProgram): void {
    this.program = program;
    this.ways = waysOf(program, this.#node.recalls ?? true);
  }

  listens(protocol: number, at: Endpoint): boolean {
    return this.#node.listens?.(protocol, at) ?? false;
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
    const made = new Conntrack({ tracking, helpers, rng: this.#node.chance() });
    made.heard = this.#node.heard ?? true;
    return made;
  }
}
