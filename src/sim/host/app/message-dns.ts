/**
 * DNS messages, written and read by `dns-packet`, which no other file imports. Read RFC 1035 §4, RFC 2308 and RFC 6891
 * first.
 *
 * That package works on the byte arrays of Node, which browsers lack, so it is handed arrays that have the same few
 * methods and reaches for no other. They keep names as ISO 8859-1, which makes a name of any bytes survive the way from
 * question to answer.
 */
import dns from 'dns-packet';
import { type Ip, parseIp, showIp } from '../../addr/ip.ts';
import { fail } from '../../base/fail.ts';
import { fromLatin1, toLatin1 } from './stream/bytes.ts';

/** A record, its TTL in seconds. */
export type DnsRecord =
  | { readonly type: 'A' | 'AAAA'; readonly name: string; readonly ttl: number; readonly data: Ip }
  | { readonly type: 'CNAME'; readonly name: string; readonly ttl: number; readonly data: string }
  /** Here for its last number, which is how long a negative answer may be kept (RFC 2308 §4). */
  | { readonly type: 'SOA'; readonly name: string; readonly ttl: number; readonly minimum: number };

export interface DnsQuestion {
  readonly name: string;
  /** `A`, `AAAA`, `MX`, `UNKNOWN_65`, … */
  readonly type: string;
  /** Only when it is not the Internet's. */
  readonly class?: string;
}

export const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const;
export type Rcode = (typeof RCODES)[number];

export interface DnsMessage {
  readonly id: number;
  readonly kind: 'query' | 'response';
  /** 0 is a standard query. */
  readonly opcode: number;
  /** Answers with another code read as SERVFAIL. */
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  /** The asker judges signatures itself, and wants nothing made up: CD and DO (RFC 4035 §3.2.2, RFC 3225). */
  readonly validating?: true;
  /** There is one in every query that means something. */
  readonly question?: DnsQuestion;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  /** The largest UDP payload that the sender takes, from its OPT record; at least 512 (RFC 6891 §6.2.3). */
  readonly udpSize?: number;
}

/** The header of a message whose rest makes no sense, for the answer FORMERR. */
export interface GarbledDns {
  readonly kind: 'garbled';
  readonly id: number;
  readonly response: boolean;
}

const AA = 0x400;
const TC = 0x200;
const RD = 0x100;
const RA = 0x80;
const CD = 0x10;
/** Among the flags of the OPT record. */
const DO = 0x8000;

type NodeBytes = Parameters<typeof dns.decode>[0];
type PackageMessage = ReturnType<typeof dns.decode>;
type PackageRecord = NonNullable<PackageMessage['answers']>[number];

class Octets extends Uint8Array {
  get #view(): DataView {
    return new DataView(this.buffer, this.byteOffset, this.byteLength);
  }
  readUInt8(at: number): number {
    return this.#view.getUint8(at);
  }
  readUInt16BE(at: number): number {
    return this.#view.getUint16(at);
  }
  readUInt32BE(at: number): number {
    return this.#view.getUint32(at);
  }
  writeUInt8(value: number, at: number): void {
    this.#view.setUint8(at, value);
  }
  writeUInt16BE(value: number, at: number): void {
    this.#view.setUint16(at, value);
  }
  writeUInt32BE(value: number, at: number): void {
    this.#view.setUint32(at, value);
  }
  write(text: string, at: number): number {
    this.set(toLatin1(text), at);
    return text.length;
  }
  override toString(_encoding?: string, from = 0, to = this.length): string {
    return fromLatin1(this.subarray(from, to));
  }
  /** As the package knows it. */
  asNodeBytes(): NodeBytes {
    return this as unknown as NodeBytes;
  }
}

/** Whether a name can be asked for: labels of 1 to 63 bytes, 253 in all (RFC 1035 §3.1), in ASCII. */
export function isDnsName(name: string): boolean {
  const bare = name.replace(/\.$/, '');
  return bare.length <= 253 && bare.split('.').every((label) => /^[\x21-\x7e]{1,63}$/.test(label));
}

/** Names are the same in upper and lower case, with and without the last dot (RFC 4343). */
export function canonicalName(name: string): string {
  return name.replace(/\.$/, '').toLowerCase();
}

/** Bounds on what one question and one record take: two names at most, and some numbers. */
const HEADER_BYTES = 12;
const QUESTION_BYTES = 260;
const RECORD_BYTES = 560;

export function encodeDns(message: DnsMessage): Uint8Array {
  const { question, answers, authorities, udpSize, validating } = message;
  const opt = { type: 'OPT', name: '.', udpPayloadSize: udpSize ?? 512, flags: validating ? DO : 0 } as const;
  const records = [...answers, ...authorities];
  const size = HEADER_BYTES + QUESTION_BYTES + (records.length + 1) * RECORD_BYTES;
  const flags =
    (message.opcode << 11) |
    (message.authoritative ? AA : 0) |
    (message.truncated ? TC : 0) |
    (message.recursionDesired ? RD : 0) |
    (message.recursionAvailable ? RA : 0) |
    (message.validating ? CD : 0) |
    RCODES.indexOf(message.rcode);
  const octets = new Octets(size);
  const packet = {
    type: message.kind,
    id: message.id,
    flags,
    questions: question === undefined ? [] : [question],
    answers: answers.map(toPackage),
    authorities: authorities.map(toPackage),
    additionals: udpSize === undefined && !validating ? [] : [opt],
  };
  dns.encode(packet as Parameters<typeof dns.encode>[0], octets.asNodeBytes());
  return new Uint8Array(octets.buffer, 0, dns.encode.bytes);
}

function toPackage(record: DnsRecord): PackageRecord {
  switch (record.type) {
    case 'SOA': {
      const data = { mname: '.', rname: '.', minimum: record.minimum };
      return { type: 'SOA', name: record.name, ttl: record.ttl, data };
    }
    case 'CNAME':
      return { type: 'CNAME', name: record.name, ttl: record.ttl, data: record.data };
    default:
      return { type: record.type, name: record.name, ttl: record.ttl, data: showIp(record.data) };
  }
}

/** Undefined for what is too short to have a header. Records of types that nothing here asks for are left out. */
export function decodeDns(bytes: Uint8Array): DnsMessage | GarbledDns | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const octets = new Octets(bytes);
  const garbled = { kind: 'garbled', id: octets.readUInt16BE(0), response: octets.readUInt8(2) >= 0x80 } as const;
  const packet = readPackage(octets);
  return (packet === undefined ? undefined : fromPackage(packet)) ?? garbled;
}

function readPackage(octets: Octets): PackageMessage | undefined {
  try {
    const packet = dns.decode(octets.asNodeBytes());
    // The package reads an address past the end of the bytes without noticing.
    return dns.decode.bytes > octets.length ? undefined : packet;
  } catch {
    // It throws on whatever else it cannot read: an Error of its own, or the RangeError of the view.
    return undefined;
  }
}

function fromPackage(packet: PackageMessage): DnsMessage | undefined {
  const {
    id = 0,
    flags = 0,
    type = 'query',
    questions = [],
    answers = [],
    authorities = [],
    additionals = [],
  } = packet;
  const records = { answers: answers.flatMap(fromRecord), authorities: authorities.flatMap(fromRecord) };
  const names = [...questions, ...records.answers, ...records.authorities].flatMap(namesIn);
  // The package writes classes that have no name as 0.
  const known = questions.every((question) => !question.class?.startsWith('UNKNOWN'));
  if (questions.length > 1 || !known || !names.every(isWritable)) return undefined;
  const [asked] = questions;
  const opt = additionals.find((record) => record.type === 'OPT');
  return {
    id,
    kind: type,
    opcode: (flags >> 11) & 15,
    rcode: RCODES[flags & 15] ?? 'SERVFAIL',
    authoritative: (flags & AA) !== 0,
    truncated: (flags & TC) !== 0,
    recursionDesired: (flags & RD) !== 0,
    recursionAvailable: (flags & RA) !== 0,
    ...records,
    ...((flags & CD) !== 0 && ((opt?.flags ?? 0) & DO) !== 0 ? { validating: true } : {}),
    ...(asked === undefined ? {} : { question: fromQuestion(asked) }),
    ...(opt === undefined ? {} : { udpSize: Math.max(opt.udpPayloadSize, 512) }),
  };
}

function fromQuestion({
  name,
  type,
  class: kind = 'IN',
}: NonNullable<PackageMessage['questions']>[number]): DnsQuestion {
  return kind === 'IN' ? { name, type } : { name, type, class: kind };
}

function fromRecord(record: PackageRecord): DnsRecord[] {
  switch (record.type) {
    case 'A':
    case 'AAAA': {
      const { type, name, ttl = 0 } = record;
      const data = parseIp(record.data) ?? fail(`${record.data} is no address`);
      return [{ type, name, ttl, data }];
    }
    case 'CNAME':
      return [{ type: 'CNAME', name: record.name, ttl: record.ttl ?? 0, data: record.data }];
    case 'SOA':
      return [{ type: 'SOA', name: record.name, ttl: record.ttl ?? 0, minimum: record.data.minimum ?? 0 }];
    default:
      return [];
  }
}

function namesIn(part: { readonly name: string; readonly type: string; readonly data?: unknown }): string[] {
  return part.type === 'CNAME' && typeof part.data === 'string' ? [part.name, part.data] : [part.name];
}

/** Whether the package writes the name as it read it: a label may hold a dot and fall apart, or the end of a line. */
function isWritable(name: string): boolean {
  if (/[\r\n]/.test(name)) return false;
  return (
    name === '.' || (name.length <= 253 && name.split('.').every((label) => label.length > 0 && label.length < 64))
  );
}
