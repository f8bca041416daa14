/** What the rules of one node of a known design can speak of. */
import { family, type Ip, showIp } from '../sim/addr/ip.ts';
import { makePrefix, showPrefix } from '../sim/addr/prefix.ts';
import type { Design } from '../sim/design/design.ts';
import { interfacesOf, nodeNamed } from '../sim/design/topology.ts';
import { ascending, is4, is6, poolOf } from './address-text.ts';
import type { NatContext, RuleContext } from './rule-seed.ts';

/** Where a rule stands; a chain of its own design is `forward` by default. */
export interface Place {
  readonly design: Design;
  readonly node: string;
  readonly chain?: 'raw' | 'input' | 'forward' | 'output';
}

/** Every address that is written in the design, loopback aside. */
export function addressesIn(design: Design, only?: string): readonly Ip[] {
  const names = only === undefined ? Object.keys(design.nodes) : [only];
  return names.flatMap((name) =>
    [...interfacesOf(nodeNamed(design, name) ?? { kind: 'host' }).values()].flatMap(({ addresses }) =>
      addresses.map(({ ip }) => ip),
    ),
  );
}

function prefixesIn(design: Design): readonly string[] {
  const found = Object.values(design.nodes).flatMap((node) =>
    [...interfacesOf(node).values()].flatMap(({ addresses }) =>
      addresses.map(({ ip, prefix }) => showPrefix(makePrefix(ip, prefix.length))),
    ),
  );
  return [...new Set(found)];
}

/** The context of a filter rule in a chain of a node. */
export function ruleContextOf({ design, node, chain = 'forward' }: Place): RuleContext {
  const texts = [...addressesIn(design).map(showIp), ...prefixesIn(design)];
  return {
    interfaces: [...Object.keys(nodeNamed(design, node)?.interfaces ?? {}), 'lo'],
    addresses: {
      4: poolOf(['0.0.0.0/0', ...texts.filter(is4)], '0.0.0.0/0'),
      6: poolOf(['::/0', ...texts.filter(is6)], '::/0'),
    },
    chain,
    jumps: [],
  };
}

/** The context of a NAT rule of a node: it may appear with addresses of its own, and send packets on to any host. */
export function natContextOf(place: Place): NatContext {
  const { chain: _chain, jumps: _jumps, ...context } = ruleContextOf(place);
  const own = addressesIn(place.design, place.node).map(showIp);
  const hosts = Object.entries(place.design.nodes).flatMap(([name, { kind }]) =>
    kind === 'host' ? addressesIn(place.design, name) : [],
  );
  const texts = (wanted: 4 | 6) => hosts.filter((ip) => family(ip) === wanted).map(showIp);
  return {
    ...context,
    outside: {
      4: ascending([...own.filter(is4), '198.51.100.1']),
      6: ascending([...own.filter(is6), '2001:db8:fff0::1']),
    },
    inside: { 4: ascending([...texts(4), '198.51.100.9']), 6: ascending([...texts(6), '2001:db8:fff0::9']) },
    mappings: [],
  };
}
