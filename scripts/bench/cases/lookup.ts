/** G6: the search for the first rule that matches, alone. */
import { type Ip, ip4 } from '../../../src/sim/addr/ip.ts';
import { Rng } from '../../../src/sim/base/rng.ts';
import type { Match, Rule } from '../../../src/sim/design/rule.ts';
import { echo, type Packet, tcp, udp } from '../../../src/sim/packet/packet.ts';
import { compileNode } from '../../../src/sim/program/compile.ts';
import type { ChainProgram, Sight } from '../../../src/sim/program/program.ts';
import type { Case, Context } from '../context.ts';
import { alternate, type Measured, timed } from '../measure.ts';
import { gatewayDesign } from '../ours.ts';
import { type Comparison, compareSides } from '../result.ts';
import { type Flavour, generateRules } from '../rules.ts';
import { FLAVOURS } from './filtering.ts';

const RULES = 10_000;
/** Several for each rule that decides, and few enough to time the search and not the memory that packets lie in. */
const PACKETS = 8192;
/** Packets that are also looked up by asking rule by rule. */
const CHECKED = 2048;
/** `tests/test-classifier` of Open vSwitch 3.1, 10,000 wildcarded rules on the machine of the goals. */
const OVS_NS = 226;

/** Numbers that a field of a rule allows, both ends included. */
type Span = readonly [from: number, to: number];

interface Box {
  readonly source: Span;
  readonly destination: Span;
  readonly sourcePort: Span;
  readonly destinationPort: Span;
  readonly protocol: string | undefined;
}

function prefixSpan(text: unknown): Span {
  if (typeof text !== 'string') return [0, 0xffff_ffff];
  const [address = '', length = '32'] = text.split('/');
  const from = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return [from, from + 2 ** (32 - Number(length)) - 1];
}

function portSpan(ports: unknown): Span {
  if (ports === undefined) return [0, 65_535];
  const [from = 0, to = from] = String(ports).split('-').map(Number);
  return [from, to];
}

function boxOf({ source, destination, sourcePort, destinationPort, protocol }: Match): Box {
  return {
    source: prefixSpan(source),
    destination: prefixSpan(destination),
    sourcePort: portSpan(sourcePort),
    destinationPort: portSpan(destinationPort),
    protocol: typeof protocol === 'string' ? protocol : undefined,
  };
}

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

function numberOf(ip: Ip): number {
  return Number(ip);
}

/** Rule by rule, as slowly as can be. */
function firstMatch(boxes: readonly Box[], packet: Packet): number {
  const inside = ([from, to]: Span, value: number): boolean => from <= value && value <= to;
  const [src, dst] = [numberOf(packet.src), numberOf(packet.dst)];
  return boxes.findIndex((box) => {
    if (box.protocol !== undefined && box.protocol !== packet.kind) return false;
    if (!inside(box.source, src) || !inside(box.destination, dst)) return false;
    return !('sport' in packet) || (inside(box.sourcePort, packet.sport) && inside(box.destinationPort, packet.dport));
  });
}

function agreeOn(chain: ChainProgram, boxes: readonly Box[], sights: readonly Sight[]): string {
  let matched = 0;
  for (const sight of sights.slice(0, CHECKED)) {
    const found = firstMatch(boxes, sight.packet);
    const place = chain.decide(sight).place;
    const expected = found < 0 ? 'firewall.forward.policy' : `firewall.forward.rules[${found}]`;
    if (place !== expected) throw new Error(`${place} decided, and not ${expected}`);
    if (found >= 0) matched += 1;
  }
  return `${CHECKED} packets, of which ${matched} match a rule, as asking rule by rule finds it`;
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

async function lookUp(flavour: Flavour, { amount }: Context): Promise<Comparison> {
  const rules = generateRules(flavour, RULES);
  const chain = chainOf(rules);
  const sights = sightsOf(rules, PACKETS);
  const agreed = agreeOn(
    chain,
    rules.map(({ match = {} }) => boxOf(match)),
    sights,
  );
  const rounds = amount.quick ? 8 : 32;
  let accepted = 0;
  const { ours } = await alternate(
    {
      ours: () =>
        timed(PACKETS * rounds, () => {
          for (let round = 0; round < rounds; round++) {
            for (const sight of sights) if (chain.decide(sight).verdict === 'accept') accepted += 1;
          }
        }),
    },
    amount.repeats,
  );
  if (accepted === 0) throw new Error('nothing was accepted');
  return compareSides({
    id: `G6 ${flavour}`,
    title: `first match among 10,000 rules (${flavour})`,
    per: 'lookup',
    ours,
    peer: PUBLISHED,
    peerName: 'Open vSwitch 3.1 test-classifier',
    published: true,
    measure: 'speed',
    must: 0.5,
    moonshot: 1.3,
    agreed,
    notes: ['test-classifier is in no package, so its side is a figure taken once on the machine of the goals'],
  });
}

const SPREAD = { median: OVS_NS, min: OVS_NS, max: OVS_NS };
const PUBLISHED: Measured = { cpuNs: SPREAD, wallNs: SPREAD };

const lookup: Case = {
  ids: ['G6'],
  title: 'the search among 10,000 rules alone',
  async run(context) {
    const entries: Comparison[] = [];
    for (const flavour of FLAVOURS) entries.push(await lookUp(flavour, context));
    return entries;
  },
};

export const LOOKUP: readonly Case[] = [lookup];
