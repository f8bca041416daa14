/**
 * The lines of an FTP control connection that name a data endpoint, as far as Linux reads them: only at the beginning of
 * a segment that begins a line, in upper or lower case (LNX-FTP-9, -10).
 *
 * Read RFC 959 §4.1.2, RFC 2428 and RFC 1123 §4.1.2.6 first.
 */
import { type Family, type Ip, ip4, parseIp, showIp, toBytes } from '../../addr/ip.ts';
import type { Direction } from '../connection.ts';

/** Two commands of clients, two replies of servers. */
export type FtpForm = 'PORT' | 'EPRT' | '227' | '229';

/** The data endpoint that a line names. */
export interface FtpCommand {
  readonly form: FtpForm;
  /** Undefined in a 229, which names only a port. */
  readonly ip: Ip | undefined;
  readonly port: number;
  /** Where the endpoint stands in the payload, and how long it is there, in bytes. */
  readonly at: number;
  readonly length: number;
}

type Named = Pick<FtpCommand, 'ip' | 'port' | 'length'>;

interface Pattern {
  readonly form: FtpForm;
  readonly begins: string;
  /** Finds where the endpoint begins; its last character is the one before, or the first digit itself. */
  readonly skip: RegExp;
  readonly read: (text: string, family: Family) => Named | undefined;
}

const PATTERNS: Readonly<Record<Direction, readonly Pattern[]>> = {
  original: [
    { form: 'PORT', begins: 'PORT', skip: /^[^ ]* /, read: (text) => readSix(text, SIX_TO_END_OF_LINE) },
    { form: 'EPRT', begins: 'EPRT', skip: /^[^ ]* /, read: readExtended },
  ],
  reply: [
    { form: '227', begins: '227 ', skip: /^\D*(?=\d)/, read: (text) => readSix(text, SIX) },
    { form: '229', begins: '229 ', skip: /^[^(]*\(/, read: readPassive },
  ],
};

/** What a payload that begins a line says. `partial`: it begins like such a line, and cannot be read to its end. */
export function readCommand(
  payload: Uint8Array,
  direction: Direction,
  family: Family,
): FtpCommand | 'partial' | undefined {
  const text = new TextDecoder('latin1').decode(payload);
  for (const { form, begins, skip, read } of PATTERNS[direction]) {
    const start = text.slice(0, begins.length).toUpperCase();
    if (text.length <= begins.length && begins.startsWith(start)) return 'partial';
    if (start !== begins) continue;
    const skipped = skip.exec(text.slice(begins.length))?.[0];
    if (skipped === undefined) return 'partial';
    const at = begins.length + skipped.length;
    const found = read(text.slice(at), family);
    return found === undefined ? 'partial' : { form, at, ...found };
  }
  return undefined;
}

const SIX = /^(\d*),(\d*),(\d*),(\d*),(\d*),(\d*)(?=[^\d,])/s;
const SIX_TO_END_OF_LINE = /^(\d*),(\d*),(\d*),(\d*),(\d*),(\d*)(?=\r)/;

/** Numbers as the kernel reads them: 32 bits that wrap, nothing is zero, and no limit of 255. */
function numbers(fields: readonly string[]): number[] {
  return fields.map((digits) => Number(BigInt.asUintN(32, BigInt(digits))));
}

function joined([a = 0, b = 0, c = 0, d = 0]: readonly number[]): Ip {
  return ip4(((a << 24) | (b << 16) | (c << 8) | d) >>> 0);
}

/** `192,168,1,10,156,65`. */
function readSix(text: string, shape: RegExp): Named | undefined {
  const found = shape.exec(text);
  if (found === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, high = 0, low = 0] = numbers(found.slice(1));
  return { ip: joined([a, b, c, d]), port: ((high << 8) | low) & 0xffff, length: found[0].length };
}

/** Any visible character but a digit may stand between the fields. */
function delimiterOf(text: string): string | undefined {
  const [first = ''] = text;
  return text.length > 3 && /[!-/:-~]/.test(first) ? first : undefined;
}

/** `|1|192.168.1.10|40001|` or `|2|2001:db8::10|40001|`; the family is that of the connection. */
function readExtended(text: string, family: Family): Named | undefined {
  const delimiter = delimiterOf(text);
  const [, protocol, second] = text;
  if (delimiter === undefined || second !== delimiter || protocol !== (family === 4 ? '1' : '2')) return undefined;
  const end = text.indexOf(delimiter, 3);
  if (end < 0) return undefined;
  const ip = readAddress(text.slice(3, end), family);
  const port = readPort(text, end + 1, delimiter);
  return ip === undefined || port === undefined ? undefined : { ip, ...port };
}

function readAddress(text: string, family: Family): Ip | undefined {
  if (family === 4) {
    const found = /^(\d*)\.(\d*)\.(\d*)\.(\d*)$/.exec(text);
    return found === null ? undefined : joined(numbers(found.slice(1)));
  }
  const ip = parseIp(text);
  return typeof ip === 'bigint' ? ip : undefined;
}

/** `|||6446|`. */
function readPassive(text: string): Named | undefined {
  const delimiter = delimiterOf(text);
  if (delimiter === undefined || !text.startsWith(delimiter.repeat(3))) return undefined;
  const port = readPort(text, 3, delimiter);
  return port === undefined ? undefined : { ip: undefined, ...port };
}

/** Digits up to the delimiter; 16 bits that wrap, and not zero. The length is that of all the text so far. */
function readPort(text: string, start: number, delimiter: string): { port: number; length: number } | undefined {
  const end = text.indexOf(delimiter, start);
  const digits = end < 0 ? '' : text.slice(start, end);
  if (!/^\d+$/.test(digits)) return undefined;
  const port = Number(BigInt.asUintN(16, BigInt(digits)));
  return port === 0 ? undefined : { port, length: end + 1 };
}

/** The endpoint in the words of this form; 229 leaves the address out. */
export function writeEndpoint(form: FtpForm, ip: Ip, port: number): string {
  switch (form) {
    case 'PORT':
    case '227':
      return [...toBytes(ip), port >> 8, port & 255].join(',');
    case 'EPRT':
      return typeof ip === 'number' ? `|1|${showIp(ip)}|${port}|` : `|2|${showInFull(ip)}|${port}|`;
    case '229':
      return `|||${port}|`;
  }
}

/** All eight groups with their zeros, as the kernel prints an IPv6 address here. */
function showInFull(ip: bigint): string {
  return ip
    .toString(16)
    .padStart(32, '0')
    .replace(/.{4}(?=.)/g, '$&:');
}
