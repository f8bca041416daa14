/** G6: the search for the first rule that matches, alone, beside the classifier of Open vSwitch. */
import { ip4 } from '../../../src/sim/addr/ip.ts';
import { Rng } from '../../../src/sim/base/rng.ts';
import type { Rule } from '../../../src/sim/design/rule.ts';
import { echo, type Packet, tcp, udp } from '../../../src/sim/packet/packet.ts';
import { compileNode } from '../../../src/sim/program/compile.ts';
import type { ChainProgram, Sight } from '../../../src/sim/program/program.ts';
import { type Box, boxOf, firstMatch, type Span, toMasked } from '../box.ts';
import type { Case, Context } from '../context.ts';
import { alternate, type Timing, timed } from '../measure.ts';
import { gatewayDesign } from '../ours.ts';
import { Classifier } from '../peer/classifier.ts';
import { type Comparison, compareSides } from '../result.ts';
import { type Flavour, generateRules } from '../rules.ts';
import { showRatio, showTime } from '../table.ts';
import { FLAVOURS } from './filtering.ts';

const RULES = 10_000;
/** Several for each rule that decides, and few enough to time the search and not the memory that packets lie in. */
const PACKETS = 8192;
/** Packets that are also looked up by asking rule by rule. */
const CHECKED = 2048;

/** Nine in ten are drawn inside a rule, the rest anywhere. */
function drawPacket(rng: Rng, boxes: readonly Box[]): Packet {
  const box = rng.chance(0.9) ? boxes[rng.int(0, boxes.length - 1)] : undefined;
  const { source, destination, sourcePort, destinationPort, protocol } = box ?? boxOf({});
  const within = ([from, to]: Span): number => rng.int(from, to);
  const ends = { src: ip4(within(source)), dst: ip4(within(destination)) };
  if (protocol === 'icmp') return echo({ ...ends, id: 1, seq: 1 });
  const ports = { sport: within(sourcePort), dport: within(destinationPort) };
  return protocol === 'tcp' ? tcp({ ...ends, ...ports, seq: 0, flags: 2 }) : udp({ ...ends, ...ports });
}

function placeOf(found: number): string {
  return found < 0 ? 'firewall.forward.policy' : `firewall.forward.rules[${found}]`;
}

/** What decides each packet here, in Open vSwitch, and for some of them rule by rule. */
function agreeOn(
  places: readonly (string | undefined)[],
  theirs: readonly number[],
  slowly: readonly number[],
): string {
  if (theirs.length !== places.length) throw new Error(`${theirs.length} answers to ${places.length} packets`);
  for (const found of [theirs, slowly]) {
    const other = found.findIndex((number, i) => placeOf(number) !== places[i]);
    if (other >= 0) throw new Error(`${places[other]} decided, and not ${placeOf(found[other] ?? -1)}`);
  }
  const matched = theirs.filter((number) => number >= 0).length;
  return `${places.length} packets, of which ${matched} match a rule, the same in Open vSwitch's classifier, and for the first ${slowly.length} as asking rule by rule finds it`;
}

export function sightsOf(rules: readonly Rule[], count: number): readonly Sight[] {
  const boxes = rules.map(({ match = {} }) => boxOf(match));
  const rng = new Rng(7);
  return Array.from({ length: count }, () => ({
    packet: drawPacket(rng, boxes),
    in: 'lan',
    out: 'wan',
    state: 'new',
    snat: false,
    dnat: false,
  }));
}

export function chainOf(rules: readonly Rule[]): ChainProgram {
  const { forward } = compileNode(gatewayDesign(rules), 'gateway').firewall;
  if (forward === undefined) throw new Error('the gateway has no filter');
  return forward;
}

/** One list, and how both sides go through it. */
interface Search {
  readonly ours: () => Timing;
  /** The list and the packets for the peer. */
  readonly masked: string;
  readonly agreed: string;
  /** What masks make of it. */
  readonly size: string;
}

interface Lookups {
  /** In a round. */
  readonly lookups: number;
  readonly repeats: number;
}

async function prepare(flavour: Flavour, classifier: Classifier, rounds: number): Promise<Search> {
  const rules = generateRules(flavour, RULES);
  const [chain, sights] = [chainOf(rules), sightsOf(rules, PACKETS)];
  const boxes = rules.map(({ match = {} }) => boxOf(match));
  const packets = sights.map(({ packet }) => packet);
  const masked = toMasked(boxes, packets);
  const theirs = await classifier.firstMatch(masked);
  const agreed = agreeOn(
    sights.map((sight) => chain.decide(sight).place),
    theirs.found,
    packets.slice(0, CHECKED).map((packet) => firstMatch(boxes, packet)),
  );
  let accepted = 0;
  const ours = (): Timing =>
    timed(PACKETS * rounds, () => {
      for (let round = 0; round < rounds; round++) {
        for (const sight of sights) if (chain.decide(sight).verdict === 'accept') accepted += 1;
      }
      if (accepted === 0) throw new Error('nothing was accepted');
    });
  return { ours, masked, agreed, size: inTables(theirs.rules, theirs.subtables) };
}

function inTables(rules: number, tables: number): string {
  return `${rules} rules in ${tables} ${tables === 1 ? 'table' : 'tables'}`;
}

/** Its benchmark times both ways to ask in one run; each takes the turn that it is timed in. */
function takeTurns({ ours, masked }: Search, classifier: Classifier, { lookups, repeats }: Lookups) {
  return alternate(
    {
      ours,
      wildcards: async () => (await classifier.benchmark(lookups)).wildcards.timing,
      bare: async () => (await classifier.benchmark(lookups)).bare.timing,
      same: async () => (await classifier.firstMatch(masked)).timing,
    },
    repeats,
  );
}

/**
 * Beside Open vSwitch's own benchmark, and beside its classifier with the same list. It has a table for each mask, and goes
 * through them: the benchmark has one, and a list with prefixes and ranges of ports hundreds. The goal is about the benchmark's
 * lookups with wildcards: the 226 ns that it was set by are what those take in a quiet minute, and twice what the others do.
 */
async function lookUp(flavour: Flavour, classifier: Classifier, { amount }: Context): Promise<readonly Comparison[]> {
  const rounds = amount.quick ? 16 : 64;
  // so many take its benchmark about as long
  const lookups = PACKETS * rounds;
  const { rules, subtables } = (await classifier.benchmark(lookups)).wildcards;
  const search = await prepare(flavour, classifier, rounds);
  const { ours, wildcards, bare, same } = await takeTurns(search, classifier, { lookups, repeats: amount.repeats });
  const ratio = showRatio(bare.cpuNs.median / ours.cpuNs.median);
  const name = `Open vSwitch ${classifier.version}`;
  const both = { per: 'lookup', ours, measure: 'speed', agreed: search.agreed } as const;
  return [
    compareSides({
      ...both,
      id: `G6 ${flavour}`,
      title: `first match among 10,000 rules (${flavour})`,
      peer: wildcards,
      peerName: `${name} test-classifier, with wildcards`,
      must: 0.5,
      moonshot: 1.3,
      notes: [
        `test-classifier has lists and packets of its own (${inTables(rules, subtables)}), and checks no answer`,
        `without wildcards, for the rule alone, it takes ${showTime(bare.cpuNs.median)}: ${ratio}`,
      ],
    }),
    compareSides({
      ...both,
      id: `G6 ${flavour} same`,
      title: `first match among the same 10,000 rules (${flavour})`,
      peer: same,
      peerName: `${name} classifier, without wildcards`,
      notes: [`ranges of ports as masks make ${search.size}`],
    }),
  ];
}

const lookup: Case = {
  ids: ['G6'],
  title: 'the search among 10,000 rules alone',
  async run(context) {
    const classifier = await Classifier.build();
    const entries: Comparison[] = [];
    for (const flavour of FLAVOURS) entries.push(...(await lookUp(flavour, classifier, context)));
    return entries;
  },
};

export const LOOKUP: readonly Case[] = [lookup];
