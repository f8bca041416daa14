/**
 * Finds the first of very many rules that matches: rules whose addresses are kept to the same lengths of prefix are in
 * one hash table, by both words. A packet looks into each, as long as a rule there may come before what is found.
 */
import type { Family } from '../../addr/ip.ts';
import { BitIndex } from './bitvector.ts';
import { cellsOf, LENGTHS, writeKeys } from './cell.ts';
import { AT, ROW, type RuleTable } from './table.ts';
import type { View } from './view.ts';

/** Cells with more rules than this get an index of their own. */
const LONG = 32;

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
  /** Copies of rows, those of one cell side by side. */
  readonly #rows: Int32Array;
  /** Of cells with many rules: such a cell begins at −1 minus its number here. */
  readonly #long: readonly BitIndex[];

  constructor(table: RuleTable, entries: readonly number[], { lengths, family }: Kind) {
    this.earliest = entries[2] as number;
    this.#srcLength = Math.floor(lengths / LENGTHS);
    this.#dstLength = lengths % LENGTHS;
    this.#table = table;
    this.#slots = countCells(entries);
    const { rows, long } = fillCells(table, entries, this.#slots);
    this.#rows = rows;
    this.#long = long.map((rules) => new BitIndex(table, rules, family));
  }

  first(view: View, from: number, before: number): number {
    const slots = this.#slots;
    const at = slotOf(slots, view.srcKeys[this.#srcLength] as number, view.dstKeys[this.#dstLength] as number);
    const begin = slots[at + BEGIN] as number;
    if (begin < 0) return (this.#long[-1 - begin] as BitIndex).first(view, from, before);
    const rows = this.#rows;
    const end = slots[at + END] as number;
    for (let row = begin; row < end; row += ROW) {
      const rule = rows[row + AT.rule] as number;
      if (rule >= before) return before;
      if (rule >= from && this.#table.passes(rows, row, view)) return rule;
    }
    return before;
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

/** Gives each cell its place, and fills it. Those with many rules have a list of them, the others rows. */
function fillCells(table: RuleTable, entries: readonly number[], slots: Int32Array) {
  const long: number[][] = [];
  let words = 0;
  for (let at = 0; at < slots.length; at += SLOT) {
    const count = slots[at + END] as number;
    if (count > LONG) slots[at + BEGIN] = -long.push([]);
    else if (count > 0) {
      words += count * ROW;
      slots[at + BEGIN] = slots[at + END] = words;
    }
  }
  const rows = new Int32Array(words);
  // from the back, as a cell that began at its end would be taken for free
  for (let i = entries.length - 3; i >= 0; i -= 3) {
    const at = slotOf(slots, entries[i] as number, entries[i + 1] as number);
    const rule = entries[i + 2] as number;
    const begin = slots[at + BEGIN] as number;
    if (begin < 0) long[-1 - begin]?.push(rule);
    else {
      slots[at + BEGIN] = begin - ROW;
      rows.set(table.rows.subarray(rule * ROW, (rule + 1) * ROW), begin - ROW);
    }
  }
  return { rows, long: long.map((rules) => Int32Array.from(rules.reverse())) };
}
