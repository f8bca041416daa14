/**
 * Both tuples of a flow, packed. Those of IPv4 are some words in one object: each by itself would be an object with
 * numbers that are objects again, and a million flows are many objects for a collector of garbage to move about.
 */
import { type Ip, ip4, isIp4 } from '../addr/ip.ts';
import { PROTOCOL } from './protocol.ts';
import { reversed, sameTuple, type Tuple } from './tuple.ts';

/** For whoever has two tuples to extend. */
export class TuplePair {
  // fields are only declared: defining them first, and then giving them their values, doubles the time for a connection
  /** 32 bits each, signed: the addresses (0 for IPv6), both ports, and protocol with ICMP type and code. */
  declare readonly src: number;
  declare readonly dst: number;
  declare readonly ports: number;
  declare readonly rest: number;
  declare replySrc: number;
  declare replyDst: number;
  declare replyPorts: number;
  declare replyRest: number;
  /** The tuples themselves, where one of them is of IPv6. */
  declare wide: { readonly original: Tuple; readonly reply: Tuple } | undefined;

  constructor(original: Tuple, reply: Tuple) {
    this.src = wordOf(original.src);
    this.dst = wordOf(original.dst);
    this.ports = portsOf(original);
    this.rest = restOf(original);
    this.replySrc = wordOf(reply.src);
    this.replyDst = wordOf(reply.dst);
    this.replyPorts = portsOf(reply);
    this.replyRest = restOf(reply);
    this.wide = isIp4(original.src) && isIp4(reply.src) ? undefined : { original, reply };
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
    const wide = isIp4(reply.src) && this.wide === undefined ? undefined : { original: this.original, reply };
    this.replySrc = wordOf(reply.src);
    this.replyDst = wordOf(reply.dst);
    this.replyPorts = portsOf(reply);
    this.replyRest = restOf(reply);
    this.wide = wide;
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

  /** Where answers come from, and where they go. */
  get replyEnds(): readonly [src: Ip, dst: Ip] {
    if (this.wide !== undefined) return [this.wide.reply.src, this.wide.reply.dst];
    return [ip4(this.replySrc >>> 0), ip4(this.replyDst >>> 0)];
  }

  /** Whether this is what answers look like. */
  isReply(tuple: Tuple): boolean {
    if (this.wide !== undefined) return sameTuple(tuple, this.wide.reply);
    const { src, dst } = tuple;
    if (!isIp4(src) || this.replySrc !== wordOf(src) || this.replyDst !== wordOf(dst)) return false;
    return this.replyPorts === portsOf(tuple) && this.replyRest === restOf(tuple);
  }
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
