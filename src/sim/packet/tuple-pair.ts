/**
 * Both tuples of a flow, packed. Those of IPv4 are some words in one object: each by itself would be an object with
 * numbers that are objects again, and a million flows are many objects for a collector of garbage to move about.
 */
import { type Endpoint, endpointAt } from '../addr/endpoint.ts';
import { type Ip, ip4, isIp4 } from '../addr/ip.ts';
import type { Tcp, Udp } from './packet.ts';
import { PROTOCOL } from './protocol.ts';
import { reversed, type Tuple, withEnd } from './tuple.ts';

/** For whoever has two tuples to extend. Those of nothing until it is given some. */
export class TuplePair {
  // fields are only declared: defining them first, and then giving them their values, doubles the time for a connection
  /** 32 bits each, signed: the addresses (0 for IPv6), both ports, and protocol with ICMP type and code. */
  declare src: number;
  declare dst: number;
  declare ports: number;
  declare rest: number;
  declare replySrc: number;
  declare replyDst: number;
  declare replyPorts: number;
  declare replyRest: number;
  /** The tuples themselves, where one of them is of IPv6. */
  declare wide: { readonly original: Tuple; readonly reply: Tuple } | undefined;

  constructor() {
    this.src = 0;
    this.dst = 0;
    this.ports = 0;
    this.rest = 0;
    this.replySrc = 0;
    this.replyDst = 0;
    this.replyPorts = 0;
    this.replyRest = 0;
    this.wide = undefined;
  }

  /** Gives it the tuple of its first packet, and that of answers to it. */
  begin(original: Tuple): void {
    this.src = wordOf(original.src);
    this.dst = wordOf(original.dst);
    this.ports = portsOf(original);
    this.rest = restOf(original);
    setBoth(this, original, reversed(original));
  }

  /** The same, where that packet is of IPv4 and has ports. */
  beginFlow(packet: Tcp | Udp): void {
    const ports = portsOf(packet);
    const src = wordOf(packet.src);
    const dst = wordOf(packet.dst);
    const rest = PROTOCOL[packet.kind] << 16;
    this.src = src;
    this.dst = dst;
    this.ports = ports;
    this.rest = rest;
    this.replySrc = dst;
    this.replyDst = src;
    this.replyPorts = swapped(ports);
    this.replyRest = rest;
    this.wide = undefined;
  }

  /** Gives it the tuples of another. */
  take(pair: TuplePair): void {
    this.src = pair.src;
    this.dst = pair.dst;
    this.ports = pair.ports;
    this.rest = pair.rest;
    this.wide = pair.wide;
    this.replySrc = pair.replySrc;
    this.replyDst = pair.replyDst;
    this.replyPorts = pair.replyPorts;
    this.replyRest = pair.replyRest;
  }

  /** The protocol of the original tuple; the other has another where ICMP crosses from family to family. */
  get protocol(): number {
    return this.rest >>> 16;
  }

  get original(): Tuple {
    return this.wide?.original ?? unpack(this.src, this.dst, this.ports, this.rest);
  }

  /** What answers look like when they arrive: the reverse of `original` until something is translated. */
  get reply(): Tuple {
    return this.wide?.reply ?? unpack(this.replySrc, this.replyDst, this.replyPorts, this.replyRest);
  }

  set reply(reply: Tuple) {
    setBoth(this, this.original, reply);
  }

  /** The flow as it looks to those who answer: the reverse of `reply`. */
  get beyond(): Tuple {
    if (this.wide !== undefined || this.replyRest >>> 16 === PROTOCOL.icmp) return reversed(this.reply);
    return unpack(this.replyDst, this.replySrc, swapped(this.replyPorts), this.replyRest);
  }

  set beyond(tuple: Tuple) {
    const { src, dst, protocol } = tuple;
    if (this.wide !== undefined || protocol === PROTOCOL.icmp || !isIp4(src)) {
      this.reply = reversed(tuple);
      return;
    }
    this.replySrc = wordOf(dst);
    this.replyDst = wordOf(src);
    this.replyPorts = swapped(portsOf(tuple));
    this.replyRest = restOf(tuple);
  }

  /** One end of that; for ICMP the identifier is the port. */
  endBeyond(side: 'source' | 'destination'): Endpoint {
    const { wide, replyPorts } = this;
    if (wide !== undefined) {
      const { src, dst, sport, dport } = wide.reply;
      return side === 'source' ? endpointAt(dst, dport) : endpointAt(src, sport);
    }
    return side === 'source'
      ? endpointAt(ip4(this.replyDst >>> 0), replyPorts & 0xffff)
      : endpointAt(ip4(this.replySrc >>> 0), replyPorts >>> 16);
  }

  /** Whether that is this end. */
  hasEndBeyond(side: 'source' | 'destination', { ip, port }: Endpoint): boolean {
    const { wide, replyPorts } = this;
    if (wide !== undefined || !isIp4(ip)) {
      const own = this.endBeyond(side);
      return own.ip === ip && own.port === port;
    }
    return side === 'source'
      ? this.replyDst === (ip | 0) && (replyPorts & 0xffff) === port
      : this.replySrc === (ip | 0) && replyPorts >>> 16 === port;
  }

  /** Gives it another end beyond; an ICMP query has one identifier for both ends. */
  moveEndBeyond(side: 'source' | 'destination', { ip, port }: Endpoint): void {
    if (this.wide !== undefined || !isIp4(ip)) {
      this.beyond = withEnd(this.beyond, side, ip, port);
      return;
    }
    if (side === 'source') this.replyDst = ip | 0;
    else this.replySrc = ip | 0;
    this.replyPorts = withPort(this, side, port);
  }
}

/** Both ports of its answers, were one end beyond at this port. */
export function withPort({ replyPorts, replyRest }: TuplePair, side: 'source' | 'destination', port: number): number {
  if (replyRest >>> 16 === PROTOCOL.icmp) return (port << 16) | port;
  return side === 'source' ? (replyPorts & ~0xffff) | port : (port << 16) | (replyPorts & 0xffff);
}

function setBoth(pair: TuplePair, original: Tuple, reply: Tuple): void {
  pair.replySrc = wordOf(reply.src);
  pair.replyDst = wordOf(reply.dst);
  pair.replyPorts = portsOf(reply);
  pair.replyRest = restOf(reply);
  pair.wide = isIp4(original.src) && isIp4(reply.src) ? undefined : { original, reply };
}

/** An IPv4 address as a signed word; 0 for IPv6. */
function wordOf(ip: Ip): number {
  return isIp4(ip) ? ip | 0 : 0;
}

/** Both ports in 32 bits. */
export function portsOf({ sport, dport }: Pick<Tuple, 'sport' | 'dport'>): number {
  return (sport << 16) | dport;
}

/** The same the other way round. */
export function swapped(ports: number): number {
  return (ports << 16) | (ports >>> 16);
}

/** Protocol, ICMP type and code in 32 bits. */
export function restOf({ protocol, type = 0, code = 0 }: Tuple): number {
  return (protocol << 16) | (type << 8) | code;
}

function unpack(from: number, to: number, ports: number, rest: number): Tuple {
  const [src, dst] = [ip4(from >>> 0), ip4(to >>> 0)];
  const [sport, dport] = [ports >>> 16, ports & 0xffff];
  const protocol = rest >>> 16;
  if (protocol !== PROTOCOL.icmp) return { protocol, src, dst, sport, dport };
  return { protocol, src, dst, sport, dport, type: (rest >>> 8) & 0xff, code: rest & 0xff };
}
