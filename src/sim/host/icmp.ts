/**
 * ICMP that the host answers with: to questions, and to packets that nobody takes.
 *
 * Read RFC 792, RFC 1122 §3.2.2 and RFC 4443 first.
 */
import { family } from '../addr/ip.ts';
import type { Millis } from '../base/time.ts';
import { icmp, seal } from '../packet/build.ts';
import { error, ICMP_ERROR, mayAnswerWithError } from '../packet/icmp-error.ts';
import { type Icmp, isEcho } from '../packet/packet.ts';
import { type Arrival, dropped, type Kernel, pathTo, send, takenBy, wayBack } from './kernel.ts';
import type { Reception } from './output.ts';

const TIMESTAMP = { request: 13, reply: 14 } as const;
const DAY: Millis = 86_400_000;

/** Answers a question; any other message is for raw sockets. */
export function answerQuery(kernel: Kernel, arrival: Arrival<Icmp>, now: Millis): Reception {
  const { packet } = arrival;
  const v4 = typeof packet.src === 'number';
  if (isEcho(packet) === 'request') {
    return answer(kernel, arrival, { type: v4 ? 0 : 129, payload: packet.payload, part: 'echo reply' }, now);
  }
  if (v4 && packet.type === TIMESTAMP.request) {
    const payload = stamped(packet.payload, now);
    return answer(kernel, arrival, { type: TIMESTAMP.reply, payload, part: 'timestamp reply' }, now);
  }
  return dropped('noSocket', 'no socket is waiting for this ICMP message');
}

interface Answer {
  readonly type: number;
  readonly payload: Uint8Array;
  readonly part: string;
}

/** Code, identifier, sequence and TOS are those of the question. Broadcasts are not answered over IPv4 (smurf), as Linux. */
function answer(kernel: Kernel, arrival: Arrival<Icmp>, { type, payload, part }: Answer, now: Millis): Reception {
  const { packet, interface: via } = arrival;
  const toMany = kernel.routing.isBroadcast(packet.dst);
  if (toMany && typeof packet.src === 'number') return dropped('notAccepted', 'a broadcast is not answered');
  const back = wayBack(packet.src, via);
  const src = toMany ? kernel.routing.sourceFor(packet.src, back) : packet.dst;
  if (src === undefined) return dropped('notAccepted', 'there is no way back to the sender');
  const { code, rest, src: dst, tos } = packet;
  const reply = icmp({ src, dst, tos, type, code, rest, payload, ident: kernel.outbox.identFor(dst) });
  send(kernel, reply, { app: undefined, cause: 'icmp', interface: back }, pathTo(kernel, dst, now));
  return takenBy(part);
}

/** RFC 792: the sender's time stays, those of arrival and departure are ours: milliseconds since midnight UT. */
function stamped(payload: Uint8Array, now: Millis): Uint8Array {
  const bytes = new Uint8Array(12);
  bytes.set(payload.subarray(0, 4));
  const view = new DataView(bytes.buffer);
  view.setUint32(4, Math.floor(now % DAY));
  view.setUint32(8, Math.floor(now % DAY));
  return bytes;
}

/** Tells the sender that nobody takes its packet, if it may be told at all; whether it was. */
export function answerUnreachable(
  kernel: Kernel,
  { packet, interface: via }: Arrival,
  name: 'portUnreachable' | 'protocolUnreachable',
  now: Millis,
): boolean {
  const kind = ICMP_ERROR[family(packet.dst)][name];
  if (!kernel.routing.owns(packet.dst) || !mayAnswerWithError(packet, kind)) return false;
  // The pointer of an ICMPv6 parameter problem: the next header field of the fixed header.
  const rest = kind.type === 4 ? 6 : 0;
  const answer = error({ ...kind, about: packet, src: packet.dst, rest });
  const numbered = seal({ ...answer, ident: kernel.outbox.identFor(packet.src) });
  const sender = { app: undefined, cause: 'icmp', interface: wayBack(packet.src, via) } as const;
  send(kernel, numbered, sender, pathTo(kernel, packet.src, now));
  return true;
}
