/** What there is to say of a packet that was translated. */
import type { Endpoint } from '../../addr/endpoint.ts';
import { fail } from '../../base/fail.ts';
import { echoId, hasPorts, type Packet, type Tcp, type Udp } from '../../packet/packet.ts';
import type { Place } from '../../program/program.ts';
import type { Why } from '../../trace/trace.ts';
import type { Side } from '../connection.ts';

type Translated = Extract<Why, { kind: 'translated' }>;

/** With the place and the detail, where there are any. */
export function whyTranslated(same: Translated, place: Place | undefined, detail: string | undefined): Translated {
  const { kind, side, from, to, by, connection = fail('translated for no connection') } = same;
  if (place !== undefined && detail !== undefined) return { kind, side, from, to, by, connection, place, detail };
  if (place !== undefined) return { kind, side, from, to, by, connection, place };
  return detail === undefined ? same : { kind, side, from, to, by, connection, detail };
}

/** The outer endpoint that changed; in an ICMP error it may be the quoted packet alone. */
export function rewritten(before: Packet, after: Packet, side: Side): { side: Side; from: Endpoint; to: Endpoint } {
  if (hasPorts(before) && hasPorts(after)) return moved(before, after, side);
  const [was, is] = [endpoints(before), endpoints(after)];
  const changed = differ(was.source, is.source)
    ? 'source'
    : differ(was.destination, is.destination)
      ? 'destination'
      : side;
  return { side: changed, from: was[changed], to: is[changed] };
}

function moved(before: Tcp | Udp, after: Tcp | Udp, asked: Side): { side: Side; from: Endpoint; to: Endpoint } {
  const source = before.src !== after.src || before.sport !== after.sport;
  const destination = before.dst !== after.dst || before.dport !== after.dport;
  const side = source ? 'source' : destination ? 'destination' : asked;
  if (side === 'source') {
    return { side, from: { ip: before.src, port: before.sport }, to: { ip: after.src, port: after.sport } };
  }
  return { side, from: { ip: before.dst, port: before.dport }, to: { ip: after.dst, port: after.dport } };
}

function endpoints(packet: Packet): Record<Side, Endpoint> {
  const id = echoId(packet) ?? 0;
  const [sport, dport] = hasPorts(packet) ? [packet.sport, packet.dport] : [id, id];
  return { source: { ip: packet.src, port: sport }, destination: { ip: packet.dst, port: dport } };
}

function differ(a: Endpoint, b: Endpoint): boolean {
  return a.ip !== b.ip || a.port !== b.port;
}
