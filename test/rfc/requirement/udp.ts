/** RFC 4787, requirement by requirement. */
import type { Endpoint } from '../../../src/sim/addr/endpoint.ts';
import { fragment, Reassembler } from '../../../src/sim/packet/fragment.ts';
import { type Packet, udp } from '../../../src/sim/packet/packet.ts';
import {
  every,
  forAll,
  highPort,
  lowPort,
  type Requirement,
  type Seen,
  type Subject,
  unlessHolds,
} from './requirement.ts';
import {
  alive,
  checkConfigurableFilter,
  checkEndpointIndependent,
  checkErrorsEndNothing,
  checkErrorsFromAnyone,
  checkErrorTranslated,
  checkHairpin,
  checkNoOverload,
  checkPaired,
  checkPayloadUntouched,
  classify,
  MINUTE,
  SECOND,
} from './shared.ts';
import { A, B, C, ip, S, type Stand } from './stand.ts';
import { answers, at, open, reaches, S1, S2, show, T1, talk, UDP } from './talk.ts';

/** Three hosts with one port talk to one endpoint: the outside ports they get. */
function crowd(subject: Subject, port: number): readonly Endpoint[] {
  const stand = subject.stand();
  return [A, B, C].flatMap((host) => open(stand, UDP, at(host, port)) ?? []);
}

const isLow = (port: number) => port < 1024;

function checkClasses(subject: Subject): Seen {
  const ask = (port: number) => {
    const strays = crowd(subject, port).filter((end) => isLow(end.port) !== isLow(port));
    return unlessHolds(strays.length === 0, `left by ${strays.map(show).join(', ')}`);
  };
  return every(
    () => forAll(lowPort, ask),
    () => forAll(highPort, ask),
  );
}

function checkParity(subject: Subject): Seen {
  return forAll(highPort, (port) => {
    const strays = crowd(subject, port).filter((end) => end.port % 2 !== port % 2);
    return unlessHolds(strays.length === 0, `left by ${strays.map(show).join(', ')}`);
  });
}

/** Idle for a time after its first packet alone, and after an answer. */
function checkLives(subject: Subject, idle: number): Seen {
  return every(
    () => unlessHolds(alive(subject.stand(), UDP, idle, 'unanswered'), `gone before ${idle} ms without an answer`),
    () => unlessHolds(alive(subject.stand(), UDP, idle), `gone before ${idle} ms`),
  );
}

/** A timer can be set for a registered application on a well-known port, others keep theirs. */
function checkShorter(subject: Subject): Seen {
  const make = () => subject.tuned({ timeouts: { udp: '5m', udpWellKnown: '30s' } });
  const [known, other] = [make(), make()];
  if (known === undefined || other === undefined) return 'has no timer of its own for well-known ports';
  const dns = at(S, 53);
  return every(
    () => unlessHolds(!alive(known, UDP, 40 * SECOND, dns), 'a mapping to port 53 lived on'),
    () => unlessHolds(alive(other, UDP, 40 * SECOND), 'a mapping to port 9000 died with it'),
  );
}

function checkTimerSet(subject: Subject): Seen {
  const make = () =>
    subject.tuned({ timeouts: { udp: '150s' } }) ??
    subject.stand({ tracking: { timeouts: { udp: '150s', udpStream: '150s' } } });
  return every(
    () => unlessHolds(alive(make(), UDP, 149 * SECOND), 'dies before the time that was set'),
    () => unlessHolds(!alive(make(), UDP, 152 * SECOND), 'lives longer than was set'),
  );
}

/** Packets of one direction at six tenths of a lifetime each: alive after two lifetimes only if they refresh. */
function checkRefresh(subject: Subject, direction: 'outbound' | 'inbound'): Seen {
  const stand = subject.stand();
  const span = subject.behaviour?.timeouts.udp ?? 30 * SECOND;
  const inside = at(A, 5000);
  const by = open(stand, UDP, inside);
  if (by === undefined) return 'nothing left';
  for (let i = 0; i < 3; i++) {
    stand.wait(span * 0.6);
    if (direction === 'outbound') stand.fromInside(UDP.more(inside, S1));
    else stand.fromOutside(UDP.answer(S1, by));
  }
  stand.wait(span * 0.6);
  return unlessHolds(answers(stand, UDP, { from: S1, by, to: inside }), `gone although ${direction} packets went on`);
}

/** The same prefix inside and outside, as when a provider hands out private addresses: is a host outside it reached? */
function checkConflict(subject: Subject): Seen {
  const stand = subject.conflict();
  if (stand === undefined) return 'a network with one prefix on both sides is refused';
  const { outside } = stand.fromInside(UDP.hello(at(A, 5000), at(ip('192.168.1.200'), 9000)));
  return unlessHolds(outside.length > 0, 'a host of the same prefix outside cannot be reached');
}

function checkLoose(subject: Subject): Seen {
  const stand = subject.stand();
  const inside = at(A, 5000);
  const by = talk(stand, UDP, inside);
  return unlessHolds(
    reaches(stand, UDP, { from: S2, by, to: inside }),
    'another port of a host that was sent to is refused',
  );
}

/** The class before and after a clash of ports is one and the same. */
function checkDeterministic(subject: Subject): Seen {
  return forAll(highPort, (port) => {
    const quiet = classify(subject.stand(), UDP, port);
    const stand = subject.stand();
    open(stand, UDP, at(B, port), S1);
    const busy = classify(stand, UDP, port);
    return unlessHolds(quiet === busy, `${quiet} alone, ${busy} when another host has the port`);
  });
}

const LONG = new Uint8Array(1000).map((_, i) => i);
const long = (df: boolean) => udp({ src: A, dst: S, sport: 5000, dport: 9000, payload: LONG, df, ident: 77 });

function checkTooBig(subject: Subject): Seen {
  const { inside, outside } = subject.stand({ mtu: 600 }).fromInside(long(true));
  const [said] = inside;
  if (outside.length > 0) return 'it passed';
  if (said?.kind !== 'icmp' || said.type !== 3 || said.code !== 4) return 'no ICMP 3/4 came back';
  return unlessHolds(said.rest === 600 && said.dst === A, `3/4 with MTU ${said.rest}`);
}

function checkCut(subject: Subject): Seen {
  const { outside } = subject.stand({ mtu: 600 }).fromInside(long(false));
  const offsets = outside.map((piece) => (piece.kind === 'other' ? (piece.fragment?.offset ?? -1) : -1));
  const whole = putTogether(outside);
  if (whole?.kind !== 'udp') return `${outside.length} packets left, which are no datagram`;
  return every(
    () => unlessHolds(outside.length > 1 && whole.payload.length === LONG.length, 'something is lost'),
    () =>
      unlessHolds(
        offsets.every((offset, i) => i === 0 || offset > (offsets[i - 1] ?? 0)),
        'pieces are out of order',
      ),
  );
}

function putTogether(pieces: readonly Packet[]): Packet | undefined {
  const reassembler = new Reassembler();
  for (const piece of pieces) {
    const whole = reassembler.add(piece, 0);
    if (whole !== undefined) return whole.packet;
  }
  return undefined;
}

/** The pieces of a long answer in this order; whether the answer arrived whole. */
function arrives(stand: Stand, by: Endpoint, order: readonly number[], ident = 9): boolean {
  const answer = udp({ src: S, dst: by.ip, sport: 9000, dport: by.port, payload: LONG, df: false, ident });
  const pieces = fragment(answer, 400);
  const { inside } = stand.fromOutside(...order.flatMap((i) => pieces[i] ?? []));
  const whole = putTogether(inside);
  return whole?.kind === 'udp' && whole.dst === A && whole.payload.length === LONG.length;
}

const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

function checkAnyOrder(subject: Subject): Seen {
  const stand = subject.stand();
  const by = talk(stand, UDP, at(A, 5000));
  if (by === undefined) return 'nothing left';
  const bad = ORDERS.filter((order, i) => !arrives(stand, by, order, 100 + i));
  return unlessHolds(bad.length === 0, `lost in the order ${bad.map((order) => order.join()).join(' and ')}`);
}

/** Later pieces of datagrams whose first never comes, and then what is sound. */
function checkFlood(subject: Subject): Seen {
  const stand = subject.stand();
  const by = talk(stand, UDP, at(A, 5000));
  if (by === undefined) return 'nothing left';
  const flood = Array.from({ length: 100 }, (_, i) =>
    fragment(udp({ src: S, dst: by.ip, sport: 1, dport: by.port, payload: LONG, df: false, ident: 1000 + i }), 400),
  );
  stand.fromOutside(...flood.flatMap((pieces) => pieces.slice(1, 2)));
  return every(
    () => unlessHolds(answers(stand, UDP, { from: S1, by, to: at(A, 5000) }), 'whole datagrams stop'),
    () => unlessHolds(arrives(stand, by, [0, 1, 2]), 'pieces in order stop'),
  );
}

function checkPoolFails(subject: Subject): Seen {
  return every(
    () => checkNoOverload(subject, UDP),
    () => {
      const stand = subject.narrow();
      const got = Array.from({ length: 6 }, (_, i) => open(stand, UDP, at(A, 5000 + i), i % 2 ? S1 : T1));
      const ends = got.flatMap((end) => (end === undefined ? [] : show(end)));
      return unlessHolds(new Set(ends).size === ends.length && ends.length === 4, `4 ports served ${ends.join(', ')}`);
    },
  );
}

/** Carriers and clouds own their outside addresses. */
const isManaged = (name: string) => /^(cgn|aws|azure|gcp)/.test(name);

export const RFC4787: readonly Requirement[] = [
  {
    id: 'UDP-1',
    level: 'M',
    text: 'The mapping is endpoint-independent.',
    check: (s) => checkEndpointIndependent(s, UDP),
  },
  {
    id: 'UDP-2',
    level: 'S',
    text: 'Of several outside addresses an inside host keeps one.',
    check: (s) => checkPaired(s, UDP),
  },
  {
    id: 'UDP-3',
    level: 'N',
    text: 'No two inside endpoints share an outside one; when ports run out new mappings fail.',
    check: checkPoolFails,
  },
  {
    id: 'UDP-3a',
    level: 'S',
    text: 'Well-known ports map to well-known ones, the others to others.',
    check: checkClasses,
  },
  { id: 'UDP-4', level: 'S', text: 'Even ports map to even ones, odd to odd.', check: checkParity },
  {
    id: 'UDP-5',
    level: 'N',
    text: 'A mapping does not end before 2 minutes of silence.',
    check: (s) => checkLives(s, 2 * MINUTE - SECOND),
  },
  { id: 'UDP-5a', level: 'A', text: 'A shorter timer for well-known destination ports.', check: checkShorter },
  { id: 'UDP-5b', level: 'A', text: 'The timer can be set.', check: checkTimerSet },
  {
    id: 'UDP-5c',
    level: 'S',
    text: 'The timer is 5 minutes or more.',
    check: (s) => checkLives(s, 5 * MINUTE - SECOND),
  },
  {
    id: 'UDP-6',
    level: 'M',
    text: 'Packets from inside keep a mapping alive.',
    check: (s) => checkRefresh(s, 'outbound'),
  },
  {
    id: 'UDP-6a',
    level: 'A',
    text: 'Packets from outside keep a mapping alive.',
    check: (s) => checkRefresh(s, 'inbound'),
  },
  {
    id: 'UDP-7',
    level: 'M',
    text: 'Inside and outside may have the same prefix, where the outside address is dynamic.',
    check: checkConflict,
    unless: ({ name }) =>
      isManaged(name)
        ? 'its outside addresses are assigned to it, not learned from a network that it does not know'
        : undefined,
  },
  { id: 'UDP-8', level: 'S', text: 'Filtering asks for the address at most, never for the port.', check: checkLoose },
  {
    id: 'UDP-8a',
    level: 'A',
    text: 'Filtering can be chosen by the administrator.',
    check: (s) => checkConfigurableFilter(s, UDP),
  },
  {
    id: 'UDP-9',
    level: 'M',
    text: 'Inside hosts reach each other by outside endpoints.',
    check: (s) => checkHairpin(s, UDP),
  },
  {
    id: 'UDP-9a',
    level: 'M',
    text: 'What comes so has the outside endpoint of its sender.',
    check: (s) => checkHairpin(s, UDP, 'external-source'),
  },
  {
    id: 'UDP-10',
    level: 'S',
    text: 'Payloads are left alone by default.',
    check: (s) => checkPayloadUntouched(s, UDP),
  },
  {
    id: 'UDP-10a',
    level: 'S',
    text: 'Each gateway for an application can be switched.',
    check: { none: 'no application gateway for a protocol over UDP is simulated' },
  },
  { id: 'UDP-11', level: 'M', text: 'The classes of mapping and filtering never change.', check: checkDeterministic },
  { id: 'UDP-12', level: 'N', text: 'No ICMP error ends a mapping.', check: (s) => checkErrorsEndNothing(s, UDP) },
  {
    id: 'UDP-12a',
    level: 'S',
    text: 'ICMP errors are not filtered by who sends them.',
    check: (s) => checkErrorsFromAnyone(s, UDP),
  },
  {
    id: 'UDP-12b',
    level: 'S',
    text: 'Destination unreachable is translated.',
    check: (s) => checkErrorTranslated(s, UDP),
  },
  {
    id: 'UDP-13',
    level: 'M',
    text: 'What is too big and may not be cut draws ICMP 3/4 with the MTU.',
    check: checkTooBig,
  },
  { id: 'UDP-13a', level: 'M', text: 'What is too big and may be cut is cut, and sent in order.', check: checkCut },
  { id: 'UDP-14', level: 'M', text: 'Pieces are taken in any order.', check: checkAnyOrder },
  { id: 'UDP-14a', level: 'M', text: 'A flood of pieces does not stop other traffic.', check: checkFlood },
];
