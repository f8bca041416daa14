/**
 * Messages of the Port Control Protocol and bytes: the opcode MAP with its options. Read RFC 6887 §7, §11 and §13 first.
 */
import type { Endpoint } from '../../../addr/endpoint.ts';
import { fromBytes, type Ip, ip4, isIp4, toBytes } from '../../../addr/ip.ts';
import { concat } from '../stream/bytes.ts';

export const PCP_PORT = 5351;
export const PCP_VERSION = 2;
export const MAP = 1;

/** Result codes (RFC 6887 §7.4). */
export const RESULTS = [
  'SUCCESS',
  'UNSUPP_VERSION',
  'NOT_AUTHORIZED',
  'MALFORMED_REQUEST',
  'UNSUPP_OPCODE',
  'UNSUPP_OPTION',
  'MALFORMED_OPTION',
  'NETWORK_FAILURE',
  'NO_RESOURCES',
  'UNSUPP_PROTOCOL',
  'USER_EX_QUOTA',
  'CANNOT_PROVIDE_EXTERNAL',
  'ADDRESS_MISMATCH',
  'EXCESSIVE_REMOTE_PEERS',
] as const;
export type ResultName = (typeof RESULTS)[number];

const PREFER_FAILURE = 2;

/** What request and answer have in common. */
interface MapFields {
  /** 12 bytes, the same for all that concerns one mapping. */
  readonly nonce: Uint8Array;
  /** IANA number; 0 asks for all protocols. */
  readonly protocol: number;
  readonly internalPort: number;
}

export interface PcpRequest extends MapFields {
  /** In seconds; 0 deletes. */
  readonly lifetime: number;
  /** The client's own address, as it believes. */
  readonly client: Ip;
  /** Port 0 and an unspecified address: whichever. */
  readonly suggested: Endpoint;
  /** Rather nothing than another endpoint than suggested. */
  readonly preferFailure: boolean;
}

export interface PcpAnswer extends MapFields {
  readonly result: ResultName;
  /** In seconds; of an error, how long it is likely to last. */
  readonly lifetime: number;
  /** Seconds since the server lost its mappings. */
  readonly epoch: number;
  readonly external: Endpoint;
}

/** An address in 16 bytes: IPv4 in its mapped form. */
function address(ip: Ip): Uint8Array {
  return isIp4(ip) ? concat(MAPPED, toBytes(ip)) : toBytes(ip);
}

const MAPPED = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255);

function readAddress(bytes: Uint8Array): Ip {
  return MAPPED.every((byte, i) => bytes[i] === byte) ? fromBytes(bytes.slice(12, 16)) : fromBytes(bytes.slice(0, 16));
}

function number(value: number, bytes: 2 | 4): Uint8Array {
  const written = new Uint8Array(bytes);
  if (bytes === 2) new DataView(written.buffer).setUint16(0, value);
  else new DataView(written.buffer).setUint32(0, value);
  return written;
}

function mapFields({ nonce, protocol, internalPort }: MapFields, { ip, port }: Endpoint): Uint8Array {
  return concat(nonce, Uint8Array.of(protocol, 0, 0, 0), number(internalPort, 2), number(port, 2), address(ip));
}

export function encodePcpRequest(request: PcpRequest): Uint8Array {
  const { client, lifetime, preferFailure, suggested } = request;
  return concat(
    Uint8Array.of(PCP_VERSION, MAP, 0, 0),
    number(lifetime, 4),
    address(client),
    mapFields(request, suggested),
    preferFailure ? Uint8Array.of(PREFER_FAILURE, 0, 0, 0) : new Uint8Array(0),
  );
}

export function encodePcpAnswer(answer: PcpAnswer): Uint8Array {
  const { epoch, external, lifetime, result } = answer;
  return concat(
    Uint8Array.of(PCP_VERSION, 128 | MAP, 0, RESULTS.indexOf(result)),
    number(lifetime, 4),
    number(epoch, 4),
    new Uint8Array(12),
    mapFields(answer, external),
  );
}

const HEADER = 24;
const LENGTH = HEADER + 36;

/** The request in these bytes; why it is refused when it cannot be read, and undefined when no answer is due. */
export function decodePcpRequest(bytes: Uint8Array): PcpRequest | ResultName | undefined {
  if (bytes.length < 2 || ((bytes[1] ?? 0) & 128) !== 0) return undefined;
  if (bytes[0] !== PCP_VERSION) return 'UNSUPP_VERSION';
  if (bytes.length < HEADER || bytes.length > 1100 || bytes.length % 4 !== 0) return 'MALFORMED_REQUEST';
  if (bytes[1] !== MAP) return 'UNSUPP_OPCODE';
  if (bytes.length < LENGTH) return 'MALFORMED_REQUEST';
  const options = readOptions(bytes);
  if (typeof options === 'string') return options;
  const view = viewOf(bytes);
  return {
    ...readFields(bytes),
    lifetime: view.getUint32(4),
    client: readAddress(bytes.slice(8, 24)),
    suggested: { ip: readAddress(bytes.slice(44, 60)), port: view.getUint16(42) },
    preferFailure: options.includes(PREFER_FAILURE),
  };
}

/** The options of a request; those below 128 must be understood (RFC 6887 §7.3). */
function readOptions(bytes: Uint8Array): readonly number[] | ResultName {
  const found: number[] = [];
  const view = viewOf(bytes);
  for (let at = LENGTH; at < bytes.length; ) {
    const code = bytes[at] ?? 0;
    const next = at + 4 + ((view.getUint16(at + 2) + 3) & ~3);
    if (next > bytes.length) return 'MALFORMED_OPTION';
    if (code < 128 && code !== PREFER_FAILURE) return 'UNSUPP_OPTION';
    found.push(code);
    at = next;
  }
  return found;
}

/** The answer in these bytes; undefined when they are none to MAP. */
export function decodePcpAnswer(bytes: Uint8Array): PcpAnswer | undefined {
  const result = RESULTS[bytes[3] ?? RESULTS.length];
  if (bytes.length < LENGTH || bytes[0] !== PCP_VERSION || bytes[1] !== (128 | MAP) || result === undefined) {
    return undefined;
  }
  const view = viewOf(bytes);
  const external = { ip: readAddress(bytes.slice(44, 60)), port: view.getUint16(42) };
  return { ...readFields(bytes), result, lifetime: view.getUint32(4), epoch: view.getUint32(8), external };
}

function readFields(bytes: Uint8Array): MapFields {
  const view = viewOf(bytes);
  return { nonce: bytes.slice(HEADER, 36), protocol: view.getUint8(36), internalPort: view.getUint16(40) };
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** The refusal of a request that could not be read: the header alone is meant, the rest goes back as it came. */
export function refusePcp(request: Uint8Array, result: ResultName, epoch: number): Uint8Array {
  const bytes = concat(request.slice(0, 1100), new Uint8Array(Math.max(0, HEADER - request.length)));
  const refusal = bytes.slice();
  refusal.set([PCP_VERSION, (request[1] ?? 0) | 128, 0, RESULTS.indexOf(result)]);
  // Not before half an hour has passed is it worth asking again (RFC 6887 §7.4, long lifetime errors).
  refusal.set([...number(1800, 4), ...number(epoch, 4)], 4);
  refusal.fill(0, 12, HEADER);
  return refusal;
}

/** Any port, any address, in the family of this one. */
export function anything(ip: Ip): Endpoint {
  return { ip: isIp4(ip) ? ip4(0) : ip, port: 0 };
}
