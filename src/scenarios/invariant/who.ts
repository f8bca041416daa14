/** Whom the `from` and `to` of an invariant mean in a design. */
import { type Ip, parseIp } from '../../sim/addr/ip.ts';
import { explainPrefix, parsePrefix } from '../../sim/addr/prefix.ts';
import { type IpRange, parseIpRange, prefixRange, readIpRange } from '../../sim/addr/range.ts';
import type { Issue } from '../../sim/base/fail.ts';
import type { Path } from '../../sim/base/path.ts';
import { unknownGroup } from '../../sim/design/check/match.ts';
import { issue } from '../../sim/design/check/site.ts';
import { unknownNode } from '../../sim/design/check/wiring.ts';
import type { Design } from '../../sim/design/design.ts';
import { expandGroups } from '../../sim/design/group.ts';
import { interfacesOf, nodeNamed } from '../../sim/design/topology.ts';
import { parseIntent } from './intent.ts';
import type { InvariantFlow, InvariantSpec } from './schema.ts';

/**
 * The nodes that are meant, in the order of the design. A prefix, range or group means the hosts with an address in it; a
 * node that forwards has one foot in each of its networks, and is meant by its name or by the very address.
 */
export function nodesMeant(design: Design, who: string | readonly string[]): readonly string[] {
  const items = [who].flat();
  const texts = expandGroups(
    design,
    items.filter((item) => nodeNamed(design, item) === undefined),
  );
  const ranges = texts.flatMap((text) => rangeOf(text) ?? []);
  const meant = (name: string): boolean => {
    if (items.includes('*') || items.includes(name)) return true;
    const own = nodeNamed(design, name)?.kind === 'host' ? ranges : ranges.filter(({ from, to }) => from === to);
    return addressesOf(design, name).some((ip) => own.some((range) => within(ip, range)));
  };
  return Object.keys(design.nodes).filter(meant);
}

function addressesOf(design: Design, name: string): readonly Ip[] {
  const node = nodeNamed(design, name);
  if (node === undefined) return [];
  return [...interfacesOf(node).values()].flatMap(({ addresses }) => addresses.map(({ ip }) => ip));
}

function rangeOf(text: string): IpRange | undefined {
  const prefix = text.includes('-') ? undefined : parsePrefix(text);
  return prefix === undefined ? parseIpRange(text) : prefixRange(prefix);
}

function within(ip: Ip, { from, to }: IpRange): boolean {
  return typeof ip === typeof from && from <= ip && ip <= to;
}

/** The traffic that an invariant is about; undefined for a `no`. */
export function flowOf(spec: InvariantSpec): InvariantFlow | undefined {
  if ('no' in spec) return undefined;
  const about = 'never' in spec ? spec.never : spec.always;
  if (typeof about !== 'string') return about;
  const { from, to, protocol, port } = parseIntent(about);
  return { from, to, protocol, ...(port === undefined ? {} : { port }) };
}

/** What an invariant gets wrong about one design: names that are not there, and senders or targets that nobody is. */
export function checkFlow(spec: InvariantSpec, design: Design): Issue[] {
  const flow = flowOf(spec);
  if (flow === undefined) return [];
  const verb = 'never' in spec ? 'never' : 'always';
  const inText = 'no' in spec || typeof ('never' in spec ? spec.never : spec.always) === 'string';
  const at = (field: 'from' | 'to'): Path => (inText ? [verb] : [verb, field]);
  const portless = flow.protocol === 'icmp' && flow.port !== undefined;
  return [
    ...checkWho(flow.from, design, at('from')),
    ...checkWho(flow.to, design, at('to')),
    ...(portless ? [issue('invariant', [verb, 'port'], 'icmp has no ports: leave "port" out')] : []),
    ...(verb === 'always' && flow.protocol !== 'icmp' && flow.protocol !== undefined && flow.port === undefined
      ? [issue('invariant', [verb], `${flow.protocol} must always reach a certain port: add "port"`)]
      : []),
  ];
}

function checkWho(who: string | readonly string[], design: Design, path: Path): Issue[] {
  const items = [who].flat();
  const wrong = items.flatMap((item, i) => checkItem(item, design, typeof who === 'string' ? path : [...path, i]));
  if (wrong.length > 0 || nodesMeant(design, who).length > 0) return wrong;
  const message = `no node of the network has an address in ${items.join(', ')}`;
  return [issue('invariant', path, message, 'name a node, or an address of one')];
}

function checkItem(item: string, design: Design, path: Path): Issue[] {
  if (item === '*' || nodeNamed(design, item) !== undefined) return [];
  if (item.startsWith('@')) return unknownGroup(design, item, path);
  if (rangeOf(item) !== undefined || parseIp(item) !== undefined) return [];
  if (/^[\d.]+-[\d.]+$/.test(item)) return [issue('address', path, String(readIpRange(item)))];
  if (/^[\d.]+(\/\d+)?$/.test(item) || item.includes('/'))
    return [issue('address', path, explainPrefix(item, 'prefix'))];
  return [unknownNode(design, item, path)];
}
