/**
 * The packet inside an ICMP error, translated with the error. It is bytes, cut anywhere, and keeps its lengths and TTL.
 *
 * Read RFC 7915 §4.3, §5.3 and RFC 5508 §4.2 first.
 */
import { type Ip, toBytes } from '../../addr/ip.ts';
import { pseudoSum, sum, sumIp, update } from '../checksum.ts';
import type { Quote } from '../icmp-error.ts';
import { PROTOCOL } from '../protocol.ts';
import { translateQuery } from './icmp.ts';

/** The addresses of a translated packet, both of the other family. */
export interface Ends {
  readonly src: Ip;
  readonly dst: Ip;
}

/** The quote with headers of the other family; undefined when it speaks of what is never translated. */
export function translateQuote(bytes: Uint8Array, quote: Quote, ends: Ends): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const four = typeof quote.src === 'number';
  const body = bytes.slice(quote.transport);
  // the length of the body as the packet had it, not as it was quoted
  const length = four ? view.getUint16(2) - quote.transport : view.getUint16(4) + 40 - quote.transport;
  const protocol = translateProtocol(quote.protocol, four ? 4 : 6);
  if (protocol === undefined) return undefined;
  if (quote.offset === 0 && !translateBody(body, { quote, ends, length })) return undefined;
  const header = four
    ? toSix(view, { quote, ends, protocol, length })
    : toFour(view, { quote, ends, protocol, length });
  const whole = new Uint8Array(header.length + body.length);
  whole.set(header);
  whole.set(body, header.length);
  return whole;
}

/** ICMP has another number in the other family; the number of the other family's stands for nothing here. */
export function translateProtocol(protocol: number, from: 4 | 6): number | undefined {
  const [own, other] = from === 4 ? [PROTOCOL.icmp, PROTOCOL.icmpv6] : [PROTOCOL.icmpv6, PROTOCOL.icmp];
  if (protocol === other) return undefined;
  return protocol === own ? other : protocol;
}

interface Inner {
  readonly quote: Quote;
  readonly ends: Ends;
  readonly protocol: number;
  readonly length: number;
}

const FRAGMENT = 44;

function toSix(view: DataView, { quote, ends, protocol, length }: Inner): Uint8Array {
  const word = view.getUint16(6);
  const cut = (word & 0x3fff) !== 0;
  const bytes = new Uint8Array(cut ? 48 : 40);
  const out = new DataView(bytes.buffer);
  out.setUint16(0, 0x6000 | (view.getUint8(1) << 4));
  out.setUint16(4, length + bytes.length - 40);
  out.setUint8(6, cut ? FRAGMENT : protocol);
  out.setUint8(7, quote.ttl);
  bytes.set(toBytes(ends.src), 8);
  bytes.set(toBytes(ends.dst), 24);
  if (cut) {
    out.setUint8(40, protocol);
    out.setUint16(42, ((word & 0x1fff) << 3) | ((word & 0x2000) === 0 ? 0 : 1));
    out.setUint32(44, view.getUint16(4));
  }
  return bytes;
}

function toFour(view: DataView, { quote, ends, protocol, length }: Inner): Uint8Array {
  const bytes = new Uint8Array(20);
  const out = new DataView(bytes.buffer);
  // a fragment header stands last before the body
  const cut = view.getUint8(6) === FRAGMENT && quote.transport === 48;
  const word = cut ? view.getUint16(42) : 0;
  const total = length + 20;
  out.setUint16(0, 0x4500 | ((view.getUint16(0) >> 4) & 0xff));
  out.setUint16(2, total);
  out.setUint16(4, cut ? view.getUint16(46) : 0);
  out.setUint16(6, cut ? (word >> 3) | ((word & 1) << 13) : total > 1260 ? 0x4000 : 0);
  out.setUint8(8, quote.ttl);
  out.setUint8(9, protocol);
  bytes.set(toBytes(ends.src), 12);
  bytes.set(toBytes(ends.dst), 16);
  out.setUint16(10, ~sum(bytes) & 0xffff);
  return bytes;
}

/** Brings type and checksum along, as far as they are there; false for a message that has no counterpart. */
function translateBody(body: Uint8Array, inner: { quote: Quote; ends: Ends; length: number }): boolean {
  const { quote, ends, length } = inner;
  const view = new DataView(body.buffer);
  const four = typeof quote.src === 'number';
  const swap = (at: number, before: number, after: number) => {
    if (at + 2 > body.length) return;
    const old = view.getUint16(at);
    const changed = update(old, before, after);
    if (quote.protocol !== PROTOCOL.udp) view.setUint16(at, changed);
    else if (old !== 0) view.setUint16(at, changed || 0xffff);
  };
  const pseudo = (pair: Ends) => sum(EMPTY, sumIp(pair.src) + sumIp(pair.dst));
  if (quote.protocol === PROTOCOL.tcp || quote.protocol === PROTOCOL.udp) {
    swap(quote.protocol === PROTOCOL.tcp ? 16 : 6, pseudo(quote), pseudo(ends));
    return true;
  }
  if (quote.protocol !== (four ? PROTOCOL.icmp : PROTOCOL.icmpv6)) return true;
  const type = quote.type === undefined ? undefined : translateQuery(quote.type, four ? 4 : 6);
  if (type === undefined) return false;
  const before = view.getUint16(0);
  view.setUint8(0, type);
  swap(2, before, view.getUint16(0));
  const six = four ? ends : quote;
  const covered = pseudoSum(six.src, six.dst, PROTOCOL.icmpv6, length);
  swap(2, four ? 0 : covered, four ? covered : 0);
  return true;
}

const EMPTY = new Uint8Array(0);
