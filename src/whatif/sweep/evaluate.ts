/** Tries the what-ifs of a sweep one by one, each from what is already known of the network. */
import { fail } from '../../sim/base/fail.ts';
import { type Change, type ChangeItem, changeItems } from '../../sim/design/change.ts';
import type { Design } from '../../sim/design/design.ts';
import { findLink } from '../../sim/design/topology.ts';
import { type Analysis, analyse } from '../analysis.ts';
import { type Difference, differencesOf } from '../diff.ts';
import { type Loss, type Outcome, SHOWN } from './outcome.ts';
import type { Variant } from './variants.ts';

export interface EvaluatorOptions {
  /** Only flows from and to nodes whose name passes. */
  readonly from?: (name: string) => boolean;
  readonly to?: (name: string) => boolean;
  readonly seed?: number;
}

/** Knows the network as it is, and says of each what-if what it would break. */
export class Evaluator {
  readonly #base: Analysis;
  readonly #variants: readonly Variant[];
  /** The network after each single failure that was needed so far. */
  readonly #failures = new Map<string, Analysis>();

  constructor(design: Design, variants: readonly Variant[], options: EvaluatorOptions = {}) {
    this.#base = analyse(design, options);
    this.#variants = variants;
    for (const flow of this.#base.flows) this.#base.probe(flow);
  }

  /** How many flows the network has as it is. */
  get flows(): number {
    return this.#base.flows.length;
  }

  /** Tries the what-if of that number; its change must fit the design. */
  judge(index: number): Outcome {
    const variant = this.#variants[index] ?? fail(`no what-if has the number ${index}`);
    const { id, kind, change } = variant;
    const differences = differencesOf(this.#base, this.#analysisOf(variant));
    const struck = struckBy(this.#base.whole, change);
    const lost = differences.filter((difference) => difference.kind === 'lost');
    const others = lost.filter(({ flow }) => !struck.has(flow.from) && !struck.has(flow.to));
    const shown = [...others, ...lost.filter((difference) => !others.includes(difference))].slice(0, SHOWN);
    return {
      index,
      id,
      kind,
      lost: lost.length,
      lostBetweenOthers: others.length,
      gained: differences.filter((difference) => difference.kind === 'gained').length,
      changed: differences.filter((difference) => CHANGED.has(difference.kind)).length,
      examples: shown.map(lossOf),
    };
  }

  /** Two failures are tried from the network after each of them alone, which leaves little to run. */
  #analysisOf({ kind, change }: Variant): Analysis {
    const [first, second] = changeItems(change);
    if (kind === 'failure' && first !== undefined) return this.#afterFailure(first);
    if (kind !== 'failures' || first === undefined || second === undefined) return this.#base.after(change);
    return this.#afterFailure(first).afterBoth(second, this.#afterFailure(second));
  }

  #afterFailure(item: ChangeItem): Analysis {
    const key = JSON.stringify(item);
    const known = this.#failures.get(key);
    if (known !== undefined) return known;
    const made = this.#base.after(item);
    this.#failures.set(key, made);
    return made;
  }
}

const CHANGED: ReadonlySet<Difference['kind']> = new Set(['server', 'path', 'translation', 'stopped']);

/** Nodes that fail, and those that hang on nothing but a link that fails: what they lose says nothing of the rest. */
function struckBy(design: Design, change: Change): ReadonlySet<string> {
  const struck = new Set<string>();
  for (const item of changeItems(change)) {
    if ('nodeDown' in item) struck.add(item.nodeDown);
    if (!('linkDown' in item)) continue;
    for (const { node } of findLink(design, item.linkDown)?.ends ?? []) {
      if (Object.keys(design.nodes[node]?.interfaces ?? {}).length === 1) struck.add(node);
    }
  }
  return struck;
}

function lossOf({ flow, after }: Difference): Loss {
  const { outcome = 'gone', blockedAt, blockedBy } = after?.result ?? {};
  return {
    ...flow,
    outcome,
    ...(blockedAt === undefined ? {} : { blockedAt }),
    ...(blockedBy === undefined ? {} : { blockedBy }),
  };
}
