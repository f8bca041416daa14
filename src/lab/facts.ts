/** What of a result both the simulator and the kernel can tell, and tell alike in every run. */
import type { Step } from '../scenarios/schema.ts';
import type { Design } from '../sim/design/design.ts';
import { type ArrivedLine, showArrived } from './control.ts';
import { tableFacts } from './rows.ts';

/** JSON values only; a field is left out where there is nothing to tell. */
export type Facts = Readonly<Record<string, unknown>>;

/** A result of either side; the fields of a simulated one. */
export type AnyResult = Readonly<Record<string, unknown>>;

/** What the facts depend on besides the result. */
export interface Circumstances {
  /** Ports that are no chance (`namedPorts`). */
  readonly ports: ReadonlySet<number>;
  /** No packet had a choice between ways of the same cost. */
  readonly oneWay: boolean;
}

/** The ports that are no chance for a step: those that it, the steps before and the rules of the design name. */
export function namedPorts(design: Design, steps: readonly Step[]): ReadonlySet<number> {
  const named = [
    ...steps.flatMap((step) => [...numbersIn(step, ['port', 'sourcePort'])]),
    ...Object.values(design.nodes).flatMap((node) => [
      ...numbersIn(node.services ?? [], ['port']),
      ...(node.nat?.rules ?? []).flatMap(targetPorts),
    ]),
  ];
  return new Set([...WELL_KNOWN, ...named]);
}

/** FTP data and control, DNS, DHCP and the web are asked at and from their own ports. */
const WELL_KNOWN: readonly number[] = [20, 21, 53, 67, 68, 80, 443];

function* numbersIn(value: unknown, names: readonly string[]): Iterable<number> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, each] of Object.entries(value)) {
    if (typeof each === 'number' && names.includes(key)) yield each;
    else if (typeof each === 'string' && /^(tcp|udp)\/\d+$/.test(each)) yield Number(each.slice(4));
    else yield* numbersIn(each, names);
  }
}

/** A translation to one port leaves nothing to choose. */
function targetPorts(rule: object): number[] {
  const [, port] = 'to' in rule && typeof rule.to === 'string' ? (/:(\d+)$/.exec(rule.to) ?? []) : [];
  return port === undefined ? [] : [Number(port)];
}

/** Which fields each verb's result is held by. Where only one side can know, the other does not count. */
const FIELDS = {
  connect: ['outcome', 'server', 'seenAs', 'icmp', 'received', 'echoed'],
  send: ['outcome', 'server', 'seenAs', 'icmp'],
  ping: ['outcome', 'server', 'seenAs', 'icmp', 'sent', 'received'],
  traceroute: ['outcome', 'server', 'seenAs', 'icmp', 'hops'],
  resolve: ['outcome', 'addresses'],
  fetch: ['outcome', 'server', 'seenAs', 'icmp', 'status', 'body'],
  ftp: ['outcome', 'server', 'seenAs', 'icmp', 'bytes', 'arrived'],
} as const;

/** The facts of a step's result. */
export function factsOf(step: Step, result: AnyResult, { ports, oneWay }: Circumstances): Facts {
  if ('inspect' in step) return tableFacts(result, ports);
  const verb = (Object.keys(FIELDS) as (keyof typeof FIELDS)[]).find((name) => name in step);
  if (verb === undefined) return {};
  const told = Object.fromEntries(FIELDS[verb].map((name) => [name, result[name]]));
  const { arrived } = told as { readonly arrived?: readonly ArrivedLine[] };
  return dropUndefined({
    ...told,
    // where a packet ended that no rule stopped, nobody sees
    ...(told.outcome === 'lost' ? { outcome: 'dropped' } : {}),
    seenAs: steadyEndpoint(step, told.seenAs, ports),
    hops: oneWay ? hopsOf(told.hops) : hopsOf(told.hops)?.length,
    bytes: result.outcome === 'transferred' ? told.bytes : undefined,
    arrived: arrived?.map(showArrived),
  });
}

function dropUndefined(fields: AnyResult): Facts {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** A port is steady where the step or a rule names it; where NAT chose another than the step named, that it did. */
function steadyEndpoint(step: Step, seenAs: unknown, ports: ReadonlySet<number>): unknown {
  if (typeof seenAs !== 'object' || seenAs === null || !('address' in seenAs)) return undefined;
  const { address } = seenAs;
  if (!('port' in seenAs) || typeof seenAs.port !== 'number') return { address };
  const [asked] = numbersIn(step, ['sourcePort']);
  if (asked === seenAs.port || ports.has(seenAs.port)) return { address, port: seenAs.port };
  return asked === undefined ? { address } : { address, port: 'another' };
}

interface Hop {
  readonly ttl?: number;
  readonly from?: string | null;
  readonly mark?: string;
}

/** How long a hop took is another matter. */
function hopsOf(hops: unknown): readonly Hop[] | undefined {
  if (!Array.isArray(hops)) return undefined;
  return (hops as readonly Hop[]).map(({ ttl, from, mark }) => ({
    ...(ttl === undefined ? {} : { ttl }),
    from: from ?? null,
    ...(mark === undefined ? {} : { mark }),
  }));
}
