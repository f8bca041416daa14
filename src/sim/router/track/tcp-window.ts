/**
 * The window check: four bounds within which a segment can be part of the conversation, learned from what both ends
 * have sent. Sequence numbers wrap, windows are scaled, and what a helper shifted is shifted back first.
 *
 *   I    begins no further than the receiver allows        seq ≤ sender.maxEnd
 *   II   ends no further back than a window                seq + length ≥ sender.end − receiver.maxWindow
 *   III  acknowledges nothing that was not sent            sack ≤ receiver.end
 *   IV   acknowledges nothing long past                    sack ≥ receiver.end − max(66000, sender.maxWindow)
 *
 * Read RFC 9293 §3.10.7.4, RFC 7323 §2 and RFC 2018 first; the method is van Rooij's "Real Stateful TCP Packet Filtering".
 */
import { FLAG, type Tcp, tcpSegmentLength } from '../../packet/packet.ts';
import { decodeOptions } from '../../packet/tcp-options.ts';
import { opposite } from '../connection.ts';
import { offsetAt } from '../seqadj.ts';
import type { Sighting } from './outcome.ts';
import { advance, after, before } from './sequence.ts';
import type { SegmentKind, TcpEnd, TcpTracking } from './tcp-state.ts';

const ACK_WINDOW = 66_000;
/** RFC 7323 §2.3. */
const MAX_SCALE = 14;

/** Where a segment lies with respect to the windows. */
export type Judged =
  | { readonly verdict: 'inside' }
  /** Late or a little too much: passed on, and nothing learned from it. */
  | { readonly verdict: 'ignored'; readonly detail: string }
  | { readonly verdict: 'invalid'; readonly detail: string };

/** The sequence number after the segment. */
export function endOf(segment: Tcp): number {
  return advance(segment.seq, tcpSegmentLength(segment));
}

/** A full window beyond what was sent. */
export function liftedEnd(end: TcpEnd): number {
  return advance(end.end, end.maxWindow);
}

/** What a SYN says about window scale and SACK; without any options what was known stays. */
export function readSynOptions(end: Pick<TcpEnd, 'scale' | 'offersScale' | 'sackPermitted'>, segment: Tcp): void {
  if (segment.options.length === 0) return;
  end.scale = 0;
  end.offersScale = end.sackPermitted = false;
  for (const option of decodeOptions(segment.options)) {
    if (option.kind === 'sackPermitted') end.sackPermitted = true;
    if (option.kind === 'windowScale') {
      end.scale = Math.min(option.shift, MAX_SCALE);
      end.offersScale = true;
    }
  }
}

/** A segment in the numbers that its bounds are about. */
interface Measured {
  seq: number;
  end: number;
  ack: number;
  /** The acknowledgement, or the highest SACK edge if that is further on. */
  sack: number;
}

function measure(segment: Tcp, receiver: TcpEnd, { connection, direction }: Sighting): Measured {
  const shifted = offsetAt(connection.adjustment[opposite(direction)], advance(segment.ack, -1));
  let sack = segment.ack;
  for (const option of receiver.sackPermitted ? decodeOptions(segment.options) : []) {
    if (option.kind !== 'sack') continue;
    for (const { right } of option.blocks) if (after(right, sack)) sack = right;
    break;
  }
  return {
    seq: segment.seq,
    end: endOf(segment),
    ack: advance(segment.ack, -shifted),
    sack: advance(sack, -shifted),
  };
}

/** Judges a segment, and learns from it unless it is out of bounds. */
export function judgeWindow(segment: Tcp, kind: SegmentKind, tcp: TcpTracking, sighting: Sighting): Judged {
  const { direction } = sighting;
  const sender = tcp.ends[direction];
  const receiver = tcp.ends[opposite(direction)];
  const measured = measure(segment, receiver, sighting);
  if (hear(segment, measured, tcp, sighting) === 'done') return { verdict: 'inside' };
  const { flags } = segment;
  const acks = (flags & FLAG.ack) !== 0;
  if (!acks || ((flags & FLAG.rst) !== 0 && measured.ack === 0)) measured.ack = measured.sack = receiver.end;
  if (flags & FLAG.rst && measured.seq === 0 && tcp.state === 'SYN_SENT') measured.seq = measured.end = sender.end;
  const judged = compare(measured, sender, receiver);
  if (judged.verdict !== 'inside') return sender.liberal ? { verdict: 'inside' } : judged;
  learn(segment, measured, sender, receiver);
  if (kind === 'ack') countRetransmission(segment, measured, tcp, sighting);
  return judged;
}

/** The first segment of an end, or a SYN that starts it anew. `done`: nothing is left to be judged. */
function hear(segment: Tcp, measured: Measured, tcp: TcpTracking, { direction }: Sighting): 'done' | 'judge' {
  const sender = tcp.ends[direction];
  const receiver = tcp.ends[opposite(direction)];
  const syn = (segment.flags & FLAG.syn) !== 0;
  const fresh = sender.maxWindow === 0;
  const opening = tcp.state === 'SYN_SENT' || tcp.state === 'SYN_RECV';
  if (syn && (fresh || (opening && after(measured.end, sender.end)))) {
    sender.end = sender.maxEnd = measured.end;
    sender.maxWindow = segment.window || 1;
    readSynOptions(sender, segment);
    if (direction === 'reply' && !(sender.offersScale && receiver.offersScale)) sender.scale = receiver.scale = 0;
    return direction === 'reply' && (segment.flags & FLAG.ack) === 0 ? 'done' : 'judge';
  }
  if (!fresh) return 'judge';
  sender.end = measured.end;
  sender.maxWindow = segment.window * 2 ** sender.scale || 1;
  sender.maxEnd = liftedEnd(sender);
  if (measured.sack === advance(receiver.end, 1)) receiver.end = measured.sack;
  return 'judge';
}

function compare({ seq, end, sack }: Measured, sender: TcpEnd, receiver: TcpEnd): Judged {
  const lowestAck = advance(receiver.end, -Math.max(ACK_WINDOW, sender.maxWindow) - 1);
  const lowestEnd = advance(sender.end, -receiver.maxWindow - 1);
  const ackSent = !after(sack, receiver.end);
  if (after(seq, sender.maxEnd)) {
    const overshot = advance(end, -sender.maxEnd + 1);
    const slightly = receiver.maxWindow !== 0 && after(end, lowestEnd) && overshot <= receiver.maxWindow;
    if (!slightly || !ackSent || !after(sack, lowestAck)) {
      return { verdict: 'invalid', detail: 'data beyond the window of the receiver' };
    }
    sender.end = end;
    sender.unacknowledged = true;
    return { verdict: 'ignored', detail: `${overshot} bytes more than the receiver offered: passed on` };
  }
  if (!ackSent) return { verdict: 'invalid', detail: 'acknowledges data that was not sent' };
  if (receiver.maxWindow !== 0 && !after(end, lowestEnd)) {
    return { verdict: 'ignored', detail: 'old data, acknowledged before: passed on' };
  }
  if (!after(sack, lowestAck)) return { verdict: 'ignored', detail: 'an acknowledgement long past: passed on' };
  return { verdict: 'inside' };
}

function learn(segment: Tcp, { end, ack, sack }: Measured, sender: TcpEnd, receiver: TcpEnd): void {
  const window = segment.flags & FLAG.syn ? segment.window : segment.window * 2 ** sender.scale;
  sender.maxWindow = Math.max(sender.maxWindow, window + advance(sack, -ack));
  if (after(end, sender.end)) {
    sender.end = end;
    sender.unacknowledged = true;
  }
  if (segment.flags & FLAG.ack && (sender.maxAck === undefined || after(ack, sender.maxAck))) sender.maxAck = ack;
  if (receiver.maxWindow !== 0 && after(end, sender.maxEnd)) receiver.maxWindow += advance(end, -sender.maxEnd);
  const allowed = advance(sack, window);
  if (!before(allowed, receiver.maxEnd)) receiver.maxEnd = window === 0 ? advance(allowed, 1) : allowed;
  if (ack === receiver.end) receiver.unacknowledged = false;
}

function countRetransmission(segment: Tcp, { seq, end, ack }: Measured, tcp: TcpTracking, sighting: Sighting): void {
  const { last } = tcp;
  const { window } = segment;
  const { direction } = sighting;
  const same = last.direction === direction && last.seq === seq && last.ack === ack && last.end === end;
  tcp.retransmissions = same && last.window === window ? tcp.retransmissions + 1 : 0;
  if (tcp.retransmissions === 0) Object.assign(last, { direction, seq, ack, end, window });
}
