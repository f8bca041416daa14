/**
 * Addresses that are not for everyone: the special-purpose registries of RFC 6890 as IANA keeps them, and multicast.
 *
 * Read RFC 6890 §2.2 and RFC 8190 first.
 */
import { fail } from '../base/fail.ts';
import { type Ip, ip4, ip6 } from './ip.ts';
import { contains, makePrefix, overlaps, type Prefix, parsePrefix } from './prefix.ts';

/** A block of the registry: what it is for, and what its addresses may do. */
export interface SpecialBlock {
  readonly prefix: Prefix;
  readonly name: string;
  /** The number of the RFC that set the block apart. */
  readonly rfc: number;
  /** May be the source, or the destination, of a packet that crosses two devices. */
  readonly source: boolean;
  readonly destination: boolean;
  /** A router may forward a packet to it. */
  readonly forwardable: boolean;
  /** Reachable beyond the domain that uses it. Where the registry says "not applicable": whether it is routed in public. */
  readonly global: boolean;
  /** Set aside for texts and examples, where it stands for public space. */
  readonly documentation: boolean;
}

/**
 * Rights: s source, d destination, f forwardable, g globally reachable; x marks documentation. Where the registry gives
 * no answer, g says what is routed in public: Teredo and 6to4 are, and so is the 6to4 relay, with the rights that it had
 * in RFC 6890; ORCHID is not. Of the multicast blocks, which are not in the registry, routers forward none by themselves.
 */
type Row = readonly [prefix: string, rights: string, rfc: number, name: string];

const IPV4: readonly Row[] = [
  ['0.0.0.0/8', 's', 791, 'this network'],
  ['0.0.0.0/32', 's', 1122, 'this host on this network'],
  ['10.0.0.0/8', 'sdf', 1918, 'private use'],
  ['100.64.0.0/10', 'sdf', 6598, 'shared address space'],
  ['127.0.0.0/8', '', 1122, 'loopback'],
  ['169.254.0.0/16', 'sd', 3927, 'link local'],
  ['172.16.0.0/12', 'sdf', 1918, 'private use'],
  ['192.0.0.0/24', '', 6890, 'IETF protocol assignments'],
  ['192.0.0.0/29', 'sdf', 7335, 'IPv4 service continuity'],
  ['192.0.0.8/32', 's', 7600, 'IPv4 dummy address'],
  ['192.0.0.9/32', 'sdfg', 7723, 'port control protocol anycast'],
  ['192.0.0.10/32', 'sdfg', 8155, 'TURN anycast'],
  ['192.0.0.170/31', '', 7050, 'NAT64/DNS64 discovery'],
  ['192.0.2.0/24', 'x', 5737, 'documentation (TEST-NET-1)'],
  ['192.31.196.0/24', 'sdfg', 7535, 'AS112'],
  ['192.52.193.0/24', 'sdfg', 7450, 'automatic multicast tunnelling'],
  ['192.88.99.0/24', 'sdfg', 7526, '6to4 relay anycast (deprecated)'],
  ['192.88.99.2/32', 'sdf', 6751, '6a44 relay anycast'],
  ['192.168.0.0/16', 'sdf', 1918, 'private use'],
  ['192.175.48.0/24', 'sdfg', 7534, 'AS112 direct delegation'],
  ['198.18.0.0/15', 'sdf', 2544, 'benchmarking'],
  ['198.51.100.0/24', 'x', 5737, 'documentation (TEST-NET-2)'],
  ['203.0.113.0/24', 'x', 5737, 'documentation (TEST-NET-3)'],
  ['224.0.0.0/4', 'd', 5771, 'multicast'],
  ['240.0.0.0/4', '', 1112, 'reserved'],
  ['255.255.255.255/32', 'd', 919, 'limited broadcast'],
];

const IPV6: readonly Row[] = [
  ['::/128', 's', 4291, 'unspecified'],
  ['::1/128', '', 4291, 'loopback'],
  ['::ffff:0:0/96', '', 4291, 'IPv4-mapped'],
  ['64:ff9b::/96', 'sdfg', 6052, 'IPv4-IPv6 translation'],
  ['64:ff9b:1::/48', 'sdf', 8215, 'local IPv4-IPv6 translation'],
  ['100::/64', 'sdf', 6666, 'discard only'],
  ['100:0:0:1::/64', 's', 9780, 'IPv6 dummy prefix'],
  ['2001::/23', '', 2928, 'IETF protocol assignments'],
  ['2001::/32', 'sdfg', 4380, 'Teredo'],
  ['2001:1::1/128', 'sdfg', 7723, 'port control protocol anycast'],
  ['2001:1::2/128', 'sdfg', 8155, 'TURN anycast'],
  ['2001:1::3/128', 'sdfg', 9665, 'DNS-SD registration anycast'],
  ['2001:2::/48', 'sdf', 5180, 'benchmarking'],
  ['2001:3::/32', 'sdfg', 7450, 'automatic multicast tunnelling'],
  ['2001:4:112::/48', 'sdfg', 7535, 'AS112'],
  ['2001:10::/28', '', 4843, 'ORCHID (deprecated)'],
  ['2001:20::/28', 'sdfg', 7343, 'ORCHIDv2'],
  ['2001:30::/28', 'sdfg', 9374, 'drone remote identification'],
  ['2001:db8::/32', 'x', 3849, 'documentation'],
  ['2002::/16', 'sdfg', 3056, '6to4'],
  ['2620:4f:8000::/48', 'sdfg', 7534, 'AS112 direct delegation'],
  ['3fff::/20', 'x', 9637, 'documentation'],
  ['5f00::/16', 'sdf', 9602, 'segment routing identifiers'],
  ['fc00::/7', 'sdf', 4193, 'unique local'],
  ['fe80::/10', 'sd', 4291, 'link local'],
  ['fec0::/10', '', 3879, 'site local (deprecated)'],
  ['ff00::/8', 'd', 4291, 'multicast'],
];

function readRow([text, rights, rfc, name]: Row): SpecialBlock {
  return {
    prefix: parsePrefix(text) ?? fail(`${text} is not a prefix`),
    name,
    rfc,
    source: rights.includes('s'),
    destination: rights.includes('d'),
    forwardable: rights.includes('f'),
    global: rights.includes('g'),
    documentation: rights.includes('x'),
  };
}

/** All blocks, longest prefix first, so that the first that holds an address is the one that counts. */
export const SPECIAL_BLOCKS: readonly SpecialBlock[] = [...IPV4, ...IPV6]
  .map(readRow)
  .sort((a, b) => b.prefix.length - a.prefix.length);

/** The blocks that can hold an address with a given first byte, one list per byte, made when it is first asked for. */
const NEAR4: (readonly SpecialBlock[])[] = [];
const NEAR6: (readonly SpecialBlock[])[] = [];

function blocksNear(slash8: Ip): readonly SpecialBlock[] {
  const candidates = makePrefix(slash8, 8);
  return SPECIAL_BLOCKS.filter((block) => overlaps(block.prefix, candidates));
}

function near(ip: Ip): readonly SpecialBlock[] {
  if (typeof ip === 'number') {
    const byte = ip >>> 24;
    NEAR4[byte] ??= blocksNear(ip4(byte * 2 ** 24));
    return NEAR4[byte];
  }
  const byte = Number(ip >> 120n);
  NEAR6[byte] ??= blocksNear(ip6(BigInt(byte) << 120n));
  return NEAR6[byte];
}

/** The most specific special-purpose block that holds the address; undefined for ordinary unicast space. */
export function special(ip: Ip): SpecialBlock | undefined {
  return near(ip).find((block) => contains(block.prefix, ip));
}

/**
 * Whether the public Internet carries packets from and to the address: ordinary unicast and globally reachable blocks
 * do, and so do the documentation prefixes (RFC 5737, 3849, 9637), which stand for public ones in examples.
 */
export function isPublic(ip: Ip): boolean {
  const block = special(ip);
  return block === undefined || block.global || block.documentation;
}
