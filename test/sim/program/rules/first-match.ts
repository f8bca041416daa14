/** Rules read straight from the design, one field after the other: what compiled rules must agree with. */
import { family } from '../../../../src/sim/addr/ip.ts';
import { contains, parsePrefix } from '../../../../src/sim/addr/prefix.ts';
import { parseIpRange } from '../../../../src/sim/addr/range.ts';
import { icmpTypeNumber } from '../../../../src/sim/design/icmp.ts';
import { parsePorts } from '../../../../src/sim/design/ports.ts';
import type { Firewall, Match, MatchFields, Rule } from '../../../../src/sim/design/rule.ts';
import { FLAG, type Packet, PROTOCOL } from '../../../../src/sim/packet/packet.ts';
import { protocolOf } from '../../../../src/sim/packet/protocol.ts';
import { encodeBody } from '../../../../src/sim/packet/wire/frame.ts';
import type { Decision, Sight } from '../../../../src/sim/program/program.ts';

export type Groups = Readonly<Record<string, readonly string[]>>;

function expand(items: readonly string[], groups: Groups): string[] {
  return items.flatMap((item) => (item.startsWith('@') ? expand(groups[item.slice(1)] ?? [], groups) : [item]));
}

function list<T>(value: T | readonly T[]): readonly T[] {
  return (Array.isArray(value) ? value : [value]) as readonly T[];
}

const PORTS = [6, 17, 33, 132, 136];

/** Bytes of the transport header; none in a later fragment. */
function transport(packet: Packet): Uint8Array {
  const cut = packet.kind === 'other' ? packet.fragment : undefined;
  return cut !== undefined && cut.offset > 0 ? new Uint8Array() : encodeBody(packet);
}

/** Whether a field holds, or undefined where the packet does not have it. */
function holds(field: keyof MatchFields, fields: MatchFields, sight: Sight, groups: Groups): boolean | undefined {
  const { packet } = sight;
  const bytes = transport(packet);
  const protocol = protocolOf(packet);
  const port = (at: number) =>
    PORTS.includes(protocol) && bytes.length >= at + 2 ? (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0) : undefined;
  const inPorts = (items: readonly (string | number)[], value: number | undefined) =>
    value === undefined
      ? undefined
      : items.some((item) => {
          const range = parsePorts(item);
          return range !== undefined && value >= range.from && value <= range.to;
        });
  const named = (items: readonly string[], name = '') =>
    items.some((item) => (item.endsWith('*') ? name.startsWith(item.slice(0, -1)) : item === name));
  const among = (items: readonly string[], value: Packet['src']) =>
    expand(items, groups).some((item) => {
      const prefix = parsePrefix(item);
      if (prefix !== undefined) return contains(prefix, value);
      const range = parseIpRange(item);
      return range !== undefined && family(range.from) === family(value) && range.from <= value && value <= range.to;
    });
  switch (field) {
    case 'protocol':
      return list(fields.protocol ?? []).some((p) => (typeof p === 'number' ? p : PROTOCOL[p]) === protocol);
    case 'source':
      return among(list(fields.source ?? []), packet.src);
    case 'destination':
      return among(list(fields.destination ?? []), packet.dst);
    case 'sourcePort':
      return inPorts(list(fields.sourcePort ?? []), port(0));
    case 'destinationPort':
      return inPorts(list(fields.destinationPort ?? []), port(2));
    case 'inInterface':
      return named(list(fields.inInterface ?? []), sight.in);
    case 'outInterface':
      return named(list(fields.outInterface ?? []), sight.out);
    case 'state':
      return list(fields.state ?? []).some((state) =>
        state === 'snat' ? sight.snat : state === 'dnat' ? sight.dnat : state === (sight.state ?? 'invalid'),
      );
    case 'tcpFlags': {
      const flags = protocol === 6 && bytes.length >= 14 ? bytes[13] : undefined;
      const { mask, set } = fields.tcpFlags ?? { mask: [], set: [] };
      return flags === undefined
        ? undefined
        : mask.every((flag) => ((flags & FLAG[flag]) !== 0) === set.includes(flag)) &&
            set.every((flag) => mask.includes(flag));
    }
    case 'icmpType': {
      const version = protocol === 1 ? 4 : 6;
      const type = protocol === 1 || protocol === 58 ? bytes[0] : undefined;
      return type === undefined
        ? undefined
        : list(fields.icmpType ?? []).some((item) => icmpTypeNumber(item, version) === type);
    }
  }
}

/** Whether a match as written holds for a packet on its way. */
export function matchesNaively(match: Match, sight: Sight, groups: Groups): boolean {
  const { not = {}, ...fields } = match;
  for (const [part, wanted] of [[fields, true] as const, [not, false] as const]) {
    for (const field of Object.keys(part) as (keyof MatchFields)[]) {
      if (field === 'source' || field === 'destination') {
        const families = expand(list(part[field] ?? []), groups).map((item) => (item.includes(':') ? 6 : 4));
        if (families.length > 0 && !families.includes(family(sight.packet.src))) return false;
      }
      if (holds(field, part, sight, groups) !== wanted) return false;
    }
  }
  return true;
}

type Trail = { place: string; action: string; prefix?: string }[];

function runNaively(
  rules: readonly Rule[],
  place: string,
  at: { firewall: Firewall; groups: Groups; sight: Sight; trail: Trail },
): Omit<Decision, 'passed' | 'notrack'> | undefined {
  for (const [i, rule] of rules.entries()) {
    const here = `${place}[${i}]`;
    if (!matchesNaively(rule.match ?? {}, at.sight, at.groups)) continue;
    const name = rule.name === undefined ? {} : { name: rule.name };
    if (rule.action === 'accept' || rule.action === 'drop') return { verdict: rule.action, place: here, ...name };
    if (rule.action === 'reject') {
      return { verdict: 'reject', place: here, ...name, with: rule.with ?? 'icmp-port-unreachable' };
    }
    const prefix = rule.action === 'log' && rule.prefix !== undefined ? { prefix: rule.prefix } : {};
    at.trail.push({ place: here, action: rule.action, ...prefix });
    if (rule.action === 'return') return undefined;
    if (rule.action !== 'jump') continue;
    const inner = runNaively(at.firewall.chains?.[rule.chain] ?? [], `firewall.chains.${rule.chain}`, at);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** What the forward chain of a firewall decides, by going through the design itself. */
export function decideNaively(firewall: Firewall, groups: Groups, sight: Sight): Decision {
  const trail: Trail = [];
  const chain = firewall.forward ?? {};
  const found = runNaively(chain.rules ?? [], 'firewall.forward.rules', { firewall, groups, sight, trail });
  const policy = { verdict: chain.policy ?? 'accept', place: 'firewall.forward.policy' } as const;
  const passed = trail as unknown as Decision['passed'];
  return { ...(found ?? policy), passed, notrack: passed.some(({ action }) => action === 'notrack') };
}
