/** HTTP/1.1 messages, read from bytes that come in any pieces. Read RFC 9110 and RFC 9112 first. */
import { concat, fromLatin1, toLatin1 } from '../stream/bytes.ts';

/** Names in lower case, values without surrounding space, in the order sent. */
export type Fields = readonly (readonly [name: string, value: string])[];

export interface Request {
  readonly method: string;
  readonly target: string;
  /** The minor version: 0 or 1. */
  readonly minor: number;
  readonly fields: Fields;
}

export interface Response {
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
  readonly body: Uint8Array;
}

/** Either more bytes are needed, or one message and what follows it, or a message that cannot be. */
export type Reading<Message, Why> =
  | { readonly kind: 'more' }
  | { readonly kind: 'message'; readonly message: Message; readonly rest: Uint8Array }
  | { readonly kind: 'bad'; readonly why: Why };

/** The longest head and the longest body that are read, in bytes. */
const MAX_HEAD = 8192;
const MAX_BODY = 65_536;

export const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  505: 'HTTP Version Not Supported',
};

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const REQUEST_LINE = /^(\S+) (\S+) HTTP\/(\d)\.(\d)$/;
const STATUS_LINE = /^HTTP\/1\.\d (\d{3})(?: (.*))?$/;

/** The values of a field, in order. */
export function valuesOf(fields: Fields, name: string): string[] {
  return fields.flatMap(([key, value]) => (key === name ? [value] : []));
}

/** Whether a comma-separated field lists the token, in any case. */
export function lists(fields: Fields, name: string, token: string): boolean {
  return valuesOf(fields, name).some((value) => value.split(',').some((item) => item.trim().toLowerCase() === token));
}

/** Reads one request with its body, which is skipped; a bad one gives the status to answer with. */
export function readRequest(input: Uint8Array): Reading<Request, number> {
  const bytes = withoutBlankLines(input);
  const end = endOfHead(bytes);
  if (end === undefined) return bytes.length > MAX_HEAD ? { kind: 'bad', why: 431 } : { kind: 'more' };
  if (end > MAX_HEAD) return { kind: 'bad', why: 431 };
  const [first = '', ...others] = linesOf(bytes.subarray(0, end));
  const [, method = '', target = '', major, minor] = REQUEST_LINE.exec(first) ?? [];
  const fields = readFields(others);
  if (!TOKEN.test(method) || fields === undefined) return { kind: 'bad', why: 400 };
  if (major !== '1') return { kind: 'bad', why: 505 };
  // RFC 9112 §3.2: HTTP/1.1 without exactly one Host is answered with 400.
  const hosts = valuesOf(fields, 'host').length;
  if (hosts > 1 || (hosts === 0 && minor !== '0')) return { kind: 'bad', why: 400 };
  if (valuesOf(fields, 'transfer-encoding').length > 0) return { kind: 'bad', why: 501 };
  const length = contentLength(fields) ?? 0;
  if (Number.isNaN(length)) return { kind: 'bad', why: 400 };
  if (length > MAX_BODY) return { kind: 'bad', why: 413 };
  if (bytes.length < end + length) return { kind: 'more' };
  const message = { method, target, minor: minor === '0' ? 0 : 1, fields };
  return { kind: 'message', message, rest: bytes.subarray(end + length) };
}

/** Reads one final response; `ended` says that no more will come, which is how a body without a length ends. */
export function readResponse(bytes: Uint8Array, ended: boolean): Reading<Response, string> {
  const more = ended ? ({ kind: 'bad', why: 'it ends too early' } as const) : ({ kind: 'more' } as const);
  const end = endOfHead(bytes);
  if (end === undefined) return looksLikeHttp(bytes) ? more : { kind: 'bad', why: 'it is not HTTP' };
  const [first = '', ...others] = linesOf(bytes.subarray(0, end));
  const [, status = '', reason = ''] = STATUS_LINE.exec(first) ?? [];
  const fields = readFields(others);
  if (status === '' || fields === undefined) return { kind: 'bad', why: 'it is not HTTP' };
  if (status.startsWith('1')) return readResponse(bytes.subarray(end), ended);
  if (valuesOf(fields, 'transfer-encoding').length > 0) return { kind: 'bad', why: 'its transfer encoding is unknown' };
  const given = status === '204' || status === '304' ? 0 : contentLength(fields);
  if (Number.isNaN(given)) return { kind: 'bad', why: 'its length is not a number' };
  const length = given ?? (ended ? bytes.length - end : Number.POSITIVE_INFINITY);
  if (bytes.length < end + length) return more;
  const message = { status: Number(status), reason, fields, body: bytes.subarray(end, end + length) };
  return { kind: 'message', message, rest: bytes.subarray(end + length) };
}

export function writeRequest(request: Request): Uint8Array {
  const line = `${request.method} ${request.target} HTTP/1.${request.minor}`;
  return toLatin1(`${[line, ...showFields(request.fields)].join('\r\n')}\r\n\r\n`);
}

export function writeResponse(response: Response): Uint8Array {
  const line = `HTTP/1.1 ${response.status} ${response.reason}`;
  return concat(toLatin1(`${[line, ...showFields(response.fields)].join('\r\n')}\r\n\r\n`), response.body);
}

function showFields(fields: Fields): string[] {
  return fields.map(([name, value]) => `${name}: ${value}`);
}

/** RFC 9112 §2.2: empty lines before a request are passed over. */
function withoutBlankLines(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 13 && byte !== 10);
  return first < 0 ? bytes.subarray(bytes.length) : bytes.subarray(first);
}

/** Where the empty line that closes the head ends; a line may end in LF alone (RFC 9112 §2.2). */
function endOfHead(bytes: Uint8Array): number | undefined {
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return undefined;
}

function linesOf(head: Uint8Array): string[] {
  return fromLatin1(head)
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => line !== '');
}

/** Undefined when a line is no field; folded lines are refused (RFC 9112 §5.2). */
function readFields(lines: readonly string[]): Fields | undefined {
  const fields = lines.map((line) => {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    return TOKEN.test(name) ? ([name.toLowerCase(), line.slice(colon + 1).trim()] as const) : undefined;
  });
  return fields.every((field) => field !== undefined) ? fields : undefined;
}

/** Undefined without the field, NaN when it is no length or several that differ (RFC 9112 §6.3). */
function contentLength(fields: Fields): number | undefined {
  const values = new Set(valuesOf(fields, 'content-length'));
  const [value] = values;
  if (value === undefined) return undefined;
  return values.size === 1 && /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
}

function looksLikeHttp(bytes: Uint8Array): boolean {
  const begin = 'HTTP/1.';
  return fromLatin1(bytes.subarray(0, begin.length)) === begin.slice(0, bytes.length);
}
