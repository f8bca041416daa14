/**
 * STUN messages and bytes. Read RFC 8489 §5 and §14, and RFC 5780 §7 first.
 *
 * Every message that is written ends with FINGERPRINT. MESSAGE-INTEGRITY is read as an attribute like any other, and its
 * keyed hash is not checked: nothing in the simulation has credentials.
 */
import type { Endpoint } from '../../../addr/endpoint.ts';
import { fromBytes, isIp4, toBytes } from '../../../addr/ip.ts';
import { concat, NOTHING } from '../stream/bytes.ts';
import { fingerprintOf } from './fingerprint.ts';

/** Attribute types; below 0x8000 a receiver must understand them. */
export const ATTRIBUTE = {
  mappedAddress: 0x0001,
  changeRequest: 0x0003,
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  xorPeerAddress: 0x0012,
  xorMappedAddress: 0x0020,
  useCandidate: 0x0025,
  responsePort: 0x0027,
  software: 0x8022,
  fingerprint: 0x8028,
  responseOrigin: 0x802b,
  otherAddress: 0x802c,
} as const;

/** The method of all messages here. */
export const BINDING = 1;

export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

const CLASSES = ['request', 'indication', 'success', 'error'] as const;

export interface StunMessage {
  readonly kind: (typeof CLASSES)[number];
  /** 12 bits. */
  readonly method: number;
  /** 12 bytes; an answer has that of its request. */
  readonly transaction: Uint8Array;
  /** FINGERPRINT left out: it is written anew, and checked when read. */
  readonly attributes: readonly Attribute[];
}

const COOKIE = 0x2112_a442;
const HEADER = 20;

/** A message as it goes over the wire. */
export function encodeStun({ kind, method, transaction, attributes }: StunMessage): Uint8Array {
  const body = concat(...attributes.map(encodeAttribute));
  const bytes = new Uint8Array(HEADER + body.length + 8);
  const view = new DataView(bytes.buffer);
  const order = CLASSES.indexOf(kind);
  view.setUint16(0, spread(method) | ((order & 2) << 7) | ((order & 1) << 4));
  view.setUint16(2, body.length + 8);
  view.setUint32(4, COOKIE);
  bytes.set(transaction, 8);
  bytes.set(body, HEADER);
  const end = HEADER + body.length;
  view.setUint16(end, ATTRIBUTE.fingerprint);
  view.setUint16(end + 2, 4);
  view.setUint32(end + 4, fingerprintOf(bytes.subarray(0, end)));
  return bytes;
}

/** The bits of the method stand around those of the class (RFC 8489 §5, figure 3). */
function spread(method: number): number {
  return (method & 0xf) | ((method & 0x70) << 1) | ((method & 0xf80) << 2);
}

function gather(type: number): number {
  return (type & 0xf) | ((type >> 1) & 0x70) | ((type >> 2) & 0xf80);
}

function encodeAttribute({ type, value }: Attribute): Uint8Array {
  const bytes = new Uint8Array(4 + padded(value.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, type);
  view.setUint16(2, value.length);
  bytes.set(value, 4);
  return bytes;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

/** The message in these bytes; undefined when they are none, or when its FINGERPRINT is wrong. */
export function decodeStun(bytes: Uint8Array): StunMessage | undefined {
  if (bytes.length < HEADER || stunLength(bytes) !== bytes.length) return undefined;
  const view = viewOf(bytes);
  const type = view.getUint16(0);
  const kind = CLASSES[((type >> 7) & 2) | ((type >> 4) & 1)];
  const attributes = readAttributes(bytes);
  if (type >= 0x4000 || view.getUint32(4) !== COOKIE || kind === undefined || attributes === undefined) {
    return undefined;
  }
  return { kind, method: gather(type), transaction: bytes.slice(8, HEADER), attributes };
}

function readAttributes(bytes: Uint8Array): Attribute[] | undefined {
  const view = viewOf(bytes);
  const attributes: Attribute[] = [];
  for (let at = HEADER; at < bytes.length; ) {
    const [type, length] = [view.getUint16(at), view.getUint16(at + 2)];
    const next = at + 4 + padded(length);
    if (next > bytes.length) return undefined;
    if (type === ATTRIBUTE.fingerprint) {
      const right = length === 4 && view.getUint32(at + 4) === fingerprintOf(bytes.subarray(0, at));
      // It is the last one; what stands behind it is ignored.
      return right ? attributes : undefined;
    }
    attributes.push({ type, value: bytes.slice(at + 4, at + 4 + length) });
    at = next;
  }
  return attributes;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** How long the message at the start of these bytes is, in bytes; undefined while its header has not come whole. */
export function stunLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEADER) return undefined;
  const length = viewOf(bytes).getUint16(2);
  return length % 4 === 0 ? HEADER + length : undefined;
}

/** The value of the first attribute of a type. */
export function attributeOf({ attributes }: StunMessage, type: number): Uint8Array | undefined {
  return attributes.find((attribute) => attribute.type === type)?.value;
}

/** An endpoint as it is. */
export function addressAttribute(type: number, endpoint: Endpoint): Attribute {
  return { type, value: writeEndpoint(endpoint, NOTHING) };
}

/** An endpoint hidden from boxes that rewrite whatever looks like an address (RFC 8489 §14.2). */
export function hiddenAttribute(type: number, endpoint: Endpoint, transaction: Uint8Array): Attribute {
  return { type, value: writeEndpoint(endpoint, maskOf(transaction)) };
}

/** The endpoint in an attribute; undefined when it is not there, or is none. */
export function addressIn(message: StunMessage, type: number): Endpoint | undefined {
  return readEndpoint(attributeOf(message, type), NOTHING);
}

/** As `addressIn`, of an attribute that is hidden. */
export function hiddenIn(message: StunMessage, type: number): Endpoint | undefined {
  return readEndpoint(attributeOf(message, type), maskOf(message.transaction));
}

function maskOf(transaction: Uint8Array): Uint8Array {
  const mask = new Uint8Array(16);
  viewOf(mask).setUint32(0, COOKIE);
  mask.set(transaction, 4);
  return mask;
}

function writeEndpoint({ ip, port }: Endpoint, mask: Uint8Array): Uint8Array {
  const address = toBytes(ip);
  const value = new Uint8Array(4 + address.length);
  value[1] = isIp4(ip) ? 1 : 2;
  viewOf(value).setUint16(2, port);
  value.set(address, 4);
  hide(value, mask);
  return value;
}

function readEndpoint(found: Uint8Array | undefined, mask: Uint8Array): Endpoint | undefined {
  const size = found?.[1] === 1 ? 8 : found?.[1] === 2 ? 20 : undefined;
  if (found === undefined || found.length !== size) return undefined;
  const value = found.slice();
  hide(value, mask);
  return { ip: fromBytes(value.subarray(4)), port: viewOf(value).getUint16(2) };
}

/** The port is hidden by the first half of the cookie, the address by all of the mask. Done twice it undoes itself. */
function hide(value: Uint8Array, mask: Uint8Array): void {
  for (let i = 2; i < value.length; i++) value[i] = (value[i] ?? 0) ^ (mask[i < 4 ? i - 2 : i - 4] ?? 0);
}
