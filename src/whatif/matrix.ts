/** Who reaches whom: every flow of an analysis with its outcome, and what blocked it where. */
import type { Locate } from '../sim/trace/view.ts';
import type { Analysis } from './analysis.ts';
import type { Flow } from './flows.ts';
import type { Probe } from './probe.ts';

/** One cell; plain JSON. */
export interface Cell extends Flow {
  readonly outcome: string;
  readonly reached: boolean;
  /** The node that answered, if one did. */
  readonly server?: string;
  /** As whom it knows the sender. */
  readonly seenAs?: { readonly address: string; readonly port?: number };
  /** Only where the flow was not carried through. */
  readonly blocked?: Blocked;
  readonly path: readonly string[];
}

/** The node and place that ended a flow. */
export interface Blocked {
  readonly at: string;
  readonly by: string;
  /** The line of the file, where there is one. */
  readonly where?: string;
}

const NO_LOCATE: Locate = () => undefined;

/** Runs every flow; `each` hears of how many are done. */
export function matrixOf(
  analysis: Analysis,
  locate: Locate = NO_LOCATE,
  each: (done: number, all: number) => void = () => {},
): readonly Cell[] {
  const { flows } = analysis;
  return flows.flatMap((flow, i) => {
    each(i, flows.length);
    const probe = analysis.probe(flow);
    return probe === undefined ? [] : [cellOf(probe, locate)];
  });
}

export function cellOf({ flow, result, reached, path }: Probe, locate: Locate = NO_LOCATE): Cell {
  const { outcome = '', server, seenAs, blockedAt, blockedBy } = result;
  const blocked =
    reached || blockedAt === undefined || blockedBy === undefined ? undefined : blockedOf(blockedAt, blockedBy, locate);
  return {
    ...flow,
    outcome,
    reached,
    ...(server === undefined ? {} : { server }),
    ...(seenAs === undefined ? {} : { seenAs }),
    ...(blocked === undefined ? {} : { blocked }),
    path: path.there.nodes,
  };
}

function blockedOf(at: string, by: string, locate: Locate): Blocked {
  const where = locate(at, by);
  return { at, by, ...(where === undefined ? {} : { where }) };
}
