/** Ports that no rule of a node tells apart are of one class: what a packet's rules come to depends on that alone. */
import { countUpTo } from '../routes/lpm.ts';
import type { RuleSearch } from './search.ts';

type End = 'source' | 'destination';

/** The classes of both ports under some lists of rules; found when they are first asked for. */
export class PortClasses {
  /** Whether some rule asks for ports. */
  readonly asked: boolean;
  readonly #lists: readonly RuleSearch[];
  /** Where classes begin, the first before 1: ascending. */
  #source: Uint32Array | undefined;
  #destination: Uint32Array | undefined;

  /** How many rules have to be gone through to find them. */
  readonly cost: number;

  constructor(lists: readonly RuleSearch[]) {
    this.#lists = lists.filter((list) => list.asksPorts);
    this.asked = this.#lists.length > 0;
    this.cost = this.#lists.reduce((sum, { count }) => sum + count, 0);
  }

  /** The classes of a packet's source and destination port, one in each half of 32 bits. */
  of({ sport, dport }: { readonly sport: number; readonly dport: number }): number {
    if (!this.asked) return 0;
    this.#source ??= this.#cut('source');
    this.#destination ??= this.#cut('destination');
    return (countUpTo(this.#source, sport) << 16) | countUpTo(this.#destination, dport);
  }

  #cut(end: End): Uint32Array {
    const starts = new Set<number>();
    for (const list of this.#lists) list.cutPorts(end, starts);
    return Uint32Array.from(starts).sort();
  }
}
