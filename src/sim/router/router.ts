/** The lower half of a node: how it is made, and made again for another world. */
import type { Rng } from '../base/rng.ts';
import { Reassembler } from '../packet/fragment.ts';
import type { NodeProgram } from '../program/program.ts';
import type { CopyConnection } from './connection.ts';
import { Conntrack } from './conntrack.ts';
import type { RouterState } from './passage.ts';

/** What a router is made with. */
export interface RouterInit {
  readonly rng: Rng;
  /** Default: nobody waits for strangers. */
  readonly listens?: RouterState['listens'];
  /** Default true. */
  readonly recalls?: boolean;
}

/** A router at rest, its tables empty. */
export function makeRouter(
  program: NodeProgram,
  { rng, listens = () => false, recalls = true }: RouterInit,
): RouterState {
  const { tracking, helpers } = program;
  const conntrack = new Conntrack({ tracking, helpers, rng });
  const reassembler = new Reassembler();
  return { program, listens, conntrack, reassembler, ident: 0, told: false, recalls, ways: undefined };
}

/** The same router for another world, sharing nothing that changes. */
export function copyRouter(
  { program, conntrack, reassembler, ident, recalls }: RouterState,
  listens: RouterState['listens'],
  copyConnection: CopyConnection,
): RouterState {
  return {
    program,
    listens,
    conntrack: conntrack.copy(copyConnection),
    reassembler: reassembler.copy(),
    ident,
    told: false,
    recalls,
    ways: undefined,
  };
}
