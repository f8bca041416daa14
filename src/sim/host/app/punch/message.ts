/** What peers and their rendezvous say to each other, as STUN Binding messages. */
import type { Endpoint } from '../../../addr/endpoint.ts';
import { fromLatin1, toLatin1 } from '../stream/bytes.ts';
import {
  ATTRIBUTE,
  addressAttribute,
  addressIn,
  attributeOf,
  BINDING,
  encodeStun,
  hiddenAttribute,
  hiddenIn,
  type StunMessage,
} from '../stun/message.ts';

/** Attributes of experiments (RFC 8489 §18.3): the endpoint of a client on its own node, and that of its peer. */
const OWN_ENDPOINT = 0xc001;
const PEER_ENDPOINT = 0xc002;

/** Tells the rendezvous who is there. */
export function register(transaction: Uint8Array, name: string, own: Endpoint): Uint8Array {
  const attributes = [username(name), addressAttribute(OWN_ENDPOINT, own)];
  return encodeStun({ kind: 'request', method: BINDING, transaction, attributes });
}

/** A registration as the rendezvous reads it. */
export function readRegistration(message: StunMessage): { readonly name: string; readonly own: Endpoint } | undefined {
  const own = addressIn(message, OWN_ENDPOINT);
  return own === undefined ? undefined : { name: nameIn(message), own };
}

/** A client as the rendezvous knows it. */
export interface Known {
  /** Its endpoint as seen from outside. */
  readonly seenAs: Endpoint;
  /** Its endpoint on its own node. */
  readonly own: Endpoint;
}

/** What the rendezvous tells a client: its own endpoint, and its peer once that is known. */
export function introduce(transaction: Uint8Array, client: Known, peer: Known | undefined): Uint8Array {
  const attributes = [hiddenAttribute(ATTRIBUTE.xorMappedAddress, client.seenAs, transaction)];
  if (peer !== undefined) {
    attributes.push(hiddenAttribute(ATTRIBUTE.xorPeerAddress, peer.seenAs, transaction));
    attributes.push(addressAttribute(PEER_ENDPOINT, peer.own));
  }
  return encodeStun({ kind: 'success', method: BINDING, transaction, attributes });
}

export interface Introduction {
  readonly seenAs: Endpoint;
  readonly peer?: Known;
}

export function readIntroduction(message: StunMessage): Introduction | undefined {
  const seenAs = hiddenIn(message, ATTRIBUTE.xorMappedAddress);
  if (message.kind !== 'success' || seenAs === undefined) return undefined;
  const peer = hiddenIn(message, ATTRIBUTE.xorPeerAddress);
  const own = addressIn(message, PEER_ENDPOINT);
  return peer === undefined || own === undefined ? { seenAs } : { seenAs, peer: { seenAs: peer, own } };
}

/** Asks the peer for an answer; `settled` says that an answer of its own has come back already. */
export function check(transaction: Uint8Array, from: string, settled: boolean): Uint8Array {
  const nominated = settled ? [{ type: ATTRIBUTE.useCandidate, value: new Uint8Array(0) }] : [];
  return encodeStun({ kind: 'request', method: BINDING, transaction, attributes: [username(from), ...nominated] });
}

/** Who asks, and whether it has its own answer. */
export function readCheck(message: StunMessage): { readonly from: string; readonly settled: boolean } | undefined {
  if (message.kind !== 'request') return undefined;
  return { from: nameIn(message), settled: attributeOf(message, ATTRIBUTE.useCandidate) !== undefined };
}

/** The answer to a check. */
export function confirm(request: StunMessage, seen: Endpoint): Uint8Array {
  const attributes = [hiddenAttribute(ATTRIBUTE.xorMappedAddress, seen, request.transaction)];
  return encodeStun({ ...request, kind: 'success', attributes });
}

function username(name: string) {
  return { type: ATTRIBUTE.username, value: toLatin1(name) };
}

function nameIn(message: StunMessage): string {
  return fromLatin1(attributeOf(message, ATTRIBUTE.username) ?? new Uint8Array(0));
}
