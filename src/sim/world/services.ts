/** The long-lived applications of a node: its services, and a DHCP client on each interface that asks for an address. */
import { type Ip, showIp } from '../addr/ip.ts';
import { contains } from '../addr/prefix.ts';
import { fail } from '../base/fail.ts';
import type { Design } from '../design/design.ts';
import { parseService, type ServiceDef, stunPairs } from '../design/service.ts';
import { interfaceOf, nodeNamed } from '../design/topology.ts';
import type { App } from '../host/app/app.ts';
import { dhcpClient } from '../host/app/dhcp-client.ts';
import { dhcpServer } from '../host/app/dhcp-server.ts';
import { dnsServer } from '../host/app/dns.ts';
import { echoServer } from '../host/app/echo.ts';
import { ftpServer } from '../host/app/ftp-server.ts';
import { httpServer } from '../host/app/http.ts';
import { pcpServer } from '../host/app/pcp/server.ts';
import { stunServer } from '../host/app/stun/server.ts';
import { spread } from './loop.ts';
import type { RunningNode } from './node.ts';
import { nodeOf, type State } from './state.ts';

/** Starts the services of every node, in the order of the design. */
export function startAll(state: State): void {
  for (const name of state.order) {
    if (hasServices(state.design, name)) syncServices(state, nodeOf(state, name));
  }
}

/** Whether a node may have anything to start: a service, or a client that asks for an address. */
export function hasServices(design: Design, name: string): boolean {
  const { interfaces = {}, services = [] } = nodeNamed(design, name) ?? fail(`no node ${name}`);
  return services.length > 0 || Object.values(interfaces).some((spec) => interfaceOf(spec).dhcp);
}

/** The node has lost its mappings: whoever gives them begins to count anew (RFC 6887 §8.5). */
export function restartGivers(state: State, node: RunningNode): void {
  const givers = [...node.services.keys()].filter((each) => each.startsWith('pcp '));
  for (const id of givers) {
    node.services.delete(id);
    spread(state, node, node.host.stop(id, state.now));
  }
  if (givers.length > 0) syncServices(state, node);
}

/** Starts what the design names and is not running so, stops what runs and is not named so any more. */
export function syncServices(state: State, node: RunningNode): void {
  const wanted = wantedOn(state, node);
  for (const [id, written] of node.services) {
    if (wanted.get(id)?.written === written) continue;
    node.services.delete(id);
    spread(state, node, node.host.stop(id, state.now));
  }
  for (const [id, { written, make }] of wanted) {
    if (node.services.has(id)) continue;
    node.services.set(id, written);
    spread(state, node, node.host.start(make(), id, state.now));
  }
}

interface Wanted {
  /** The specification as text: what is written otherwise is another service. */
  readonly written: string;
  make(): App<unknown>;
}

function wantedOn(state: State, node: RunningNode): ReadonlyMap<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  for (const spec of nodeNamed(state.design, node.name)?.services ?? []) {
    const service = parseService(spec) ?? fail(`unchecked service ${JSON.stringify(spec)}`);
    // A STUN server has a second address to answer from, and begins again when it has another.
    const pairs = service.app === 'stun' ? stunPairs(service, addressesOf(node)).flat().map(showIp) : [];
    wanted.set(idOf(service), { written: JSON.stringify([spec, ...pairs]), make: () => appOf(service, node) });
  }
  for (const { name, dhcp, up, mac } of node.router.program.interfaces.values()) {
    const client = { interface: name, mac, hostname: node.name };
    if (dhcp && up) wanted.set(`dhcp client ${name}`, { written: name, make: () => dhcpClient(client) });
  }
  return wanted;
}

/** `http tcp/80`, `dns 203.0.113.53`: what a trace calls it. */
function idOf(service: ServiceDef): string {
  const at = service.address === undefined ? '' : ` on ${showIp(service.address)}`;
  if (service.app === 'dhcp') return `dhcp from ${showIp(service.pool.from)}`;
  if (service.app === 'echo') return `${service.protocol}/${service.port}${at}`;
  const tcpOnly = service.app === 'http' || service.app === 'ftp';
  return `${service.app} ${tcpOnly ? 'tcp/' : ''}${service.port}${at}`;
}

function appOf(service: ServiceDef, node: RunningNode): App<unknown> {
  switch (service.app) {
    case 'echo':
      return echoServer(service);
    case 'http':
      return httpServer({ ...service, name: node.name });
    case 'ftp':
      return ftpServer(service);
    case 'dns':
      return dnsServer(service);
    case 'dhcp':
      return dhcpServer({ ...service, ...segmentOf(service, node) });
    case 'pcp':
      return pcpServer(service);
    case 'stun':
      return stunServer({ ...service, pairs: stunPairs(service, addressesOf(node)) });
  }
}

function addressesOf({ router }: RunningNode): Ip[] {
  return [...router.program.interfaces.values()].flatMap(({ addresses }) => addresses.map(({ ip }) => ip));
}

/** The interface on whose network the pool lies. */
function segmentOf({ pool }: Extract<ServiceDef, { app: 'dhcp' }>, node: RunningNode) {
  for (const { name, addresses } of node.router.program.interfaces.values()) {
    const own = addresses.find(({ prefix }) => contains(prefix, pool.from));
    if (own !== undefined) return { interface: name, address: own.ip, prefix: own.prefix };
  }
  return fail('a DHCP pool on no network of its node');
}
