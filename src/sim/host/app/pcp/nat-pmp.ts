/** Messages of NAT-PMP and bytes. Read RFC 6886 §3 first. */
import { fromBytes, type Ip, ip4, toBytes } from '../../../addr/ip.ts';

/** Result codes (RFC 6886 §3.5). */
export const NATPMP_RESULTS = [
  'SUCCESS',
  'UNSUPP_VERSION',
  'NOT_AUTHORIZED',
  'NETWORK_FAILURE',
  'NO_RESOURCES',
  'UNSUPP_OPCODE',
] as const;
export type NatPmpResult = (typeof NATPMP_RESULTS)[number];

export type NatPmpRequest =
  | { readonly kind: 'address' }
  | {
      readonly kind: 'map';
      readonly protocol: 'tcp' | 'udp';
      /** 0 with lifetime 0: all of the client's. */
      readonly internalPort: number;
      readonly suggestedPort: number;
      /** In seconds; 0 deletes. */
      readonly lifetime: number;
    };

export type NatPmpAnswer =
  | { readonly kind: 'address'; readonly result: NatPmpResult; readonly epoch: number; readonly address: Ip }
  | {
      readonly kind: 'map';
      readonly protocol: 'tcp' | 'udp';
      readonly result: NatPmpResult;
      /** Seconds since the server lost its mappings. */
      readonly epoch: number;
      readonly internalPort: number;
      readonly externalPort: number;
      readonly lifetime: number;
    };

const OPCODES = { udp: 1, tcp: 2 } as const;

export function encodeNatPmpRequest(request: NatPmpRequest): Uint8Array {
  if (request.kind === 'address') return Uint8Array.of(0, 0);
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  bytes[1] = OPCODES[request.protocol];
  view.setUint16(4, request.internalPort);
  view.setUint16(6, request.suggestedPort);
  view.setUint32(8, request.lifetime);
  return bytes;
}

/** The request in these bytes; undefined when they are none. */
export function decodeNatPmpRequest(bytes: Uint8Array): NatPmpRequest | 'UNSUPP_OPCODE' | undefined {
  const opcode = bytes[1];
  if (bytes[0] !== 0 || opcode === undefined || opcode >= 128) return undefined;
  if (opcode === 0) return { kind: 'address' };
  if (opcode > 2) return 'UNSUPP_OPCODE';
  if (bytes.length < 12) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    kind: 'map',
    protocol: opcode === OPCODES.udp ? 'udp' : 'tcp',
    internalPort: view.getUint16(4),
    suggestedPort: view.getUint16(6),
    lifetime: view.getUint32(8),
  };
}

export function encodeNatPmpAnswer(answer: NatPmpAnswer): Uint8Array {
  const bytes = new Uint8Array(answer.kind === 'address' ? 12 : 16);
  const view = new DataView(bytes.buffer);
  bytes[1] = 128 | (answer.kind === 'address' ? 0 : OPCODES[answer.protocol]);
  view.setUint16(2, NATPMP_RESULTS.indexOf(answer.result));
  view.setUint32(4, answer.epoch);
  if (answer.kind === 'address') {
    bytes.set(toBytes(answer.address), 8);
    return bytes;
  }
  view.setUint16(8, answer.internalPort);
  view.setUint16(10, answer.externalPort);
  view.setUint32(12, answer.lifetime);
  return bytes;
}

/** The refusal of an opcode that is not known: the header alone counts (RFC 6886 §3.5). */
export function refuseNatPmp(request: Uint8Array, result: NatPmpResult, epoch: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  bytes[1] = 128 | (request[1] ?? 0);
  view.setUint16(2, NATPMP_RESULTS.indexOf(result));
  view.setUint32(4, epoch);
  return bytes;
}

/** The answer in these bytes; undefined when they are none. */
export function decodeNatPmpAnswer(bytes: Uint8Array): NatPmpAnswer | undefined {
  if (bytes[0] !== 0 || bytes.length < 12) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const result = NATPMP_RESULTS[view.getUint16(2)];
  const epoch = view.getUint32(4);
  if (result === undefined) return undefined;
  if (bytes[1] === 128) {
    const address = result === 'SUCCESS' ? fromBytes(bytes.slice(8, 12)) : ip4(0);
    return { kind: 'address', result, epoch, address };
  }
  if ((bytes[1] !== 129 && bytes[1] !== 130) || bytes.length < 16) return undefined;
  const fields = { internalPort: view.getUint16(8), externalPort: view.getUint16(10), lifetime: view.getUint32(12) };
  return { kind: 'map', protocol: bytes[1] === 129 ? 'udp' : 'tcp', result, epoch, ...fields };
}
