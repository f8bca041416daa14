/** What the shape of a step cannot say. */
import { parseIp } from '../../sim/addr/ip.ts';
import { explainPrefix } from '../../sim/addr/prefix.ts';
import type { Issue } from '../../sim/base/fail.ts';
import type { Path } from '../../sim/base/path.ts';
import { didYouMean } from '../../sim/base/suggest.ts';
import { hasPorts, isTcpOnly, protocolsOf } from '../../sim/design/check/match.ts';
import { issue } from '../../sim/design/check/site.ts';
import { unknownNode } from '../../sim/design/check/wiring.ts';
import type { Design } from '../../sim/design/design.ts';
import { icmpTypeNumber } from '../../sim/design/icmp.ts';
import { interfacesOf, nodeNamed } from '../../sim/design/topology.ts';
import { PROTOCOL } from '../../sim/packet/packet.ts';
import type { Step } from '../schema.ts';

/** Everything wrong with a step that fits its schema; paths are relative to the step. A change is for `checkChange`. */
export function checkStep(step: Step, design: Design): Issue[] {
  const node = (name: string, path: Path): Issue[] =>
    nodeNamed(design, name) === undefined ? [unknownNode(design, name, path)] : [];
  const ends = (args: { readonly from: string; readonly to: string }, verb: string): Issue[] => [
    ...node(args.from, [verb, 'from']),
    ...checkTarget(args.to, args.from, design, [verb, 'to']),
  ];
  if ('connect' in step) return ends(step.connect, 'connect');
  if ('send' in step) return [...ends(step.send, 'send'), ...checkPacket(step.send)];
  if ('ping' in step) return ends(step.ping, 'ping');
  if ('traceroute' in step) return ends(step.traceroute, 'traceroute');
  if ('ftp' in step) return ends(step.ftp, 'ftp');
  if ('resolve' in step) return node(step.resolve.from, ['resolve', 'from']);
  if ('fetch' in step) {
    const { from, url } = step.fetch;
    return [...node(from, ['fetch', 'from']), ...checkUrl(url, from, design)];
  }
  if ('stun' in step) return ends(step.stun, 'stun');
  if ('map' in step) {
    const { by = 'pcp', exact = false, from, via } = step.map;
    const issues = [
      ...node(from, ['map', 'from']),
      ...(via === undefined ? [] : checkTarget(via, from, design, ['map', 'via'])),
    ];
    if (by === 'pcp' || !exact) return issues;
    return [...issues, issue('map', ['map', 'exact'], 'NAT-PMP cannot ask for an exact port: write "by": "pcp"')];
  }
  if ('punch' in step) {
    const { peers, via } = step.punch;
    const unknown = [...peers.flatMap((peer, i) => node(peer, ['punch', 'peers', i])), ...node(via, ['punch', 'via'])];
    return [...unknown, ...checkTriangle([...peers, via])];
  }
  if ('restart' in step) return node(step.restart, ['restart']);
  return 'inspect' in step ? node(step.inspect, ['inspect']) : [];
}

/** Two peers and the rendezvous are three nodes. */
function checkTriangle([first, second, via]: readonly string[]): Issue[] {
  if (first === second) return [issue('punch', ['punch', 'peers', 1], `the two peers are the same node, ${second}`)];
  if (via !== first && via !== second) return [];
  return [issue('punch', ['punch', 'via'], `${via} is a peer itself: the rendezvous is a third node`)];
}

/** Whom `to` means: a node, one of its interfaces, an address, or a name that DNS may know. */
function checkTarget(to: string, from: string, design: Design, path: Path): Issue[] {
  if (parseIp(to) !== undefined) return [];
  const [name = '', wanted, ...rest] = to.split(':');
  const found = rest.length === 0 ? nodeNamed(design, name) : undefined;
  if (found !== undefined) {
    const interfaces = Object.keys(found.interfaces ?? {});
    if (wanted === undefined || interfaces.includes(wanted)) return [];
    return [issue('unknown-name', path, `${name} has no interface "${wanted}"`, didYouMean(wanted, interfaces))];
  }
  if (rest.length > 0 || /^[\d.]+$/.test(to)) return [issue('address', path, explainPrefix(to, 'address'))];
  if (wanted !== undefined) return [unknownNode(design, name, path)];
  if (!/^[A-Za-z0-9_.-]+$/.test(to)) {
    return [issue('unknown-name', path, `"${to}" is neither a node nor an address nor a DNS name`)];
  }
  return to.includes('.') || asksDns(design, from) ? [] : [unknownNode(design, to, path)];
}

/** A sender with DHCP may learn of a resolver. */
function asksDns(design: Design, from: string): boolean {
  const node = nodeNamed(design, from);
  if (node === undefined) return false;
  return (node.resolver ?? []).length > 0 || [...interfacesOf(node).values()].some(({ dhcp }) => dhcp);
}

function checkUrl(url: string, from: string, design: Design): Issue[] {
  const path = ['fetch', 'url'];
  const [, host = '', port] = /^https?:\/\/(\[[^\]]*\]|[^:/]*)(?::([^/]*))?(?:\/|$)/.exec(url) ?? [];
  if (host === '') return [issue('url', path, `"${url}" names no host`)];
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65535)) {
    return [issue('url', path, `"${port}" is not a port: write 1 to 65535`)];
  }
  return checkTarget(host.startsWith('[') ? host.slice(1, -1) : host, from, design, path);
}

type Packet = Extract<Step, { send: unknown }>['send'];

/** The fields of a packet must be those of its protocol. */
function checkPacket(packet: Packet): Issue[] {
  const issues: Issue[] = [];
  const name = String(packet.protocol);
  const match = { protocol: packet.protocol };
  const [protocol] = protocolsOf(match) ?? [];
  const version = protocol === PROTOCOL.icmp ? 4 : protocol === PROTOCOL.icmpv6 ? 6 : undefined;
  const stray = (field: 'port' | 'sourcePort' | 'tcpFlags' | 'icmpType', message: string): void => {
    if (packet[field] !== undefined) issues.push(issue('packet', ['send', field], message));
  };
  if (protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp) {
    if (packet.port === undefined) issues.push(issue('packet', ['send'], `${name} needs a "port" to send to`));
  } else if (!hasPorts(match)) {
    stray('port', `${name} has no ports`);
    // an ICMP query has an identifier in its place
    if (version === undefined) stray('sourcePort', `${name} has no ports`);
  }
  if (!isTcpOnly(match)) stray('tcpFlags', `${name} has no TCP flags`);
  if (version === undefined) stray('icmpType', `${name} has no ICMP type`);
  else if (packet.icmpType !== undefined && icmpTypeNumber(packet.icmpType, version) === undefined) {
    stray('icmpType', `${version === 4 ? 'ICMP' : 'ICMPv6'} has no type "${packet.icmpType}"`);
  }
  return issues;
}
