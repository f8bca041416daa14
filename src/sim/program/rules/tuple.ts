/**
 * Finds the first of very many rules that matches: rules whose addresses are kept to the same lengths of prefix are in
 * one hash table, by both words. A packet looks into each, as long as a rule there may come before what is found.
 */
import type { Family } from '../../addr/ip.ts';
import { BitIndex } from './bitvector.ts';
import { cellsOf, LENGTHS, writeKeys } from './cell.ts';
import type { RuleTable } from './table.ts';
import type { View } from './view.ts';

/** Cells with more rules than this get an index of their own. */
const LONG = 64;

/** Some rules of a list, in order, for packets of one family. */
export class TupleSpace {
  /** Those with the earliest rules first. */
  readonly #tuples: readonly Tuple[];

  constructor(table: RuleTable, rules: Int32Array, family: Family) {
    const entries = Array.from({ length: LENGTHS * LENGTHS }, (): number[] => []);
    for (const rule of rules) {
      const destinations = cellsOf(table.addresses(rule, 'destination'), family);
      for (const src of cellsOf(table.addresses(rule, 'source'), family)) {
        for (const dst of destinations) entries[src.length * LENGTHS + dst.length]?.push(src.key, dst.key, rule);
      }
    }
    this.#tuples = entries
      .flatMap((list, lengths) => (list.length === 0 ? [] : [new Tuple(table, list, { lengths, family })]))
      .sort((a, b) => a.earliest - b.earliest);
  }

  /** The first rule from one on and before another that matches; the latter when there is none. */
  first(view: View, from: number, before: number): number {
    writeKeys(view.srcKeys, view.src);
    writeKeys(view.dstKeys, view.dst);
    const tuples = this.#tuples;
    let found = before;
    for (let i = 0; i < tuples.length; i++) {
      const tuple = tuples[i] as Tuple;
      if (tuple.earliest >= found) break;
      found = tuple.first(view, from, found);
    }
    return found;
  }
}

interface Kind {
  readonly family: Family;
  /** Of the source and the destination, as one number. */
  readonly lengths: number;
}

/** Rules by the words of their addresses at two lengths. */
class Tuple {
  readonly earliest: number;
  readonly #srcLength: number;
  readonly #dstLength: number;
  readonly #table: RuleTable;
  readonly #slots: Int32Array;
  /** Those of one cell side by side, short cells first. */
  readonly #rules: Int32Array;
  readonly #rows: Int32Array;
  /** How many rules short cells have together. */
  readonly #short: number;
  /** Of long cells, by where they begin. */
  readonly #long = new Map<number, BitIndex>();

  constructor(table: RuleTable, entries: readonly number[], { lengths, family }: Kind) {
    this.earliest = entries[2] as number;
    this.#srcLength = Math.floor(lengths / LENGTHS);
    this.#dstLength = lengths % LENGTHS;
    this.#table = table;
    const slots = countCells(entries);
    const short = placeCells(slots);
    this.#short = short;
    this.#slots = slots;
    this.#rules = fillCells(slots, entries);
    this.#rows = table.rowsOf(this.#rules.subarray(0, short));
    for (let at = 0; at < slots.length; at += SLOT) {
      const begin = slots[at + BEGIN] as number;
      if (begin < short || slots[at + END] === 0) continue;
      this.#long.set(begin, new BitIndex(table, this.#rules.subarray(begin, slots[at + END]), family));
    }
  }

  first(view: View, from: number, before: number): number {
    const slots = this.#slots;
    const at = slotOf(slots, view.srcKeys[this.#srcLength] as number, view.dstKeys[this.#dstLength] as number);
    const end = slots[at + END] as number;
    if (end === 0) return before;
    let begin = slots[at + BEGIN] as number;
    if (begin >= this.#short) return (this.#long.get(begin) as BitIndex).first(view, from, before);
    const rules = this.#rules;
    if (from > 0) while (begin < end && (rules[begin] as number) < from) begin += 1;
    return Math.min(this.#table.firstOf(this.#rows, view, begin, end), before);
  }
}

/** Words of a slot: both keys, and where the rules of the cell begin and end. One that is free ends at 0. */
const SLOT = 4;
const BEGIN = 2;
const END = 3;

/** The slot of a cell, or the one where it would be; a quarter of the slots at least is free. */
function slotOf(slots: Int32Array, src: number, dst: number): number {
  const mask = slots.length - SLOT;
  const hash = Math.imul(Math.imul(src, 0x9e37_79b1) ^ dst, 0x85eb_ca6b);
  let at = ((hash ^ (hash >>> 15)) << 2) & mask;
  while (slots[at + END] !== 0 && (slots[at] !== src || slots[at + 1] !== dst)) at = (at + SLOT) & mask;
  return at;
}

/** A table of cells, each of which ends at the number of its rules. */
function countCells(entries: readonly number[]): Int32Array {
  let slots: Int32Array = new Int32Array(SLOT * 4);
  let cells = 0;
  for (let i = 0; i < entries.length; i += 3) {
    const [src, dst] = [entries[i] as number, entries[i + 1] as number];
    let at = slotOf(slots, src, dst);
    if (slots[at + END] === 0) {
      cells += 1;
      if (cells * SLOT * 4 > slots.length * 3) {
        slots = enlarged(slots);
        at = slotOf(slots, src, dst);
      }
      slots[at] = src;
      slots[at + 1] = dst;
    }
    slots[at + END] = (slots[at + END] as number) + 1;
  }
  return slots;
}

function enlarged(slots: Int32Array): Int32Array {
  const larger = new Int32Array(slots.length * 2);
  for (let at = 0; at < slots.length; at += SLOT) {
    if (slots[at + END] === 0) continue;
    larger.set(slots.subarray(at, at + SLOT), slotOf(larger, slots[at] as number, slots[at + 1] as number));
  }
  return larger;
}

/** Gives each cell its place, the short ones first, and makes it begin at its end; how many rules are in short ones. */
function placeCells(slots: Int32Array): number {
  let end = 0;
  const place = (isMeant: (count: number) => boolean): number => {
    for (let at = 0; at < slots.length; at += SLOT) {
      const count = slots[at + END] as number;
      if (slots[at + BEGIN] !== 0 || count === 0 || !isMeant(count)) continue;
      end += count;
      slots[at + BEGIN] = slots[at + END] = end;
    }
    return end;
  };
  const short = place((count) => count <= LONG);
  place((count) => count > LONG);
  return short;
}

/** The rules, each in its cell, which begins where it should after that. */
function fillCells(slots: Int32Array, entries: readonly number[]): Int32Array {
  const rules = new Int32Array(entries.length / 3);
  // from the back, since a cell that ended where its first rule comes might be taken for free
  for (let i = entries.length - 3; i >= 0; i -= 3) {
    const at = slotOf(slots, entries[i] as number, entries[i + 1] as number) + BEGIN;
    slots[at] = (slots[at] as number) - 1;
    rules[slots[at] as number] = entries[i + 2] as number;
  }
  return rules;
}
