/**
 * DHCP without asking: what each client on a segment would be given, written into the design as if by hand. For
 * surroundings in which no client runs, such as the real kernel. Read RFC 2131 first.
 */
import { type Ip, isIp4, offsetIp, showIp } from '../addr/ip.ts';
import { contains, type InterfaceAddress } from '../addr/prefix.ts';
import type { Design, InterfaceSpec, Node } from '../design/design.ts';
import { parseService, type ServiceDef } from '../design/service.ts';
import { interfaceOf, interfacesOf, type Link, type LinkEnd, linksOf } from '../design/topology.ts';

type Server = Extract<ServiceDef, { app: 'dhcp' }>;

/** The design with an address for every client that a server on its segment has one for, pools used in order. */
export function giveLeases(design: Design): Design {
  return linksOf(design)
    .filter(({ up }) => up)
    .reduce(leaseSegment, design);
}

function leaseSegment(design: Design, link: Link): Design {
  const [offer] = link.ends.flatMap((end) => serversAt(design, end));
  if (offer === undefined) return design;
  const free = addressesOf(design, offer);
  return link.ends
    .filter((end) => asks(design, end))
    .reduce((given, end) => {
      const ip = free.next().value;
      return ip === undefined ? given : lease(given, end, { ip, prefix: offer.on.prefix }, offer.server);
    }, design);
}

interface Offer {
  readonly server: Server;
  readonly on: InterfaceAddress;
}

function serversAt(design: Design, end: LinkEnd): Offer[] {
  const node = design.nodes[end.node];
  const addresses = node === undefined ? [] : (interfacesOf(node).get(end.interface)?.addresses ?? []);
  return (node?.services ?? []).flatMap((spec) => {
    const server = parseService(spec);
    if (server?.app !== 'dhcp') return [];
    const on = addresses.find(({ prefix }) => contains(prefix, server.pool.from));
    return on === undefined ? [] : [{ server, on }];
  });
}

/** The pool in order, without the addresses that somebody has by hand. */
function* addressesOf(design: Design, { server }: Offer): Generator<Ip, undefined> {
  const taken = new Set(
    Object.values(design.nodes).flatMap((node) =>
      [...interfacesOf(node).values()].flatMap(({ addresses }) => addresses.map(({ ip }) => ip)),
    ),
  );
  const { from, to } = server.pool;
  for (let ip = from; ip <= to; ip = offsetIp(ip, 1)) {
    if (!taken.has(ip)) yield ip;
    if (ip === to) return undefined;
  }
  return undefined;
}

function asks(design: Design, end: LinkEnd): boolean {
  const spec = design.nodes[end.node]?.interfaces?.[end.interface];
  if (spec === undefined) return false;
  const { dhcp, up } = interfaceOf(spec);
  return dhcp && up;
}

function lease(design: Design, end: LinkEnd, address: InterfaceAddress, server: Server): Design {
  const node = design.nodes[end.node];
  const spec = node?.interfaces?.[end.interface];
  if (node === undefined || spec === undefined) return design;
  const { router } = server;
  const resolver = node.resolver ?? server.resolver.map(showIp);
  const leased: Node = {
    ...node,
    interfaces: { ...node.interfaces, [end.interface]: withAddress(spec, address) },
    ...(router === undefined || !isIp4(router)
      ? {}
      : { routes: [...(node.routes ?? []), { to: '0.0.0.0/0', via: showIp(router) }] }),
    ...(resolver.length === 0 ? {} : { resolver }),
  };
  return { ...design, nodes: { ...design.nodes, [end.node]: leased } };
}

function withAddress(spec: InterfaceSpec, { ip, prefix }: InterfaceAddress): InterfaceSpec {
  const { addresses, up, mtu } = interfaceOf(spec);
  const all = [...addresses, { ip, prefix }];
  return { addresses: all.map((each) => `${showIp(each.ip)}/${each.prefix.length}`), up, mtu };
}
