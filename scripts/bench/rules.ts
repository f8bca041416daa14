/**
 * Rule lists as long as wanted, of the shapes that real ones have: prefix lengths in pairs, ports as wildcards, exact
 * values, high and low ranges, few protocols (after the statistics in D. E. Taylor and J. S. Turner, "ClassBench: A Packet
 * Classification Benchmark", INFOCOM 2005; the lists themselves and the seeds of that tool are not used). One seed, one list.
 */
import { Rng } from '../../src/sim/base/rng.ts';
import type { Rule } from '../../src/sim/design/rule.ts';

export type Flavour = 'acl' | 'fw' | 'ipc';

interface Weighted<T> {
  readonly value: T;
  readonly weight: number;
}

/** Lengths of source and destination prefixes, in pairs, with their weights. */
const PREFIXES: Readonly<Record<Flavour, readonly Weighted<readonly [number, number]>[]>> = {
  acl: [
    { value: [0, 32], weight: 12 },
    { value: [32, 32], weight: 30 },
    { value: [24, 32], weight: 20 },
    { value: [16, 32], weight: 12 },
    { value: [24, 24], weight: 14 },
    { value: [0, 24], weight: 8 },
    { value: [28, 30], weight: 4 },
  ],
  fw: [
    { value: [0, 32], weight: 26 },
    { value: [32, 0], weight: 18 },
    { value: [0, 24], weight: 16 },
    { value: [32, 32], weight: 20 },
    { value: [16, 16], weight: 10 },
    { value: [8, 24], weight: 10 },
  ],
  ipc: [
    { value: [32, 32], weight: 45 },
    { value: [0, 32], weight: 15 },
    { value: [32, 0], weight: 10 },
    { value: [24, 24], weight: 20 },
    { value: [16, 24], weight: 10 },
  ],
};

type PortClass = 'any' | 'exact' | 'high' | 'low' | 'range';
const SOURCE_PORTS: readonly Weighted<PortClass>[] = [
  { value: 'any', weight: 84 },
  { value: 'exact', weight: 8 },
  { value: 'high', weight: 8 },
];
const DESTINATION_PORTS: readonly Weighted<PortClass>[] = [
  { value: 'any', weight: 15 },
  { value: 'exact', weight: 60 },
  { value: 'high', weight: 8 },
  { value: 'low', weight: 5 },
  { value: 'range', weight: 12 },
];
const PROTOCOLS: readonly Weighted<'tcp' | 'udp' | 'icmp' | undefined>[] = [
  { value: 'tcp', weight: 62 },
  { value: 'udp', weight: 26 },
  { value: 'icmp', weight: 3 },
  { value: undefined, weight: 9 },
];
const COMMON_PORTS = [
  21, 22, 23, 25, 53, 80, 110, 123, 135, 139, 143, 161, 389, 443, 445, 993, 1433, 1521, 3306, 3389, 8080,
];

/** Addresses that no rule of a generated list names whole: those that traffic of the benchmarks has. */
const OUTSIDE_OCTETS = new Set([0, 10, 127, 198]);

/** `count` rules, the last match of which is none of them: no packet from 10.0.0.0/8 to 198.18.0.0/15 matches any. */
export function generateRules(flavour: Flavour, count: number, seed = 1): readonly Rule[] {
  const rng = new Rng(seed).split(`${flavour} ${count}`);
  const sites = Array.from({ length: Math.max(4, Math.round(Math.sqrt(count))) }, () => siteOf(rng));
  return Array.from({ length: count }, () => ruleOf(rng, flavour, sites));
}

function pick<T>(rng: Rng, from: readonly Weighted<T>[]): T {
  let left = rng.int(
    1,
    from.reduce((sum, { weight }) => sum + weight, 0),
  );
  for (const { value, weight } of from) {
    left -= weight;
    if (left <= 0) return value;
  }
  throw new Error('weights that sum to nothing');
}

/** The first 16 bits of a site's addresses; rules cluster on sites, as they do in real lists. */
function siteOf(rng: Rng): number {
  for (;;) {
    const first = rng.int(1, 223);
    if (!OUTSIDE_OCTETS.has(first)) return first * 256 + rng.int(0, 255);
  }
}

function prefixOf(rng: Rng, length: number, sites: readonly number[]): string | undefined {
  if (length === 0) return undefined;
  const site = sites[rng.int(0, sites.length - 1)] ?? 0;
  const address = (site * 65_536 + rng.int(0, 65_535)) >>> 0;
  const masked = length === 32 ? address : (address & ~(2 ** (32 - length) - 1)) >>> 0;
  return `${[24, 16, 8, 0].map((shift) => (masked >>> shift) & 255).join('.')}/${length}`;
}

function portsOf(rng: Rng, kind: PortClass): string | number | undefined {
  switch (kind) {
    case 'any':
      return undefined;
    case 'exact':
      return COMMON_PORTS[rng.int(0, COMMON_PORTS.length - 1)];
    case 'high':
      return '1024-65535';
    case 'low':
      return '0-1023';
    case 'range': {
      const from = rng.int(1024, 60_000);
      return `${from}-${from + rng.int(1, 4000)}`;
    }
  }
}

function ruleOf(rng: Rng, flavour: Flavour, sites: readonly number[]): Rule {
  const [sourceLength, destinationLength] = pick(rng, PREFIXES[flavour]);
  const protocol = pick(rng, PROTOCOLS);
  const ported = protocol === 'tcp' || protocol === 'udp';
  const source = prefixOf(rng, sourceLength, sites);
  const destination = prefixOf(rng, destinationLength, sites);
  const sourcePort = ported ? portsOf(rng, pick(rng, SOURCE_PORTS)) : undefined;
  const destinationPort = ported ? portsOf(rng, pick(rng, DESTINATION_PORTS)) : undefined;
  return {
    match: {
      ...(protocol === undefined ? {} : { protocol }),
      ...(source === undefined ? {} : { source }),
      ...(destination === undefined ? {} : { destination }),
      ...(sourcePort === undefined ? {} : { sourcePort }),
      ...(destinationPort === undefined ? {} : { destinationPort }),
    },
    action: rng.int(0, 3) === 0 ? 'drop' : 'accept',
  };
}

/** The same list for `iptables-legacy-restore`, in the chain FORWARD, between what every comparison begins and ends with. */
export function toIptables(rules: readonly Rule[], { established }: { readonly established: boolean }): string {
  const lines = rules.map(({ match = {}, action }) => {
    const words = ['-A FORWARD'];
    const { protocol, source, destination, sourcePort, destinationPort } = match;
    if (protocol !== undefined) words.push(`-p ${protocol}`);
    if (source !== undefined) words.push(`-s ${source}`);
    if (destination !== undefined) words.push(`-d ${destination}`);
    if (sourcePort !== undefined) words.push(`--sport ${String(sourcePort).replace('-', ':')}`);
    if (destinationPort !== undefined) words.push(`--dport ${String(destinationPort).replace('-', ':')}`);
    words.push(`-j ${action.toUpperCase()}`);
    return words.join(' ');
  });
  return [
    '*filter',
    ':INPUT ACCEPT [0:0]',
    ':FORWARD ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ...(established ? ['-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT'] : []),
    ...lines,
    '-A FORWARD -j ACCEPT',
    'COMMIT',
    '',
  ].join('\n');
}
