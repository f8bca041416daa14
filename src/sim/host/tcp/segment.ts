/**
 * Segments as a TCP sees them: sequence numbers, flags, and the options of the handshake, without addresses.
 *
 * Read RFC 9293 §3.1, §3.4 and §3.10.7.1, and RFC 7323 §2 first.
 */
import type { Endpoint } from '../../addr/endpoint.ts';
import { tcp } from '../../packet/build.ts';
import { FLAG, type FlagName, flagsOf, type Tcp } from '../../packet/packet.ts';
import { decodeOptions, encodeOptions, type SackBlock } from '../../packet/tcp-options.ts';

/** The sequence number `by` bytes on (RFC 9293 §3.4: modulo 2^32). */
export function advance(seq: number, by: number): number {
  return (seq + by) >>> 0;
}

/** How far `to` lies beyond `from`, negative when it lies before; right as long as they are within 2^31 of each other. */
export function distance(from: number, to: number): number {
  return (to - from) | 0;
}

/** What a SYN says about its sender. */
export interface SynOptions {
  /** Undefined when it does not say. */
  readonly mss: number | undefined;
  /** Window shift, 0 to 14; undefined when windows are not to be scaled. */
  readonly scale: number | undefined;
  readonly sackPermitted: boolean;
}

export interface Segment {
  readonly seq: number;
  /** 0 without the ACK flag. */
  readonly ack: number;
  readonly flags: number;
  /** As on the wire, not scaled. */
  readonly window: number;
  readonly payload: Uint8Array;
  /** Only on segments with SYN. */
  readonly options?: SynOptions | undefined;
  /** What came out of order, for the peer to know. */
  readonly sack?: readonly SackBlock[] | undefined;
}

const NOTHING = new Uint8Array(0);
const MAX_SHIFT = 14;

/** A segment with these flags; window, acknowledgement and payload are empty unless given. */
export function segment(
  names: readonly FlagName[],
  seq: number,
  { ack = 0, window = 0, payload = NOTHING, options, sack }: Partial<Omit<Segment, 'seq' | 'flags'>> = {},
): Segment {
  return { seq, ack, flags: flagsOf(names), window, payload, options, sack };
}

/** Whether a flag is set. */
export function has({ flags }: Segment, name: FlagName): boolean {
  return (flags & FLAG[name]) !== 0;
}

/** SEG.LEN: the sequence space that a segment takes, SYN and FIN included. */
export function spaceOf(one: Segment): number {
  return one.payload.length + (has(one, 'syn') ? 1 : 0) + (has(one, 'fin') ? 1 : 0);
}

/** The reset that answers a segment which belongs to no connection and is none itself (RFC 9293 §3.10.7.1). */
export function refusalOf(arrived: Segment): Segment {
  if (has(arrived, 'ack')) return segment(['rst'], arrived.ack);
  return segment(['rst', 'ack'], 0, { ack: advance(arrived.seq, spaceOf(arrived)) });
}

/** Reads a packet; a window shift above 14 counts as 14 (RFC 7323 §2.3). */
export function readSegment(packet: Tcp): Segment {
  const { seq, flags, window, payload } = packet;
  const ack = (flags & FLAG.ack) === 0 ? 0 : packet.ack;
  const syn = (flags & FLAG.syn) !== 0;
  const options = syn ? readOptions(packet.options) : undefined;
  const sack = syn ? undefined : readSack(packet.options);
  return { seq, ack, flags, window, payload, options, sack };
}

function readSack(bytes: Uint8Array): Segment['sack'] {
  if (bytes.length === 0) return undefined;
  const sack = decodeOptions(bytes).flatMap((option) => (option.kind === 'sack' ? option.blocks : []));
  return sack.length === 0 ? undefined : sack;
}

function readOptions(bytes: Uint8Array): SynOptions {
  let [mss, scale, sackPermitted]: [number | undefined, number | undefined, boolean] = [undefined, undefined, false];
  for (const option of decodeOptions(bytes)) {
    if (option.kind === 'mss') mss = option.bytes;
    else if (option.kind === 'windowScale') scale = Math.min(option.shift, MAX_SHIFT);
    else if (option.kind === 'sackPermitted') sackPermitted = true;
  }
  return { mss, scale, sackPermitted };
}

/** The packet that carries a segment from one endpoint to another. */
export function writeSegment(
  one: Segment,
  ends: { readonly from: Endpoint; readonly to: Endpoint },
  header: { readonly ident: number; readonly df: boolean; readonly tos?: number },
): Tcp {
  const { from, to } = ends;
  const { ident, df, tos } = header;
  const { seq, ack, flags, window, payload } = one;
  const options = one.options === undefined ? writeSack(one.sack) : writeOptions(one.options);
  return tcp({
    src: from.ip,
    dst: to.ip,
    sport: from.port,
    dport: to.port,
    ident,
    df,
    tos,
    seq,
    ack,
    flags,
    window,
    payload,
    options,
  });
}

const NOP = 1;

/** How many bytes of options so many SACK blocks take. */
export function sackLength(blocks: number): number {
  return blocks === 0 ? 0 : 4 + 8 * blocks;
}

function writeSack(blocks: readonly SackBlock[] | undefined): Uint8Array {
  if (blocks === undefined) return NOTHING;
  const bytes = new Uint8Array(sackLength(blocks.length));
  bytes.set([NOP, NOP]);
  bytes.set(encodeOptions([{ kind: 'sack', blocks }]).subarray(0, bytes.length - 2), 2);
  return bytes;
}

/** Laid out as Linux does: MSS, then SACK permitted and window scale, each aligned by NOPs before it. */
function writeOptions({ mss, scale, sackPermitted }: SynOptions): Uint8Array {
  const bytes: number[] = [];
  if (mss !== undefined) bytes.push(2, 4, mss >> 8, mss & 255);
  if (sackPermitted) bytes.push(NOP, NOP, 4, 2);
  if (scale !== undefined) bytes.push(NOP, 3, 3, scale);
  return Uint8Array.from(bytes);
}
