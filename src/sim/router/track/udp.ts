/** The UDP tracker: a timer, longer once both ends are known to keep talking (LNX-UDP). Read RFC 768 and RFC 4787 §4.3 first. */
import { refresh } from '../connection.ts';
import { ASSURED } from '../status.ts';
import { ACCEPTED, type Outcome, type Sighting } from './outcome.ts';

/** A conversation older than this, in milliseconds, is no single question and answer. */
const STREAM_AFTER = 2_000;

/** Refreshes the timer; never refuses. */
export function trackUdp({ connection, tracking, now }: Sighting): Outcome {
  const { timeouts } = tracking;
  const stream = connection.seenReply && now > connection.created + STREAM_AFTER;
  refresh(connection, stream ? timeouts.udpStream : timeouts.udp, now);
  if (stream) connection.status |= ASSURED;
  return ACCEPTED;
}
