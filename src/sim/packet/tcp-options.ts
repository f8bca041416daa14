/**
 * TCP options between bytes and values.
 *
 * Read RFC 9293 §3.1, RFC 7323 and RFC 2018 first.
 */
import { fail, unreachable } from '../base/fail.ts';

/** One SACK block: the first sequence number received and the first not received (RFC 2018 §3). */
export interface SackBlock {
  readonly left: number;
  readonly right: number;
}

export type TcpOption =
  | { readonly kind: 'mss'; readonly bytes: number }
  | { readonly kind: 'windowScale'; readonly shift: number }
  | { readonly kind: 'sackPermitted' }
  | { readonly kind: 'sack'; readonly blocks: readonly SackBlock[] }
  | { readonly kind: 'timestamps'; readonly value: number; readonly echo: number }
  /** A kind without a model, or a known one of a wrong length; `data` is what follows kind and length. */
  | { readonly kind: 'unknown'; readonly code: number; readonly data: Uint8Array };

const CODE = { end: 0, nop: 1, mss: 2, windowScale: 3, sackPermitted: 4, sack: 5, timestamps: 8 } as const;

/** The option bytes, without padding between options and zeros at the end up to a multiple of four; 40 at most. */
export function encodeOptions(options: readonly TcpOption[]): Uint8Array {
  const bytes = options.flatMap((option) => {
    const [code, data] = encodeOption(option);
    return [code, data.length + 2, ...data];
  });
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  if (padded.length > 40) fail(`${bytes.length} bytes of TCP options`);
  padded.set(bytes);
  return padded;
}

function encodeOption(option: TcpOption): readonly [code: number, data: readonly number[]] {
  switch (option.kind) {
    case 'mss':
      return [CODE.mss, [option.bytes >> 8, option.bytes & 255]];
    case 'windowScale':
      return [CODE.windowScale, [option.shift]];
    case 'sackPermitted':
      return [CODE.sackPermitted, []];
    case 'sack':
      return [CODE.sack, option.blocks.flatMap(({ left, right }) => [...word32(left), ...word32(right)])];
    case 'timestamps':
      return [CODE.timestamps, [...word32(option.value), ...word32(option.echo)]];
    case 'unknown':
      return [option.code, [...option.data]];
    default:
      return unreachable(option);
  }
}

function word32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

/** Each option with where it begins; stops at the end-of-list option and at the first length that cannot be. */
function* walk(bytes: Uint8Array): Generator<{ code: number; at: number; data: DataView }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at < bytes.length) {
    const code = view.getUint8(at);
    if (code === CODE.end) return;
    if (code === CODE.nop) {
      at += 1;
      continue;
    }
    const length = at + 1 < bytes.length ? view.getUint8(at + 1) : 0;
    if (length < 2 || at + length > bytes.length) return;
    yield { code, at, data: new DataView(bytes.buffer, bytes.byteOffset + at + 2, length - 2) };
    at += length;
  }
}

/** The options in order, as far as they can be read; padding is left out. */
export function decodeOptions(bytes: Uint8Array): TcpOption[] {
  return Array.from(walk(bytes), ({ code, data }) => decodeOption(code, data));
}

function decodeOption(code: number, data: DataView): TcpOption {
  const length = data.byteLength;
  if (code === CODE.mss && length === 2) return { kind: 'mss', bytes: data.getUint16(0) };
  if (code === CODE.windowScale && length === 1) return { kind: 'windowScale', shift: data.getUint8(0) };
  if (code === CODE.sackPermitted && length === 0) return { kind: 'sackPermitted' };
  if (code === CODE.timestamps && length === 8) {
    return { kind: 'timestamps', value: data.getUint32(0), echo: data.getUint32(4) };
  }
  if (code === CODE.sack && isSack(length)) {
    const blocks = Array.from({ length: length / 8 }, (_, i) => block(data, i * 8));
    return { kind: 'sack', blocks };
  }
  return { kind: 'unknown', code, data: new Uint8Array(data.buffer, data.byteOffset, length).slice() };
}

function isSack(length: number): boolean {
  return length > 0 && length % 8 === 0;
}

function block(data: DataView, at: number): SackBlock {
  return { left: data.getUint32(at), right: data.getUint32(at + 4) };
}

/** The option bytes with every SACK edge moved, all else in place: needed where a payload changed its length on the way. */
export function mapSackEdges(bytes: Uint8Array, move: (edge: number) => number): Uint8Array {
  const moved = bytes.slice();
  const view = new DataView(moved.buffer);
  for (const { code, at, data } of walk(bytes)) {
    if (code !== CODE.sack || !isSack(data.byteLength)) continue;
    for (let edge = 0; edge < data.byteLength; edge += 4) {
      view.setUint32(at + 2 + edge, move(data.getUint32(edge)) >>> 0);
    }
  }
  return moved;
}
