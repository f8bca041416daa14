/** What a node offers: its services, and its answer to a ping. */
import type { Ip } from '../sim/addr/ip.ts';
import type { Node } from '../sim/design/design.ts';
import { parseService, type ServiceDef } from '../sim/design/service.ts';

export type FlowProtocol = 'tcp' | 'udp' | 'icmp';

/** Something that a flow can ask a node for. */
export interface Offer {
  readonly protocol: FlowProtocol;
  /** None for a ping. */
  readonly port?: number;
  /** `http`, `ftp`, `dns`, `echo`; `ping` for what every node answers. */
  readonly app: string;
  /** Where it listens, when not on every address of the node. */
  readonly address?: Ip;
  /** A name that a DNS server has records of. */
  readonly name?: string;
}

const PING: Offer = { protocol: 'icmp', app: 'ping' };

const known = new WeakMap<Node, readonly Offer[]>();

/**
 * The services of a node and its ping. DHCP is not among them, which is asked on its own segment by those that have no
 * address yet; DNS is asked over UDP on port 53 and connected to over TCP.
 */
export function offersOf(node: Node): readonly Offer[] {
  const before = known.get(node);
  if (before !== undefined) return before;
  const offers = [...(node.services ?? []).flatMap((spec) => offered(parseService(spec))), PING];
  known.set(node, offers);
  return offers;
}

function offered(service: ServiceDef | undefined): Offer[] {
  if (service === undefined || service.app === 'dhcp') return [];
  const { app, port, address } = service;
  const on = (protocol: FlowProtocol, name?: string): Offer => ({
    protocol,
    port,
    app,
    ...(address === undefined ? {} : { address }),
    ...(name === undefined ? {} : { name }),
  });
  if (service.app === 'echo') return [on(service.protocol)];
  if (service.app === 'stun') return [on('udp')];
  if (service.app !== 'dns') return [on('tcp')];
  return port === 53 ? [on('udp', Object.keys(service.records)[0]), on('tcp')] : [on('tcp')];
}
