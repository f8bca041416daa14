/** RFC 5382, and the states of RFC 7857 §2, requirement by requirement. */
import type { Endpoint } from '../../../src/sim/addr/endpoint.ts';
import { FLAG, type Packet } from '../../../src/sim/packet/packet.ts';
import { every, type Requirement, type Seen, type Subject, unlessHolds } from './requirement.ts';
import {
  alive,
  checkConfigurableFilter,
  checkEndpointIndependent,
  checkErrorsEndNothing,
  checkErrorTranslated,
  checkHairpin,
  checkNoOverload,
  checkPayloadUntouched,
  classifyFilter,
  MINUTE,
  SECOND,
} from './shared.ts';
import { A, PUBLIC, type Stand } from './stand.ts';
import { at, open, reach, reaches, S1, S2, same, segment, T1, TCP, talk, targetOf, UDP } from './talk.ts';

const HOUR = 60 * MINUTE;
/** RFC 5382 REQ-5 and RFC 7857 §2. */
const TRANSITORY = 4 * MINUTE;
const ESTABLISHED = 2 * HOUR + 4 * MINUTE;
const INSIDE = at(A, 5000);
const { syn, ack, fin, rst, psh } = FLAG;

type Line = readonly [way: '>' | '<', flags: number, seq: number, ack: number, bytes?: number];

const HANDSHAKE: readonly Line[] = [
  ['>', syn, 1000, 0],
  ['<', syn | ack, 7000, 1001],
  ['>', ack, 1001, 7001],
];
/** Data both ways, one side closes, the other goes on, and closes. */
const CONVERSATION: readonly Line[] = [
  ['>', psh | ack, 1001, 7001, 100],
  ['<', ack, 7001, 1101],
  ['<', psh | ack, 7001, 1101, 200],
  ['>', fin | ack, 1101, 7201],
  ['<', ack, 7201, 1102],
  ['<', psh | ack, 7201, 1102, 50],
  ['>', ack, 1102, 7251],
  ['<', fin | ack, 7251, 1102],
  ['>', ack, 1102, 7252],
];
const SIMULTANEOUS: readonly Line[] = [
  ['>', syn, 1000, 0],
  ['<', syn, 7000, 0],
  ['>', syn | ack, 1000, 7001],
  ['<', syn | ack, 7000, 1001],
  ['>', psh | ack, 1001, 7001, 10],
  ['<', psh | ack, 7001, 1011, 10],
];

interface Ends {
  readonly inside: Endpoint;
  readonly by: Endpoint;
  readonly far: Endpoint;
}

/** Says one line; whether it came out on the other side. */
function say(stand: Stand, { inside, by, far }: Ends, [way, flags, seq, acked, bytes = 0]: Line): boolean {
  const body = { seq, ack: acked, payload: new Uint8Array(bytes) };
  if (way === '>') {
    const [left] = stand.fromInside(segment(inside, far, flags, body)).outside;
    return left !== undefined && left.kind === 'tcp' && same(targetOf(left), far);
  }
  return same(reach(stand, segment(far, by, flags, body)), inside);
}

/** The first line that does not get through. */
function follow(stand: Stand, ends: Ends, lines: readonly Line[]): Seen {
  const stuck = lines.findIndex((line) => !say(stand, ends, line));
  return unlessHolds(stuck < 0, `segment ${stuck + 1} of ${lines.length} does not pass`);
}

/** Opens a connection from inside and goes on with these lines, the SYN left out; undefined if even that does not pass. */
function connect(stand: Stand, lines: readonly Line[]): { readonly ends: Ends; readonly seen: Seen } | undefined {
  const by = open(stand, TCP, INSIDE);
  if (by === undefined) return undefined;
  const ends = { inside: INSIDE, by, far: S1 };
  return { ends, seen: follow(stand, ends, lines.slice(1)) };
}

const FORWARD = {
  rules: [
    {
      match: { inInterface: 'wan', protocol: 'tcp' as const, destinationPort: 8080 },
      action: 'dnat' as const,
      to: '192.168.1.10:5000',
    },
  ],
};
const FORWARDED: Ends = { inside: INSIDE, by: at(PUBLIC, 8080), far: S1 };
const mirror = ([way, ...rest]: Line): Line => [way === '>' ? '<' : '>', ...rest];

function checkSequences(subject: Subject): Seen {
  return every(
    () => connect(subject.stand(), [...HANDSHAKE, ...CONVERSATION])?.seen,
    () => {
      const seen = follow(subject.stand(FORWARD), FORWARDED, [...HANDSHAKE, ...CONVERSATION].map(mirror));
      return seen === undefined ? undefined : `begun outside: ${seen}`;
    },
  );
}

function checkSimultaneous(subject: Subject): Seen {
  const found = connect(subject.stand(), SIMULTANEOUS);
  return found === undefined ? 'nothing left' : found.seen;
}

function checkLoose(subject: Subject): Seen {
  const stand = subject.stand();
  const by = talk(stand, TCP, INSIDE);
  return unlessHolds(reaches(stand, TCP, { from: S2, by, to: INSIDE }), 'another port of the same host is refused');
}

/** Filtering of UDP may be loose while that of TCP is strict. */
function checkApart(subject: Subject): Seen {
  const make = () =>
    subject.tuned({
      mapping: 'endpoint-independent',
      filtering: 'endpoint-independent',
      tcp: { mapping: 'endpoint-independent', filtering: 'address-and-port-dependent' },
      ports: { overload: false },
    });
  const [first, second] = [make(), make()];
  if (first === undefined || second === undefined) return 'one filtering for all protocols';
  const seen = `${classifyFilter(first, UDP)} and ${classifyFilter(second, TCP)}`;
  return unlessHolds(seen === 'endpoint-independent and address-and-port-dependent', seen);
}

/** Where an outside SYN may not go: to a mapping that filters it, or, if none does, to where no mapping is. */
function forbidden(subject: Subject, stand: Stand): Endpoint | undefined {
  const by = talk(stand, TCP, INSIDE);
  if (by === undefined) return undefined;
  const open = classifyFilter(subject.stand(), TCP) === 'endpoint-independent';
  return open ? at(by.ip, by.port === 65_535 ? 1024 : by.port + 1) : by;
}

/** What answers a SYN that nobody asked for, in the time after it. */
function unsolicited(subject: Subject, stand: Stand, time: number): readonly Packet[] {
  const to = forbidden(subject, stand);
  if (to === undefined) return [];
  const { inside, outside } = stand.fromOutside(TCP.hello(T1, to));
  const later = stand.wait(time);
  return [...inside, ...outside, ...later.inside, ...later.outside];
}

function checkHold(subject: Subject): Seen {
  return every(
    () => {
      const [said] = unsolicited(subject, subject.stand(), 5.9 * SECOND);
      return unlessHolds(said === undefined, `answered at once by ${said?.kind}`);
    },
    () => {
      const [said] = unsolicited(subject, subject.stand(), 7 * SECOND);
      return unlessHolds(said?.kind === 'icmp' && said.type === 3 && said.code === 3, 'never answered');
    },
    () => checkMet(subject),
  );
}

/** The inside host opens to the sender of the SYN that waits: nothing more is said about it. */
function checkMet(subject: Subject): Seen {
  const stand = subject.stand();
  const to = forbidden(subject, stand);
  if (to === undefined || classifyFilter(subject.stand(), TCP) === 'endpoint-independent') return undefined;
  stand.fromOutside(TCP.hello(T1, to));
  stand.wait(2 * SECOND);
  if (!same(open(stand, TCP, INSIDE, T1), to)) return undefined;
  const { outside } = stand.wait(10 * SECOND);
  return unlessHolds(outside.length === 0, 'the SYN was met by one from inside, and refused all the same');
}

function checkSilent(subject: Subject): Seen {
  const firewall = { input: { policy: 'drop' as const } };
  const stand = subject.tuned({ tcp: { unsolicited: 'drop' } }, { firewall }) ?? subject.stand({ firewall });
  const [said] = unsolicited(subject, stand, 20 * SECOND);
  return unlessHolds(said === undefined, `answered by ${said?.kind}`);
}

function checkTimeouts(subject: Subject): Seen {
  return every(
    () =>
      unlessHolds(alive(subject.stand(), TCP, ESTABLISHED - SECOND), 'an established session ends before 2 h 4 min'),
    () =>
      unlessHolds(
        alive(subject.stand(), TCP, TRANSITORY - SECOND, 'unanswered'),
        'an opening session ends before 4 min',
      ),
  );
}

function checkTimerSet(subject: Subject): Seen {
  const make = () =>
    subject.tuned({ timeouts: { tcpEstablished: '3h', tcpTransitory: '5m' } }) ??
    subject.stand({ tracking: { timeouts: { tcpEstablished: '3h', tcpSynSent: '5m' } } });
  return every(
    () =>
      unlessHolds(alive(make(), TCP, 3 * HOUR - SECOND), 'an established session dies before the time that was set'),
    () => unlessHolds(!lives(make(), HANDSHAKE, 3 * HOUR + 2 * SECOND), 'it lives longer than was set'),
    () => unlessHolds(alive(make(), TCP, 5 * MINUTE - SECOND, 'unanswered'), 'an opening session dies before'),
  );
}

/** After these lines and a time of silence, whether a segment of the far end still comes in. */
function lives(stand: Stand, lines: readonly Line[], idle: number): boolean {
  const found = connect(stand, lines);
  if (found === undefined || found.seen !== undefined) return false;
  stand.wait(idle);
  const last = lines.findLast(([way]) => way === '>') ?? lines[0];
  const far = lines.findLast(([way]) => way === '<');
  const next = (far?.[2] ?? 7000) + (far?.[4] ?? 0) + (((far?.[1] ?? 0) & (syn | fin)) !== 0 ? 1 : 0);
  const acked = (last?.[2] ?? 1000) + (last?.[4] ?? 0) + (((last?.[1] ?? 0) & (syn | fin)) !== 0 ? 1 : 0);
  return say(stand, found.ends, ['<', ack, next, acked]);
}

/** Alive shortly before a time, gone shortly after. */
function checkSpan(subject: Subject, lines: readonly Line[], span: number): Seen {
  return every(
    () => unlessHolds(lives(subject.stand(), lines, span - SECOND), `ends before ${span / SECOND} s`),
    () => unlessHolds(!lives(subject.stand(), lines, span + 3 * SECOND), `lives longer than ${span / SECOND} s`),
  );
}

const RESET: readonly Line[] = [...HANDSHAKE, ['<', rst, 7001, 0]];
const HALF: readonly Line[] = [...HANDSHAKE, ['>', fin | ack, 1001, 7001], ['<', ack, 7001, 1002]];
const CLOSED: readonly Line[] = [...HALF, ['<', fin | ack, 7001, 1002], ['>', ack, 1002, 7002]];

function checkClosed(subject: Subject): Seen {
  const stray = subject.stand().fromInside(TCP.more(INSIDE, S1));
  return every(
    () => unlessHolds(open(subject.stand(), TCP, INSIDE) !== undefined, 'a SYN from inside does not pass'),
    () => unlessHolds(stray.outside.length === 0, 'a segment without mapping is let out'),
    () => unlessHolds(stray.inside.length === 0, 'a segment without mapping is answered'),
  );
}

function checkOpening(subject: Subject): Seen {
  return every(
    () => unlessHolds(alive(subject.stand(), TCP, TRANSITORY - SECOND, 'unanswered'), 'ends before 240 s'),
    () => unlessHolds(!alive(subject.stand(), TCP, TRANSITORY + 3 * SECOND, 'unanswered'), 'lives longer than 240 s'),
    () => unlessHolds(lives(subject.stand(), HANDSHAKE, TRANSITORY + MINUTE), 'an answer does not establish it'),
  );
}

function checkIncoming(subject: Subject): Seen {
  const stand = subject.stand(FORWARD);
  const seen = follow(stand, FORWARDED, HANDSHAKE.map(mirror));
  if (seen !== undefined) return seen;
  stand.wait(HOUR);
  return unlessHolds(say(stand, FORWARDED, ['<', ack, 1001, 7001]), 'not established by a SYN from inside');
}

/** A segment that is no reset brings a session back that a reset had put on its last four minutes. */
function checkBack(subject: Subject): Seen {
  const lines: readonly Line[] = [...RESET, ['>', ack, 1001, 7001], ['<', ack, 7001, 1001]];
  return unlessHolds(
    lives(subject.stand(), lines, TRANSITORY + 10 * MINUTE),
    'a segment after a reset does not bring it back',
  );
}

/** What RFC 7857 §2 asks of the states of a session. */
export const MACHINE: readonly Requirement[] = [
  {
    id: 'TCP-CLOSED',
    level: 'S',
    text: 'A SYN from inside opens a session; what belongs to none is dropped silently.',
    check: checkClosed,
  },
  {
    id: 'TCP-I-INIT',
    level: 'S',
    text: 'An opened session lives 240 s until it is answered, and is then established.',
    check: checkOpening,
  },
  {
    id: 'TCP-O-INIT',
    level: 'S',
    text: 'A session opened from outside is established by a SYN from inside.',
    check: checkIncoming,
  },
  {
    id: 'TCP-ESTABLISHED',
    level: 'S',
    text: 'An established session lives 7440 s of silence, and ends then.',
    check: (s) => checkSpan(s, HANDSHAKE, ESTABLISHED),
  },
  {
    id: 'TCP-FIN',
    level: 'S',
    text: 'A session that one side closed lives as long as before.',
    check: (s) => unlessHolds(lives(s.stand(), HALF, ESTABLISHED - 5 * MINUTE), 'ends before'),
  },
  {
    id: 'TCP-BOTH-FIN',
    level: 'S',
    text: 'A session that both sides closed lives 240 s.',
    check: (s) => checkSpan(s, CLOSED, TRANSITORY),
  },
  {
    id: 'TCP-TRANS',
    level: 'S',
    text: 'A reset leaves a session 240 s, and other segments bring it back.',
    check: (s) =>
      every(
        () => checkSpan(s, RESET, TRANSITORY),
        () => checkBack(s),
      ),
  },
];

/** Whether a session that was opened, closed or reset lives 240 s. */
export const checkOpeningAndClosing = (s: Subject): Seen =>
  every(
    () => unlessHolds(alive(s.stand(), TCP, TRANSITORY - SECOND, 'unanswered'), 'an opening session ends before 240 s'),
    () => unlessHolds(lives(s.stand(), CLOSED, TRANSITORY - SECOND), 'a closing session ends before 240 s'),
  );
export const checkAfterReset = (s: Subject): Seen => checkSpan(s, RESET, TRANSITORY);

export const RFC5382: readonly Requirement[] = [
  {
    id: 'TCP-1',
    level: 'M',
    text: 'The mapping is endpoint-independent.',
    check: (s) => checkEndpointIndependent(s, TCP),
  },
  {
    id: 'TCP-2',
    level: 'M',
    text: 'All valid sequences of segments pass, from inside and where permitted from outside.',
    check: checkSequences,
  },
  { id: 'TCP-2a', level: 'M', text: 'Simultaneous open passes.', check: checkSimultaneous },
  { id: 'TCP-3', level: 'S', text: 'Filtering asks for the address at most, never for the port.', check: checkLoose },
  {
    id: 'TCP-3a',
    level: 'A',
    text: 'Filtering can be chosen by the administrator.',
    check: (s) => checkConfigurableFilter(s, TCP),
  },
  { id: 'TCP-3b', level: 'A', text: 'Filtering may differ from that of UDP.', check: checkApart },
  {
    id: 'TCP-4',
    level: 'N',
    text: 'A SYN that nobody asked for is not answered for 6 s, then with ICMP 3/3, unless one from inside met it.',
    check: checkHold,
  },
  { id: 'TCP-4a', level: 'M', text: 'Where policy forbids to answer it is dropped silently.', check: checkSilent },
  {
    id: 'TCP-5',
    level: 'N',
    text: 'An established session does not end before 2 h 4 min of silence, an opening one not before 4 min.',
    check: checkTimeouts,
  },
  { id: 'TCP-5a', level: 'A', text: 'The timers can be set.', check: checkTimerSet },
  {
    id: 'TCP-6',
    level: 'S',
    text: 'Payloads are left alone by default, FTP excepted.',
    check: (s) => checkPayloadUntouched(s, TCP),
  },
  {
    id: 'TCP-7',
    level: 'N',
    text: 'No two inside endpoints share an outside one.',
    check: (s) => checkNoOverload(s, TCP),
  },
  {
    id: 'TCP-8',
    level: 'M',
    text: 'Inside hosts reach each other by outside endpoints, and see those.',
    check: (s) => checkHairpin(s, TCP, 'external-source'),
  },
  {
    id: 'TCP-9',
    level: 'S',
    text: 'Destination unreachable is translated.',
    check: (s) => checkErrorTranslated(s, TCP),
  },
  {
    id: 'TCP-10',
    level: 'N',
    text: 'No ICMP error ends a mapping or a connection.',
    check: (s) => checkErrorsEndNothing(s, TCP),
  },
  ...MACHINE,
];
