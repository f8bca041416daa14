/**
 * The rules of a list as rows of words, eight to a rule, that a packet is held against without touching anything else.
 * A row never refuses a packet that its rule matches. What it cannot say (negated addresses, TCP flags, sets with gaps,
 * addresses of IPv6) is asked in full after it.
 */
import { type Family, type Ip, ip4 } from '../../addr/ip.ts';
import { contains, type RangeSet } from '../../addr/range.ts';
import { PROTOCOL } from '../../packet/packet.ts';
import { Conditions } from './condition.ts';
import { type FieldTests, FOUR, type MatchTest, matches, SIX } from './match.ts';
import { STATE_BIT, TRAIT, traitOf, type View } from './view.ts';

/*
 * Words of a row, and where they are. Addresses of IPv4: the first, and how many more. Ports: the same in the halves of
 * one word. What it refuses sums the traits and conditions of packets that the rule does not match; its sign says that
 * the rule asks for more. None of these is exported: engines fold into a loop only what no other module may import.
 */
const WORDS = 8;
const DST = 0;
const MORE_DST = 1;
const SRC = 2;
const MORE_SRC = 3;
const REFUSES = 4;
const DPORT = 5;
const SPORT = 6;
const RULE = 7;

const ASKS_MORE = 1 << 31;
const ALL_ADDRESSES = 0xffff_ffff;
const ALL_PORTS = 0xffff;
const EVERYTHING = TRAIT.four | TRAIT.six;

/** What only some packets have, or that something has to find out for them. */
export const ASKS = { ports: 1, flags: 2, states: 4 } as const;

/** The rules of a list, which do not change. */
export class RuleTable {
  readonly count: number;
  /** Sum of `ASKS`: what some rule asks for. */
  asks = 0;
  readonly #rows: Int32Array;
  readonly #conditions = new Conditions();
  /** Of the rules whose rows do not say it all. */
  readonly #tests = new Map<number, MatchTest>();

  constructor(count: number, testAt: (rule: number) => MatchTest) {
    this.count = count;
    this.#rows = new Int32Array(count * WORDS);
    for (let rule = 0; rule < count; rule++) this.#write(rule, testAt(rule));
  }

  /** To be called for a packet before it is held against rows of this list. */
  prepare(view: View): void {
    view.against = view.traits | this.#conditions.failing(view);
  }

  /** The first rule from one on that matches; the number of rules when there is none. */
  first(view: View, from: number): number {
    return this.firstOf(this.#rows, view, from, this.count);
  }

  /** Copies of the rows of some rules, for `firstOf`. */
  rowsOf(rules: Int32Array): Int32Array {
    const rows = new Int32Array(rules.length * WORDS);
    for (const [i, rule] of rules.entries()) {
      rows.set(this.#rows.subarray(rule * WORDS, (rule + 1) * WORDS), i * WORDS);
    }
    return rows;
  }

  /** The first rule that matches of those whose rows stand from one on and before another; else the number of rules. */
  firstOf(rows: Int32Array, view: View, from: number, before: number): number {
    const end = before * WORDS;
    for (let at = nextRow(rows, view, from * WORDS, end); at < end; at = nextRow(rows, view, at + WORDS, end)) {
      const rule = rows[at + RULE] as number;
      const asksMore = (rows[at + REFUSES] as number) < 0;
      if (!asksMore || matches(this.#tests.get(rule) as MatchTest, view)) return rule;
    }
    return this.count;
  }

  /** The rules that do not refuse a whole family. */
  rulesFor(family: Family): Int32Array {
    const trait = family === 4 ? TRAIT.four : TRAIT.six;
    const all = Int32Array.from({ length: this.count }, (_, rule) => rule);
    return all.filter((rule) => (this.refuses(rule) & trait) === 0);
  }

  /** Whether a rule that the packet passes as far as rows say does match it. */
  confirms(rule: number, view: View): boolean {
    return this.refuses(rule) >= 0 || matches(this.#tests.get(rule) as MatchTest, view);
  }

  /** The traits and conditions of packets that a rule does not match; negative when it asks for more. */
  refuses(rule: number): number {
    return this.#rows[rule * WORDS + REFUSES] as number;
  }

  /** The addresses that a rule allows; undefined: all of the families that it does not refuse. */
  addresses(rule: number, end: 'source' | 'destination'): RangeSet<Ip> | undefined {
    const test = this.#tests.get(rule);
    if (test !== undefined) return test.holds[end];
    const at = rule * WORDS + (end === 'source' ? SRC : DST);
    const first = (this.#rows[at] as number) >>> 0;
    const more = (this.#rows[at + 1] as number) >>> 0;
    return more === ALL_ADDRESSES ? undefined : [{ from: ip4(first), to: ip4(first + more) }];
  }

  /** The ports that a rule allows; undefined: all. */
  ports(rule: number, end: 'source' | 'destination'): RangeSet<number> | undefined {
    const test = this.#tests.get(rule);
    if (test !== undefined) return portsOf(test.holds, end);
    const word = this.#rows[rule * WORDS + (end === 'source' ? SPORT : DPORT)] as number;
    const from = word & 0xffff;
    return word >>> 16 === ALL_PORTS ? undefined : [{ from, to: from + (word >>> 16) }];
  }

  /** Adds the ports of an end at which some rule begins, or ceases, to match. */
  cutPorts(end: 'source' | 'destination', starts: Set<number>): void {
    for (let rule = 0; rule < this.count; rule++) {
      cut(this.ports(rule, end), starts);
      const fails = this.#tests.get(rule)?.fails;
      if (fails !== undefined) cut(portsOf(fails, end), starts);
    }
  }

  #write(rule: number, test: MatchTest): void {
    const rows = this.#rows;
    const { holds, fails } = test;
    const at = rule * WORDS;
    const families = (test.families & FOUR ? 0 : TRAIT.four) | (test.families & SIX ? 0 : TRAIT.six);
    const refuses = families | this.#refused(holds, true) | (fails === undefined ? 0 : this.#refused(fails, false));
    writeAddresses(rows, at + DST, holds.destination);
    writeAddresses(rows, at + SRC, holds.source);
    rows[at + REFUSES] = refuses;
    rows[at + DPORT] = portsWord(holds.destinationPorts);
    rows[at + SPORT] = portsWord(holds.sourcePorts);
    rows[at + RULE] = rule;
    if (refuses < 0) this.#tests.set(rule, test);
  }

  #refused(fields: FieldTests, wanted: boolean): number {
    const { inInterfaces, outInterfaces, sourcePorts, destinationPorts } = fields;
    let bits = 0;
    if (fields.protocols !== undefined) bits |= refusedProtocols(fields.protocols, wanted);
    if (fields.states !== undefined) this.asks |= ASKS.states;
    if (sourcePorts !== undefined || destinationPorts !== undefined) this.asks |= ASKS.ports;
    if (fields.tcpFlags !== undefined) this.asks |= ASKS.flags;
    if (fields.states !== undefined) bits |= refusedStates(fields.states, wanted);
    if (inInterfaces !== undefined) bits |= this.#conditions.bitOf('in', inInterfaces, wanted) || ASKS_MORE;
    if (outInterfaces !== undefined) bits |= this.#conditions.bitOf('out', outInterfaces, wanted) || ASKS_MORE;
    if (fields.source !== undefined) bits |= asksMore(fields.source, wanted);
    if (fields.destination !== undefined) bits |= asksMore(fields.destination, wanted);
    if (sourcePorts !== undefined) bits |= TRAIT.noSport | asksMore(sourcePorts, wanted);
    if (destinationPorts !== undefined) bits |= TRAIT.noDport | asksMore(destinationPorts, wanted);
    if (fields.tcpFlags !== undefined) bits |= ASKS_MORE | (ALL_PROTOCOLS & ~TRAIT.tcp);
    if (fields.icmpTypes !== undefined) bits |= ASKS_MORE | (ALL_PROTOCOLS & ~(TRAIT.icmp | TRAIT.icmpv6));
    return bits;
  }
}

function nextRow(rows: Int32Array, view: View, begin: number, end: number): number {
  return view.family === 4 ? nextRow4(rows, view, begin, end) : nextRow6(rows, view, begin, end);
}

/** The first row that lets a packet pass; what it is held against stays in registers. */
function nextRow4(rows: Int32Array, view: View, begin: number, end: number): number {
  const { dstWord, srcWord, against, dport, sport } = view;
  for (let at = begin; at < end; at += WORDS) {
    if ((dstWord - (rows[at + DST] as number)) >>> 0 > (rows[at + MORE_DST] as number) >>> 0) continue;
    if ((srcWord - (rows[at + SRC] as number)) >>> 0 > (rows[at + MORE_SRC] as number) >>> 0) continue;
    if (((rows[at + REFUSES] as number) & against) !== 0) continue;
    const dports = rows[at + DPORT] as number;
    if (((dport - dports) & 0xffff) > dports >>> 16) continue;
    const sports = rows[at + SPORT] as number;
    if (((sport - sports) & 0xffff) <= sports >>> 16) return at;
  }
  return end;
}

/** The same for IPv6, of whose addresses rows say nothing. */
function nextRow6(rows: Int32Array, { against, dport, sport }: View, begin: number, end: number): number {
  for (let at = begin; at < end; at += WORDS) {
    if (((rows[at + REFUSES] as number) & against) !== 0) continue;
    const dports = rows[at + DPORT] as number;
    if (((dport - dports) & 0xffff) > dports >>> 16) continue;
    const sports = rows[at + SPORT] as number;
    if (((sport - sports) & 0xffff) <= sports >>> 16) return at;
  }
  return end;
}

const OWN_TRAIT = [PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.icmp, PROTOCOL.icmpv6] as const;
const ALL_PROTOCOLS = TRAIT.tcp | TRAIT.udp | TRAIT.icmp | TRAIT.icmpv6 | TRAIT.otherProtocol;
const ALL_STATES = 31;

function refusedProtocols(set: RangeSet<number>, wanted: boolean): number {
  const own = OWN_TRAIT.filter((protocol) => contains(set, protocol));
  const named = own.reduce((sum, protocol) => sum | traitOf(protocol), 0);
  const count = set.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  if (!wanted) return named | (count > own.length ? ASKS_MORE : 0);
  return (ALL_PROTOCOLS & ~named & ~TRAIT.otherProtocol) | (count > own.length ? ASKS_MORE : TRAIT.otherProtocol);
}

/** Translations are states beside the others: with one of them asked for, the row leaves states alone. */
function refusedStates(states: number, wanted: boolean): number {
  const translated = (states & (STATE_BIT.snat | STATE_BIT.dnat)) !== 0;
  if (!wanted) return ((states & ALL_STATES) << TRAIT.states) | (translated ? ASKS_MORE : 0);
  return translated ? ASKS_MORE : (ALL_STATES & ~states) << TRAIT.states;
}

/** A row says it all of one range, and of none; nothing is in an empty set. */
function asksMore(set: RangeSet<Ip> | RangeSet<number>, wanted: boolean): number {
  if (set.length === 0) return wanted ? EVERYTHING : 0;
  return wanted && set.length === 1 && typeof set[0]?.from === 'number' ? 0 : ASKS_MORE;
}

/** From the first range of IPv4 to the last; all addresses where there is none. */
function writeAddresses(rows: Int32Array, at: number, set: RangeSet<Ip> | undefined): void {
  let first = 0;
  let last = ALL_ADDRESSES;
  if (set !== undefined && typeof set[0]?.from === 'number') {
    first = set[0].from;
    for (const { to } of set) if (typeof to === 'number') last = to;
  }
  rows[at] = first;
  rows[at + 1] = last - first;
}

function portsOf({ sourcePorts, destinationPorts }: FieldTests, end: 'source' | 'destination') {
  return end === 'source' ? sourcePorts : destinationPorts;
}

/** Where ranges begin, and where what is behind them does. */
function cut(set: RangeSet<number> | undefined, starts: Set<number>): void {
  for (const { from, to } of set ?? []) starts.add(from).add(to + 1);
}

function portsWord(set: RangeSet<number> | undefined): number {
  const first = set?.[0]?.from ?? 0;
  const last = set?.at(-1)?.to ?? ALL_PORTS;
  return first | ((last - first) << 16);
}
