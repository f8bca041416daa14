/**
 * A rule's match compiled to sets, and its test. As in nftables, a field that a packet does not have neither holds nor
 * fails: `destinationPort` and `not destinationPort` both pass an echo request by. Interface names can always be read:
 * where there is no interface the name is empty.
 */
import type { Family, Ip } from '../../addr/ip.ts';
import { contains, type RangeSet, rangeSet } from '../../addr/range.ts';
import { fail } from '../../base/fail.ts';
import { icmpTypeNumber } from '../../design/icmp.ts';
import { parsePorts } from '../../design/ports.ts';
import type { Match, MatchFields, STATES } from '../../design/rule.ts';
import { FLAG, type FlagName, PROTOCOL } from '../../packet/packet.ts';
import { addressSet, type Groups } from '../group.ts';
import { isNamed } from './condition.ts';
import { STATE_BIT, type View } from './view.ts';

/** Families as bits, so that sets of them intersect with `&`. */
export const FOUR = 1;
export const SIX = 2;
export const BOTH = FOUR | SIX;

/** The fields of a match; what is undefined is not asked. */
export interface FieldTests {
  readonly protocols: RangeSet<number> | undefined;
  readonly source: RangeSet<Ip> | undefined;
  readonly destination: RangeSet<Ip> | undefined;
  readonly sourcePorts: RangeSet<number> | undefined;
  readonly destinationPorts: RangeSet<number> | undefined;
  /** As written, some with a trailing `*`. */
  readonly inInterfaces: readonly string[] | undefined;
  readonly outInterfaces: readonly string[] | undefined;
  /** Sum of `STATE_BIT`. */
  readonly states: number | undefined;
  readonly tcpFlags: { readonly mask: number; readonly set: number } | undefined;
  /** A name may have one number in ICMP and another in ICMPv6. */
  readonly icmpTypes: { readonly icmp: RangeSet<number>; readonly icmpv6: RangeSet<number> } | undefined;
}

export interface MatchTest {
  /** The families that all its address fields have in common: a sum of `FOUR` and `SIX`, `BOTH` where there is none. */
  readonly families: number;
  /** Whether it has an address field. */
  readonly addressed: boolean;
  readonly holds: FieldTests;
  readonly fails: FieldTests | undefined;
}

/** Compiles a match. A name or address that no check would pass fails. */
export function compileMatch(match: Match, groups: Groups): MatchTest {
  const holds = compileFields(match, groups);
  const fails = match.not === undefined ? undefined : compileFields(match.not, groups);
  return {
    families: familiesIn(holds) & (fails === undefined ? BOTH : familiesIn(fails)),
    addressed: isAddressed(holds) || (fails !== undefined && isAddressed(fails)),
    holds,
    fails,
  };
}

function familiesIn({ source, destination }: FieldTests): number {
  return (
    (source === undefined ? BOTH : familiesOf(source)) & (destination === undefined ? BOTH : familiesOf(destination))
  );
}

function isAddressed({ source, destination }: FieldTests): boolean {
  return source !== undefined || destination !== undefined;
}

/** An empty set says nothing about families: nothing is in it, and everything is outside. */
function familiesOf(set: RangeSet<Ip>): number {
  const families = set.reduce((sum, { from }) => sum | (typeof from === 'number' ? FOUR : SIX), 0);
  return families === 0 ? BOTH : families;
}

function compileFields(fields: MatchFields, groups: Groups): FieldTests {
  const tests = unasked();
  // most matches ask few fields, and looking for the others is what would take the time
  for (const name of Object.keys(fields) as (keyof MatchFields)[]) {
    if (fields[name] !== undefined) compileField(tests, name, fields, groups);
  }
  return tests;
}

type MadeTests = { -readonly [Field in keyof FieldTests]: FieldTests[Field] };

function unasked(): MadeTests {
  return {
    protocols: undefined,
    source: undefined,
    destination: undefined,
    sourcePorts: undefined,
    destinationPorts: undefined,
    inInterfaces: undefined,
    outInterfaces: undefined,
    states: undefined,
    tcpFlags: undefined,
    icmpTypes: undefined,
  };
}

function compileField(tests: MadeTests, name: keyof MatchFields, fields: MatchFields, groups: Groups): void {
  switch (name) {
    case 'protocol':
      tests.protocols = numberSet(listOf(fields.protocol), (p) => (typeof p === 'number' ? p : PROTOCOL[p]));
      break;
    case 'source':
      tests.source = addressSet(listOf(fields.source), groups);
      break;
    case 'destination':
      tests.destination = addressSet(listOf(fields.destination), groups);
      break;
    case 'sourcePort':
      tests.sourcePorts = portSet(listOf(fields.sourcePort));
      break;
    case 'destinationPort':
      tests.destinationPorts = portSet(listOf(fields.destinationPort));
      break;
    case 'inInterface':
      tests.inInterfaces = listOf(fields.inInterface);
      break;
    case 'outInterface':
      tests.outInterfaces = listOf(fields.outInterface);
      break;
    case 'state':
      tests.states = sumOfStates(listOf(fields.state));
      break;
    case 'tcpFlags': {
      const { mask, set } = fields.tcpFlags as NonNullable<MatchFields['tcpFlags']>;
      tests.tcpFlags = { mask: sumOfFlags(mask), set: sumOfFlags(set) };
      break;
    }
    case 'icmpType': {
      const types = listOf(fields.icmpType);
      const numbers = (family: Family) => numberSet(types, (type) => icmpTypeNumber(type, family));
      tests.icmpTypes = { icmp: numbers(4), icmpv6: numbers(6) };
      break;
    }
  }
}

function listOf<Item>(field: Item | readonly Item[] | undefined): readonly Item[] {
  return Array.isArray(field) ? (field as readonly Item[]) : [field as Item];
}

function numberSet<Item>(items: readonly Item[], read: (item: Item) => number | undefined): RangeSet<number> {
  const numbers = items.map(read).filter((number) => number !== undefined);
  return rangeSet(numbers.map((number) => ({ from: number, to: number })));
}

function portSet(items: readonly (string | number)[]): RangeSet<number> {
  return rangeSet(items.map((item) => parsePorts(item) ?? fail(`"${item}" names no port`)));
}

function sumOfStates(states: readonly (typeof STATES)[number][]): number {
  return states.reduce((sum, state) => sum | STATE_BIT[state], 0);
}

function sumOfFlags(flags: readonly FlagName[]): number {
  return flags.reduce((sum, flag) => sum | FLAG[flag], 0);
}

/** Whether every field of the match holds, and every field of its `not` fails. */
export function matches(test: MatchTest, view: View): boolean {
  if ((test.families & (view.family === 4 ? FOUR : SIX)) === 0) return false;
  return agree(test.holds, view, true) && (test.fails === undefined || agree(test.fails, view, false));
}

/** Whether every field that can be read comes out as wanted; one that cannot be read does not. */
function agree(tests: FieldTests, view: View, wanted: boolean): boolean {
  const { protocols, source, destination, sourcePorts, destinationPorts, states, tcpFlags, icmpTypes } = tests;
  if (states !== undefined && ((states & view.states) !== 0) !== wanted) return false;
  if (protocols !== undefined && contains(protocols, view.protocol) !== wanted) return false;
  if (tests.inInterfaces !== undefined && isNamed(tests.inInterfaces, view.in) !== wanted) return false;
  if (tests.outInterfaces !== undefined && isNamed(tests.outInterfaces, view.out) !== wanted) return false;
  if (source !== undefined && contains(source, view.src) !== wanted) return false;
  if (destination !== undefined && contains(destination, view.dst) !== wanted) return false;
  if (sourcePorts !== undefined && !agrees(sourcePorts, view.sport, wanted)) return false;
  if (destinationPorts !== undefined && !agrees(destinationPorts, view.dport, wanted)) return false;
  if (icmpTypes !== undefined) {
    const types = view.protocol === PROTOCOL.icmp ? icmpTypes.icmp : icmpTypes.icmpv6;
    if (!agrees(types, view.icmpType, wanted)) return false;
  }
  if (tcpFlags === undefined) return true;
  return view.tcpFlags >= 0 && ((view.tcpFlags & tcpFlags.mask) === tcpFlags.set) === wanted;
}

function agrees(set: RangeSet<number>, value: number, wanted: boolean): boolean {
  return value >= 0 && contains(set, value) === wanted;
}
