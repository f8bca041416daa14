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

/** Words of a row. */
export const ROW = 8;
/**
 * Where they are. Addresses of IPv4: the first, and how many more. Ports: the same in the halves of one word. `refuses`
 * sums the traits and conditions of packets that the rule does not match; its sign says that the rule asks for more.
 */
export const AT = { dst: 0, moreDst: 1, src: 2, moreSrc: 3, refuses: 4, dport: 5, sport: 6, rule: 7 } as const;

const ASKS_MORE = 1 << 31;
const ALL_ADDRESSES = 0xffff_ffff;
const ALL_PORTS = 0xffff;
const EVERYTHING = TRAIT.four | TRAIT.six;

/** The rules of a list, which do not change. */
export class RuleTable {
  readonly count: number;
  readonly rows: Int32Array;
  readonly #conditions = new Conditions();
  /** Of the rules whose rows do not say it all. */
  readonly #tests = new Map<number, MatchTest>();

  constructor(count: number, testAt: (rule: number) => MatchTest) {
    this.count = count;
    this.rows = new Int32Array(count * ROW);
    for (let rule = 0; rule < count; rule++) this.#write(rule, testAt(rule));
  }

  /** To be called for a packet before it is held against rows of this list. */
  prepare(view: View): void {
    view.against = view.traits | this.#conditions.failing(view);
  }

  /** The first rule from one on that matches, or the number of rules. */
  first(view: View, from: number): number {
    const { rows, count } = this;
    let rule = from;
    while (rule < count && !this.passes(rows, rule * ROW, view)) rule += 1;
    return rule;
  }

  /** The rules that do not refuse a whole family. */
  rulesFor(family: Family): Int32Array {
    const trait = family === 4 ? TRAIT.four : TRAIT.six;
    const all = Int32Array.from({ length: this.count }, (_, rule) => rule);
    return all.filter((rule) => (this.refuses(rule) & trait) === 0);
  }

  /** Whether a row, here or a copy of it elsewhere, and all that its rule asks besides let a packet pass. */
  passes(rows: Int32Array, at: number, view: View): boolean {
    if (view.family === 4) {
      const moreDst = (rows[at + AT.moreDst] as number) >>> 0;
      if ((view.dstWord - (rows[at + AT.dst] as number)) >>> 0 > moreDst) return false;
      const moreSrc = (rows[at + AT.moreSrc] as number) >>> 0;
      if ((view.srcWord - (rows[at + AT.src] as number)) >>> 0 > moreSrc) return false;
    }
    const refuses = rows[at + AT.refuses] as number;
    if ((refuses & view.against) !== 0) return false;
    const dports = rows[at + AT.dport] as number;
    if (((view.dport - dports) & 0xffff) > dports >>> 16) return false;
    const sports = rows[at + AT.sport] as number;
    if (((view.sport - sports) & 0xffff) > sports >>> 16) return false;
    return refuses >= 0 || this.confirms(rows[at + AT.rule] as number, view);
  }

  /** Whether a rule that the packet passes as far as rows say does match it. */
  confirms(rule: number, view: View): boolean {
    const test = this.#tests.get(rule);
    return test === undefined || matches(test, view);
  }

  /** The traits and conditions of packets that a rule does not match; negative when it asks for more. */
  refuses(rule: number): number {
    return this.rows[rule * ROW + AT.refuses] as number;
  }

  /** The addresses that a rule allows; undefined: all of the families that it does not refuse. */
  addresses(rule: number, end: 'source' | 'destination'): RangeSet<Ip> | undefined {
    const test = this.#tests.get(rule);
    if (test !== undefined) return test.holds[end];
    const at = rule * ROW + (end === 'source' ? AT.src : AT.dst);
    const first = (this.rows[at] as number) >>> 0;
    const more = (this.rows[at + 1] as number) >>> 0;
    return more === ALL_ADDRESSES ? undefined : [{ from: ip4(first), to: ip4(first + more) }];
  }

  /** The ports that a rule allows; undefined: all. */
  ports(rule: number, end: 'source' | 'destination'): RangeSet<number> | undefined {
    const test = this.#tests.get(rule);
    if (test !== undefined) return end === 'source' ? test.holds.sourcePorts : test.holds.destinationPorts;
    const word = this.rows[rule * ROW + (end === 'source' ? AT.sport : AT.dport)] as number;
    const from = word & 0xffff;
    return word >>> 16 === ALL_PORTS ? undefined : [{ from, to: from + (word >>> 16) }];
  }

  #write(rule: number, test: MatchTest): void {
    const { rows } = this;
    const { holds, fails } = test;
    const at = rule * ROW;
    const families = (test.families & FOUR ? 0 : TRAIT.four) | (test.families & SIX ? 0 : TRAIT.six);
    const refuses = families | this.#refused(holds, true) | (fails === undefined ? 0 : this.#refused(fails, false));
    writeAddresses(rows, at + AT.dst, holds.destination);
    writeAddresses(rows, at + AT.src, holds.source);
    rows[at + AT.refuses] = refuses;
    rows[at + AT.dport] = portsWord(holds.destinationPorts);
    rows[at + AT.sport] = portsWord(holds.sourcePorts);
    rows[at + AT.rule] = rule;
    if (refuses < 0) this.#tests.set(rule, test);
  }

  #refused(fields: FieldTests, wanted: boolean): number {
    const { inInterfaces, outInterfaces, sourcePorts, destinationPorts } = fields;
    let bits = 0;
    if (fields.protocols !== undefined) bits |= refusedProtocols(fields.protocols, wanted);
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

function portsWord(set: RangeSet<number> | undefined): number {
  const first = set?.[0]?.from ?? 0;
  const last = set?.at(-1)?.to ?? ALL_PORTS;
  return first | ((last - first) << 16);
}
