/** Ports that no rule of a node tells apart are of one class: what a packet's rules come to depends on that alone. */
import type { RuleSearch } from './search.ts';

type End = 'source' | 'destination';

/** The classes of both ports under some lists of rules; found when they are first asked for. */
export class PortClasses {
  /** Whether some rule asks for ports. */
  readonly asked: boolean;
  readonly #lists: readonly RuleSearch[];
  #source: Cuts | undefined;
  #destination: Cuts | undefined;

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
    return (this.#source.countUpTo(sport) << 16) | this.#destination.countUpTo(dport);
  }

  #cut(end: End): Cuts {
    const starts = new Set<number>();
    for (const list of this.#lists) list.cutPorts(end, starts);
    return new Cuts(Uint32Array.from(starts).sort());
  }
}

/** Where classes begin. The upper bits of a port say among which of them its own is, which is mostly one. */
class Cuts {
  /** Ascending. */
  readonly #starts: Uint32Array;
  /** How far a port is moved for its upper bits: there are at least twice as many blocks as classes. */
  readonly #shift: number;
  /** How many begin before each block, and before the end. */
  readonly #before: Uint32Array;

  constructor(starts: Uint32Array) {
    const blocks = 1 << Math.min(16, 33 - Math.clz32(starts.length));
    this.#starts = starts;
    this.#shift = Math.clz32(blocks) - 15;
    this.#before = new Uint32Array(blocks + 1);
    for (const start of starts) {
      const next = (start >>> this.#shift) + 1;
      if (next <= blocks) this.#before[next] = (this.#before[next] as number) + 1;
    }
    for (let next = 1; next <= blocks; next++) {
      this.#before[next] = (this.#before[next] as number) + (this.#before[next - 1] as number);
    }
  }

  /** How many begin up to this port. */
  countUpTo(port: number): number {
    const starts = this.#starts;
    const block = port >>> this.#shift;
    let low = this.#before[block] as number;
    let high = this.#before[block + 1] as number;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] as number) <= port) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
