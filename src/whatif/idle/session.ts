/** A session to watch while it is silent: opened by programs that never close it, its later packets made by hand. */
import type { Endpoint } from '../../sim/addr/endpoint.ts';
import { ANY4, ANY6, type Ip, isIp4 } from '../../sim/addr/ip.ts';
import { fail } from '../../sim/base/fail.ts';
import type { Operation } from '../../sim/design/change.ts';
import type { Design } from '../../sim/design/design.ts';
import { parseService } from '../../sim/design/service.ts';
import { nodeNamed } from '../../sim/design/topology.ts';
import { type App, type AppCommand, react } from '../../sim/host/app/app.ts';
import { FLAG, type Icmp, icmp, type Packet, seal, type Tcp, tcp, type Udp, udp } from '../../sim/packet/packet.ts';

/** What a session speaks. */
export const SPOKEN = ['tcp', 'udp', 'icmp'] as const;
export type Spoken = (typeof SPOKEN)[number];

const WORD = new TextEncoder().encode('are you there?');
/** Of the query that opens a session of ICMP. */
const IDENTIFIER = 4711;

/** Opens a session and keeps it: its socket stays, so that nothing ends it from here. */
export function holder(protocol: Spoken, to: Endpoint): App<null> {
  return {
    name: 'silent client',
    start: () => react(null, ...opening(protocol, to)),
    handle: (state, event) =>
      event.kind === 'bound' ? react(state, { kind: 'send', socket: 'client', to, payload: WORD }) : react(state),
  };
}

function opening(protocol: Spoken, to: Endpoint): readonly AppCommand[] {
  switch (protocol) {
    case 'tcp':
      return [{ kind: 'connect', socket: 'client', to }];
    case 'udp':
      return [{ kind: 'bind', socket: 'client', port: 0, peer: to }];
    case 'icmp':
      return [
        { kind: 'raw', socket: 'client', level: 'ip' },
        { kind: 'inject', socket: 'client', packet: query(to.ip) },
      ];
  }
}

function query(dst: Ip): Packet {
  const type = isIp4(dst) ? 8 : 128;
  return icmp({ src: isIp4(dst) ? ANY4 : ANY6, dst, type, rest: IDENTIFIER * 0x1_0000 + 1, payload: WORD });
}

/** Sends one packet and is over. */
export function sayer(packet: Packet): App<null> {
  return {
    name: 'word',
    start: () =>
      react(
        null,
        { kind: 'raw', socket: 'mouth', level: 'ip' },
        { kind: 'inject', socket: 'mouth', packet },
        { kind: 'finish', finding: { outcome: 'sent' } },
      ),
    handle: (state) => react(state),
  };
}

type Carrier = Tcp | Udp | Icmp;

function carrier(packet: Packet): Carrier {
  return packet.kind === 'other' ? fail('a session of whole packets') : packet;
}

/** What the sender of a packet would say next in its session. */
export function next(packet: Packet): Packet {
  const said = carrier(packet);
  const { src, dst } = said;
  switch (said.kind) {
    case 'tcp': {
      const { sport, dport, ack, window } = said;
      const opens = (said.flags & FLAG.syn) !== 0 ? 1 : 0;
      const seq = (said.seq + opens + said.payload.length) >>> 0;
      return tcp({ src, dst, sport, dport, seq, ack, window, flags: FLAG.psh | FLAG.ack, payload: WORD });
    }
    case 'udp':
      return udp({ src, dst, sport: said.sport, dport: said.dport, payload: WORD });
    case 'icmp':
      return seal({ ...said, ident: 0 });
  }
}

/** What the sender of a packet says only to be heard of: over TCP a segment that is known already (RFC 1122 §4.2.3.6). */
export function keepalive(packet: Packet): Packet {
  if (packet.kind !== 'tcp') return next(packet);
  const { src, dst, sport, dport, seq, ack, window } = packet;
  return tcp({ src, dst, sport, dport, seq: (seq - 1) >>> 0, ack, window, flags: FLAG.ack });
}

/** What the receiver of a packet would say to its sender next. */
export function back(packet: Packet): Packet {
  const heard = carrier(packet);
  const { src: dst, dst: src } = heard;
  switch (heard.kind) {
    case 'tcp': {
      const { sport: dport, dport: sport, ack: seq, window } = heard;
      const ack = (heard.seq + heard.payload.length) >>> 0;
      return tcp({ src, dst, sport, dport, seq, ack, window, flags: FLAG.psh | FLAG.ack, payload: WORD });
    }
    case 'udp':
      return udp({ src, dst, sport: heard.dport, dport: heard.sport, payload: WORD });
    case 'icmp':
      return icmp({ src, dst, type: isIp4(dst) ? 0 : 129, rest: heard.rest, payload: WORD });
  }
}

/** Takes away what a node runs at a port, last first: what waits there instead stays silent. */
export function clearing(design: Design, node: string, port: number): readonly Operation[] {
  const services = nodeNamed(design, node)?.services ?? [];
  const at = services.flatMap((spec, i) => {
    const service = parseService(spec);
    return service !== undefined && 'port' in service && service.port === port ? [i] : [];
  });
  return at.toReversed().map((i) => ({ op: 'remove', path: `/nodes/${node}/services/${i}` }));
}
