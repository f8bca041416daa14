/**
 * Finds the first of many rules that matches without asking them all: each field of a packet tells which rules of a
 * block it leaves in the running, as a set of bits; the rules in all of these sets are asked in full. A set may hold too
 * many rules (what is negated, or rarely asked, is left out of it), never too few.
 */
import type { Ip } from '../../addr/ip.ts';
import { contains, type Point, type RangeSet } from '../../addr/range.ts';
import { countUpTo, countUpTo6 } from '../routes/lpm.ts';
import { type FieldTests, isNamed, type MatchTest, matches } from './match.ts';
import type { View } from './view.ts';

/** Rules of a block: the sets of all blocks together stay small, and a block is some 32 words to go through. */
const BLOCK = 2048;

/** A set of the rules of a block, by their number in it. */
type Bits = Uint32Array;

/** The rules of a list that a packet may match. */
export interface Index {
  /** The first rule from this number on that matches, or the number of rules. */
  next(view: View, from: number): number;
}

export function buildIndex(tests: readonly MatchTest[]): Index {
  const blocks: ((view: View) => readonly Bits[])[] = [];
  for (let at = 0; at < tests.length; at += BLOCK) blocks.push(buildBlock(tests.slice(at, at + BLOCK)));
  return {
    next(view, from) {
      for (let block = Math.floor(from / BLOCK); block < blocks.length; block++) {
        const sets = blocks[block]?.(view) ?? [];
        const first = block * BLOCK;
        const found = firstIn(sets, Math.max(from - first, 0), (i) => matches(tests[first + i] as MatchTest, view));
        if (found >= 0) return first + found;
      }
      return tests.length;
    },
  };
}

/** The first number from `from` on that is in all of the sets and passes, −1 for none. */
function firstIn(sets: readonly Bits[], from: number, passes: (i: number) => boolean): number {
  const length = sets[0]?.length ?? 0;
  let mask = -1 << (from & 31);
  for (let word = from >>> 5; word < length; word++) {
    let bits = mask;
    for (let k = 0; k < sets.length && bits !== 0; k++) bits &= (sets[k] as Bits)[word] as number;
    for (; bits !== 0; bits &= bits - 1) {
      const i = word * 32 + 31 - Math.clz32(bits & -bits);
      if (passes(i)) return i;
    }
    mask = -1;
  }
  return -1;
}

/** What a packet must pass, field by field: for each the rules that it leaves in the running. */
function buildBlock(tests: readonly MatchTest[]): (view: View) => readonly Bits[] {
  const destination = byAddress(tests, 'destination');
  const source = byAddress(tests, 'source');
  const dport = byRange(tests, 'destinationPorts');
  const sport = byRange(tests, 'sourcePorts');
  const protocol = byValue<number>(tests, ({ protocols }, value) => protocols && contains(protocols, value));
  const states = byValue<number>(tests, ({ states }, value) => states && (states & value) !== 0);
  const incoming = byValue<string>(tests, ({ inInterfaces }, name) => inInterfaces && isNamed(inInterfaces, name));
  const outgoing = byValue<string>(tests, ({ outInterfaces }, name) => outInterfaces && isNamed(outInterfaces, name));
  return (view) => [
    destination(view.dst),
    source(view.src),
    dport(view.header.dport),
    sport(view.header.sport),
    protocol(view.protocol),
    states(view.states),
    incoming(view.in),
    outgoing(view.out),
  ];
}

/** The rules that pass, as bits. */
function bitsOf(tests: readonly MatchTest[], passes: (test: MatchTest) => boolean): Bits {
  const bits = new Uint32Array(Math.ceil(tests.length / 32));
  for (const [i, test] of tests.entries()) if (passes(test)) flip(bits, i);
  return bits;
}

function flip(bits: Bits, i: number): void {
  bits[i >>> 5] = (bits[i >>> 5] as number) ^ (1 << (i & 31));
}

/** A field of which few values are met: the set of each is made when it first is. Undefined: the field is not asked. */
function byValue<Value>(
  tests: readonly MatchTest[],
  holds: (fields: FieldTests, value: Value) => boolean | 0 | undefined,
): (value: Value) => Bits {
  const known = new Map<Value, Bits>();
  return (value) => {
    const passes = (test: MatchTest) =>
      holds(test.holds, value) !== false && (test.fails === undefined || holds(test.fails, value) !== true);
    const bits = known.get(value) ?? bitsOf(tests, passes);
    known.set(value, bits);
    return bits;
  };
}

function byAddress(tests: readonly MatchTest[], field: 'source' | 'destination'): (ip: Ip) => Bits {
  const four = intervalsOf(tests, (test) => test.holds[field]?.filter(({ from }) => typeof from === 'number'));
  const six = intervalsOf(tests, (test) => test.holds[field]?.filter(({ from }) => typeof from === 'bigint'));
  const starts = Uint32Array.from(
    four.starts.filter((start) => start < 1n << 32n),
    Number,
  );
  return (ip) =>
    (typeof ip === 'number' ? four.sets[countUpTo(starts, ip)] : six.sets[countUpTo6(six.starts, ip)]) as Bits;
}

/** A port that cannot be read is below all ranges: it leaves the rules that do not ask. */
function byRange(tests: readonly MatchTest[], field: 'sourcePorts' | 'destinationPorts'): (port: number) => Bits {
  const { starts, sets } = intervalsOf(tests, ({ holds }) => holds[field]);
  const numbers = Uint32Array.from(starts, Number);
  return (port) => sets[countUpTo(numbers, port)] as Bits;
}

/** Where the set of rules changes, and the sets before the first change and after each. */
function intervalsOf<P extends Point>(
  tests: readonly MatchTest[],
  rangesOf: (test: MatchTest) => RangeSet<P> | undefined,
): { starts: bigint[]; sets: Bits[] } {
  const edges = tests.flatMap((test, rule) =>
    (rangesOf(test) ?? []).flatMap(({ from, to }) => [
      { at: BigInt(from), rule },
      { at: BigInt(to) + 1n, rule },
    ]),
  );
  const current = bitsOf(tests, (test) => rangesOf(test) === undefined);
  const starts: bigint[] = [];
  const sets = [current.slice()];
  for (const { at, rule } of edges.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))) {
    flip(current, rule);
    if (starts.at(-1) === at) sets[sets.length - 1] = current.slice();
    else starts.push(at) && sets.push(current.slice());
  }
  return { starts, sets };
}
