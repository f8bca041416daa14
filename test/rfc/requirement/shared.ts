/** Measurements that UDP and TCP have in common. */
import fc from 'fast-check';
import type { Endpoint } from '../../../src/sim/addr/endpoint.ts';
import { DEPENDENCES, type Dependence } from '../../../src/sim/design/behaviour.ts';
import { quoteOf } from '../../../src/sim/packet/icmp-error.ts';
import { hasPorts, type Packet, tcp, udp } from '../../../src/sim/packet/packet.ts';
import { every, forAll, highPort, type Seen, type Subject, unlessHolds } from './requirement.ts';
import { A, B, ip, PUBLIC, S, type Stand, T } from './stand.ts';
import {
  answers,
  at,
  errorAbout,
  hairpin,
  open,
  reaches,
  S1,
  S2,
  same,
  show,
  sourceOf,
  T1,
  type Transport,
  talk,
} from './talk.ts';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;

/** What the mapping of an inside endpoint is seen to depend on. */
export function classify(stand: Stand, protocol: Transport, port: number): Dependence | 'nothing known' {
  const [otherHost, otherPort, first] = [T1, S2, S1].map((to) => open(stand, protocol, at(A, port), to));
  if (first === undefined || otherPort === undefined || otherHost === undefined) return 'nothing known';
  if (same(first, otherPort) && same(first, otherHost)) return 'endpoint-independent';
  return same(first, otherPort) ? 'address-dependent' : 'address-and-port-dependent';
}

/** Whom filtering is seen to let in: checked from the loosest on. */
export function classifyFilter(stand: Stand, protocol: Transport, port = 5000): Dependence | 'nothing known' {
  const inside = at(A, port);
  const by = talk(stand, protocol, inside);
  const lets = (from: Endpoint) => reaches(stand, protocol, { from, by, to: inside });
  if (lets(T1)) return 'endpoint-independent';
  if (lets(S2)) return 'address-dependent';
  return by === undefined ? 'nothing known' : 'address-and-port-dependent';
}

/** One outside endpoint for all destinations, also where another host had the port first. */
export function checkEndpointIndependent(subject: Subject, protocol: Transport): Seen {
  return forAll(highPort, (port) => {
    const stand = subject.stand();
    open(stand, protocol, at(B, port), S1);
    const ends = [T1, S1, S2].map((to) => open(stand, protocol, at(A, port), to));
    return unlessHolds(
      ends.every((end) => same(end, ends[0])),
      `${ends.map(show).join(', ')} for three destinations`,
    );
  });
}

/** Six destinations and two ports, one outside address. */
export function checkPaired(subject: Subject, protocol: Transport): Seen {
  return forAll(fc.integer({ min: 10, max: 17 }), (host) => {
    const stand = subject.stand({ pool: true });
    const from = ip(`192.168.1.${host}`);
    const used = new Set(
      Array.from(
        { length: 8 },
        (_, i) => open(stand, protocol, at(from, 5000 + i), at(ip(`203.0.113.${50 + i}`), 9000))?.ip,
      ),
    );
    return unlessHolds(used.size === 1, `${used.size} addresses were used`);
  });
}

/** Two hosts with one port, towards different destinations. */
export function checkNoOverload(subject: Subject, protocol: Transport): Seen {
  return forAll(
    highPort,
    (port) => {
      // by chance two of 64,512 ports meet rarely: a NAT that shares ports is seen to when there are few
      const stand = subject.narrow();
      const ends = Array.from({ length: 12 }, (_, i) =>
        open(stand, protocol, at(i % 2 ? A : B, port + i), i % 4 < 2 ? S1 : T1),
      );
      const seen = ends.flatMap((end) => (end === undefined ? [] : [show(end)]));
      return unlessHolds(new Set(seen).size === seen.length, `shared: ${seen.join(', ')}`);
    },
    2,
  );
}

/** Whether the far end still gets in after a time of silence; `to` may be another far end, or nobody has answered. */
export function alive(stand: Stand, protocol: Transport, idle: number, how: Endpoint | 'unanswered' = S1): boolean {
  const inside = at(A, 5000);
  const far = how === 'unanswered' ? S1 : how;
  const by = how === 'unanswered' ? open(stand, protocol, inside, far) : talk(stand, protocol, inside, far);
  stand.wait(idle);
  return answers(stand, protocol, { from: far, by, to: inside });
}

/** Each kind of filtering can be asked for, and is what is then seen. */
export function checkConfigurableFilter(subject: Subject, protocol: Transport): Seen {
  return every(
    ...DEPENDENCES.map((filtering) => () => {
      const axes =
        protocol.name === 'udp'
          ? ({ mapping: 'endpoint-independent', filtering, ports: { overload: false } } as const)
          : ({
              tcp: { mapping: 'endpoint-independent', filtering },
              mapping: 'endpoint-independent',
              ports: { overload: false },
            } as const);
      const stand = subject.tuned(axes);
      if (stand === undefined) return 'cannot be chosen';
      const seen = classifyFilter(stand, protocol);
      return unlessHolds(seen === filtering, `${filtering} was asked for, ${seen} was seen`);
    }),
  );
}

export function checkHairpin(subject: Subject, protocol: Transport, source?: 'external-source'): Seen {
  const from = hairpin(subject.stand(), protocol);
  if (from === undefined) return 'nothing comes';
  return unlessHolds(source === undefined || from.ip === PUBLIC, `comes from ${show(from)}`);
}

/** A payload that names the inside address, on ports that application gateways look at. */
export function checkPayloadUntouched(subject: Subject, protocol: Transport): Seen {
  const payload = new TextEncoder().encode(
    'INVITE sip:b@example SIP/2.0\r\nContact: <sip:a@192.168.1.10:5000>\r\n\r\n',
  );
  return every(
    ...[69, 554, 1720, 1723, 5060, 6667].map((port) => () => {
      const stand = subject.stand();
      const far = at(S, port);
      talk(stand, protocol, at(A, 5000), far);
      const ways = { src: A, dst: S, sport: 5000, dport: port, payload };
      const packet = protocol.name === 'udp' ? udp(ways) : tcp({ ...ways, seq: 1001, ack: 7001, flags: 24 });
      const [left] = stand.fromInside(packet).outside;
      const text = left !== undefined && hasPorts(left) ? new TextDecoder().decode(left.payload) : 'nothing';
      return unlessHolds(text === new TextDecoder().decode(payload), `port ${port}: ${text}`);
    }),
  );
}

/** A packet that left, as it was seen outside; with the conversation it opened. */
export function seenOutside(stand: Stand, protocol: Transport, from = at(A, 5000)): Packet | undefined {
  return stand.fromInside(protocol.hello(from, S1)).outside[0];
}

const ENDING = [
  { type: 3, code: 0 },
  { type: 3, code: 1 },
  { type: 3, code: 2 },
  { type: 3, code: 3 },
  { type: 3, code: 13 },
  { type: 11, code: 0 },
] as const;

/** Errors of every kind, then an answer. */
export function checkErrorsEndNothing(subject: Subject, protocol: Transport): Seen {
  return every(
    ...ENDING.map((code) => () => {
      const stand = subject.stand();
      const about = seenOutside(stand, protocol);
      if (about === undefined) return 'nothing left';
      stand.fromOutside(errorAbout(about, S, code));
      const way = { from: S1, by: sourceOf(about), to: at(A, 5000) };
      return unlessHolds(answers(stand, protocol, way), `ICMP ${code.type}/${code.code} ended it`);
    }),
  );
}

/** An error that a router on the way sends. */
export function checkErrorsFromAnyone(subject: Subject, protocol: Transport): Seen {
  const stand = subject.stand();
  const about = seenOutside(stand, protocol);
  if (about === undefined) return 'nothing left';
  return unlessHolds(
    stand.fromOutside(errorAbout(about, T)).inside.length === 1,
    'an error from another host is dropped',
  );
}

/** Outer address and quote are turned back to the inside form. */
export function checkErrorTranslated(subject: Subject, protocol: Transport): Seen {
  return forAll(highPort, (port) => {
    const stand = subject.stand();
    const inside = at(A, port);
    const about = seenOutside(stand, protocol, inside);
    if (about === undefined) return 'nothing left';
    const [came] = stand.fromOutside(errorAbout(about, S, { code: 3 })).inside;
    if (came?.kind !== 'icmp') return 'nothing came';
    const quote = quoteOf(came);
    return every(
      () => unlessHolds(came.dst === A, `sent to ${show(at(came.dst, 0))}`),
      () => unlessHolds(came.type === 3 && came.code === 3, `became ${came.type}/${came.code}`),
      () => unlessHolds(quote?.src === A && quote.sport === port, 'the quote speaks of the outside'),
    );
  });
}
