/** The first rule of a list that matches a packet. */
import type { Family } from '../../addr/ip.ts';
import type { MatchTest } from './match.ts';
import { ASKS, RuleTable } from './table.ts';
import { TupleSpace } from './tuple.ts';
import type { View } from './view.ts';

/** Up to this many rules nothing is faster than to go through them. */
const FEW = 64;
/** An index costs about as much as going through its rules this often. */
const PAYS_AFTER = 512;

/** Goes through its rules one by one, until that has cost as much as an index for the packets of a family would. */
export class RuleSearch {
  readonly count: number;
  readonly #table: RuleTable;
  readonly #indexes: Record<Family, TupleSpace | undefined> = { 4: undefined, 6: undefined };
  readonly #walked: Record<Family, number> = { 4: 0, 6: 0 };

  constructor(count: number, testAt: (rule: number) => MatchTest) {
    this.count = count;
    this.#table = new RuleTable(count, testAt);
  }

  /** Sum of `ASKS`: what some rule asks for. */
  get asks(): number {
    return this.#table.asks;
  }

  get asksPorts(): boolean {
    return (this.asks & ASKS.ports) !== 0;
  }

  /** Adds the ports of an end at which some rule begins, or ceases, to match. */
  cutPorts(end: 'source' | 'destination', starts: Set<number>): void {
    this.#table.cutPorts(end, starts);
  }

  /** The number of the first rule from this one on that matches; how many there are when none does. */
  next(view: View, from: number): number {
    const { count } = this;
    const table = this.#table;
    table.prepare(view);
    if (count <= FEW) return table.first(view, from);
    const index = this.#indexes[view.family];
    if (index !== undefined) return index.first(view, from, count);
    const found = table.first(view, from);
    this.#count(view.family, found - from);
    return found;
  }

  #count(family: Family, rules: number): void {
    this.#walked[family] += rules;
    if (this.#walked[family] <= PAYS_AFTER * this.count) return;
    this.#indexes[family] = new TupleSpace(this.#table, this.#table.rulesFor(family), family);
  }
}
