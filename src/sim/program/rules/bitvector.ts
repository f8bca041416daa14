/**
 * Finds the first of many rules that matches without asking them all: each field of a packet tells which rules of a
 * block it leaves in the running, as a set of bits. A set may hold too many rules (what rows cannot say is left out of
 * it), never too few; those in all of the sets that ask for more are asked.
 */
import { type Family, type Ip, type Ip4, type Ip6, isIp4, isIp6 } from '../../addr/ip.ts';
import type { RangeSet } from '../../addr/range.ts';
import { countUpTo, countUpTo6 } from '../routes/lpm.ts';
import { BitSets, BLOCK, type Steps, stepsOf } from './bitset.ts';
import type { RuleTable } from './table.ts';
import type { View } from './view.ts';

/** Some rules of a list, in order, for packets of one family. */
export class BitIndex {
  readonly #rules: Int32Array;
  readonly #blocks: readonly Block[];

  constructor(table: RuleTable, rules: Int32Array, family: Family) {
    this.#rules = rules;
    const blocks: Block[] = [];
    for (let at = 0; at < rules.length; at += BLOCK) {
      blocks.push(new Block(table, rules.subarray(at, at + BLOCK), family));
    }
    this.#blocks = blocks;
  }

  /** The first rule from one on and before another that matches; the latter when there is none. */
  first(view: View, from: number, before: number): number {
    const rules = this.#rules;
    let at = lowerBound(rules, from);
    while (at < rules.length && (rules[at] as number) < before) {
      const start = at % BLOCK;
      const block = this.#blocks[(at - start) / BLOCK] as Block;
      const found = block.first(view, start);
      if (found >= 0) return Math.min(found, before);
      at += BLOCK - start;
    }
    return before;
  }
}

/** How many of the ascending numbers are below one. */
function lowerBound(numbers: Int32Array, than: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] as number) < than) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The steps along a field of small numbers. */
interface Track {
  readonly starts: Uint32Array;
  readonly sets: Int32Array;
}

class Block {
  readonly #table: RuleTable;
  readonly #rules: Int32Array;
  readonly #sets: BitSets;
  readonly #dst: Track;
  readonly #src: Track;
  readonly #dst6: Steps<Ip6>;
  readonly #src6: Steps<Ip6>;
  readonly #dport: Track;
  readonly #sport: Track;
  /** By what counts against packets, of which few combinations are met. */
  readonly #fitting = new Map<number, number>();

  constructor(table: RuleTable, rules: Int32Array, family: Family) {
    this.#table = table;
    this.#rules = rules;
    const sets = new BitSets(rules.length);
    this.#sets = sets;
    const along = (of: (rule: number) => RangeSet<number> | undefined): Track => {
      const steps = stepsOf(sets, rules.length, (i) => of(rules[i] as number));
      // no value lies behind the last address
      const starts = Uint32Array.from(steps.starts.filter((start) => start <= 0xffff_ffff));
      return { starts, sets: steps.sets };
    };
    const along6 = (of: (rule: number) => RangeSet<Ip> | undefined): Steps<Ip6> =>
      stepsOf(sets, rules.length, (i) => only6(of(rules[i] as number)));
    const four = family === 4;
    this.#dst = along((rule) => (four ? only4(table.addresses(rule, 'destination')) : undefined));
    this.#src = along((rule) => (four ? only4(table.addresses(rule, 'source')) : undefined));
    this.#dst6 = along6((rule) => (four ? undefined : table.addresses(rule, 'destination')));
    this.#src6 = along6((rule) => (four ? undefined : table.addresses(rule, 'source')));
    this.#dport = along((rule) => table.ports(rule, 'destination'));
    this.#sport = along((rule) => table.ports(rule, 'source'));
  }

  /** The first rule from a place in the block on that matches, −1 for none. */
  first(view: View, start: number): number {
    const four = view.family === 4;
    const a = four ? setAt(this.#dst, view.dstWord >>> 0) : setAt6(this.#dst6, view.dst as Ip6);
    const b = four ? setAt(this.#src, view.srcWord >>> 0) : setAt6(this.#src6, view.src as Ip6);
    const c = setAt(this.#dport, view.dport);
    const d = setAt(this.#sport, view.sport);
    const e = this.#fitting.get(view.against) ?? this.#fit(view.against);
    const { words } = this.#sets;
    const all = (words[a] as number) & (words[b] as number) & (words[c] as number) & (words[d] as number);
    for (let left = all & (words[e] as number) & (-1 << (start >>> 5)); left !== 0; left &= left - 1) {
      const word = 31 - Math.clz32(left & -left);
      const i = word + 1;
      let bits = word === start >>> 5 ? -1 << (start & 31) : -1;
      bits &= (words[a + i] as number) & (words[b + i] as number) & (words[c + i] as number);
      for (bits &= (words[d + i] as number) & (words[e + i] as number); bits !== 0; bits &= bits - 1) {
        const rule = this.#rules[word * 32 + 31 - Math.clz32(bits & -bits)] as number;
        if (this.#table.confirms(rule, view)) return rule;
      }
    }
    return -1;
  }

  #fit(against: number): number {
    const sets = this.#sets;
    sets.begin();
    for (const [i, rule] of this.#rules.entries()) if ((this.#table.refuses(rule) & against) === 0) sets.flip(i);
    const kept = sets.keep();
    this.#fitting.set(against, kept);
    return kept;
  }
}

/** A port that cannot be read is below all ranges: it leaves the rules that do not ask. */
function setAt({ starts, sets }: Track, value: number): number {
  return sets[countUpTo(starts, value)] as number;
}

function setAt6({ starts, sets }: Steps<Ip6>, ip: Ip6): number {
  return sets[countUpTo6(starts, ip)] as number;
}

function only4(set: RangeSet<Ip> | undefined): RangeSet<number> | undefined {
  return set?.filter((range) => isIp4(range.from)) as RangeSet<Ip4> | undefined;
}

function only6(set: RangeSet<Ip> | undefined): RangeSet<Ip6> | undefined {
  return set?.filter((range) => isIp6(range.from)) as RangeSet<Ip6> | undefined;
}
