/** RFC 5508, requirement by requirement. */
import type { Endpoint } from '../../../src/sim/addr/endpoint.ts';
import { fragment } from '../../../src/sim/packet/fragment.ts';
import { quoteOf } from '../../../src/sim/packet/icmp-error.ts';
import { echoId, type Icmp, icmp, type Packet, seal, udp } from '../../../src/sim/packet/packet.ts';
import { encode } from '../../../src/sim/packet/wire/frame.ts';
import { every, forAll, highPort, type Requirement, type Seen, type Subject, unlessHolds } from './requirement.ts';
import { SECOND, seenOutside } from './shared.ts';
import { A, B, C, PUBLIC, PUBLIC2, S, type Stand, T } from './stand.ts';
import { at, errorAbout, open, ping, pong, S1, same, sourceOf, targetOf, UDP } from './talk.ts';

const ME = at(A, 700);
const INSIDE = at(A, 5000);

/** Pings; the outside endpoint it left with. */
function call(stand: Stand, from: Endpoint, to: Endpoint['ip'] = S): Endpoint | undefined {
  const [packet] = stand.fromInside(ping(from, to)).outside;
  return packet === undefined || echoId(packet) === undefined ? undefined : sourceOf(packet);
}

/** Whether an answer to a ping gets back to who asked. */
function called(stand: Stand, by: Endpoint | undefined, from: Endpoint, far: Endpoint['ip'] = S): boolean {
  if (by === undefined) return false;
  const [packet] = stand.fromOutside(pong(far, by)).inside;
  return packet !== undefined && same(targetOf(packet), from);
}

function checkQueries(subject: Subject): Seen {
  return forAll(highPort, (id) => {
    const stand = subject.stand();
    const from = at(A, id);
    return unlessHolds(called(stand, call(stand, from), from), 'no answer');
  });
}

function checkIdentifier(subject: Subject): Seen {
  return forAll(highPort, (id) => {
    const stand = subject.stand();
    call(stand, at(B, id), S);
    const [toT, toS] = [call(stand, at(A, id), T), call(stand, at(A, id), S)];
    return unlessHolds(same(toT, toS), `identifiers ${toT?.port} and ${toS?.port} for two destinations`);
  });
}

function livesFor(stand: Stand, idle: number): boolean {
  const by = call(stand, ME);
  stand.wait(idle);
  return called(stand, by, ME);
}

function checkTimerSet(subject: Subject): Seen {
  const make = () =>
    subject.tuned({ timeouts: { icmp: '90s' } }) ?? subject.stand({ tracking: { timeouts: { icmp: '90s' } } });
  return every(
    () => unlessHolds(livesFor(make(), 89 * SECOND), 'dies before the time that was set'),
    () => unlessHolds(!livesFor(make(), 93 * SECOND), 'lives longer than was set'),
  );
}

/** Sends an error about a datagram that left, spoilt in some way; what came in. */
function spoilt(
  subject: Subject,
  spoil: (error: Icmp) => Icmp,
): { readonly came: Icmp | undefined; readonly sent: Packet } {
  const stand = subject.stand();
  const sent = UDP.hello(INSIDE, S1);
  const about = seenOutside(stand, UDP, INSIDE);
  if (about === undefined) return { came: undefined, sent };
  const [came] = stand.fromOutside(spoil(errorAbout(about, T, { code: 3 }))).inside;
  return { came: came?.kind === 'icmp' ? came : undefined, sent };
}

/** The error with other bytes in its quote, its own checksum right. */
function quoting(error: Icmp, change: (bytes: Uint8Array) => Uint8Array): Icmp {
  return seal({ ...error, payload: change(error.payload.slice()) });
}

function withByte(bytes: Uint8Array, index: number): Uint8Array {
  bytes[index] = (bytes[index] ?? 0) ^ 0x55;
  return bytes;
}

const OPTIONS = [1, 1, 1, 0];

/** The quoted header with four bytes of options, its checksum left as it would be for a header that had them. */
function withOptions(bytes: Uint8Array): Uint8Array {
  const longer = new Uint8Array([...bytes.subarray(0, 20), ...OPTIONS, ...bytes.subarray(20)]);
  const view = new DataView(longer.buffer);
  view.setUint8(0, 0x46);
  view.setUint16(2, view.getUint16(2) + 4);
  view.setUint16(10, 0);
  let sum = 0;
  for (let i = 0; i < 24; i += 2) sum += view.getUint16(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(10, ~sum & 0xffff);
  return longer;
}

/** RFC 4884 §5: padded to 128 bytes, and a structure behind it. */
const EXTENSION = [0x20, 0, 0xde, 0xad, 0, 8, 1, 1, 0, 0, 0, 42];

function extended(error: Icmp): Icmp {
  const payload = new Uint8Array(128 + EXTENSION.length);
  payload.set(error.payload.subarray(0, 128));
  payload.set(EXTENSION, 128);
  return seal({ ...error, rest: (128 / 4) << 16, payload });
}

function checkExtended(subject: Subject): Seen {
  const { came, sent } = spoilt(subject, extended);
  if (came === undefined) return 'dropped';
  const tail = [...came.payload.subarray(128)];
  // the quoted checksum is that of the packet as its sender made it: neither padding nor extension is summed
  return every(
    () => unlessHolds(tail.join() === EXTENSION.join(), 'the extension was changed'),
    () =>
      unlessHolds(
        [...came.payload.subarray(20, 28)].join() === [...encode(sent).subarray(20, 28)].join(),
        'the quoted UDP header is not what was sent',
      ),
  );
}

function checkRestored(subject: Subject): Seen {
  return forAll(highPort, (port) => {
    const stand = subject.stand();
    const from = at(A, port);
    const about = seenOutside(stand, UDP, from);
    if (about === undefined) return 'nothing left';
    const [came] = stand.fromOutside(errorAbout(about, T, { code: 3 })).inside;
    const sent = encode(UDP.hello(from, S1)).subarray(12, 28);
    const quoted = came?.kind === 'icmp' ? came.payload.subarray(12, 28) : [];
    return unlessHolds([...quoted].join() === [...sent].join(), 'the quote is not what was sent');
  });
}

const CODES = [
  [3, 0],
  [3, 1],
  [3, 3],
  [3, 13],
  [11, 0],
  [11, 1],
  [12, 0],
] as const;

function checkKept(subject: Subject): Seen {
  return every(
    ...CODES.map(([type, code]) => () => {
      const { came } = spoilt(subject, (error) => seal({ ...error, type, code }));
      return unlessHolds(
        came?.type === type && came.code === code,
        `${type}/${code} became ${came?.type}/${came?.code}`,
      );
    }),
  );
}

/** A datagram comes in on a session; the error that `teller` sends about it, as it is seen outside. */
function errorFromInside(
  subject: Subject,
  teller: Endpoint['ip'],
  options = {},
): { readonly left: Packet | undefined; readonly by: Endpoint | undefined } {
  const stand = subject.stand(options);
  const by = open(stand, UDP, INSIDE);
  if (by === undefined) return { left: undefined, by };
  const [arrived] = stand.fromOutside(UDP.answer(S1, by)).inside;
  if (arrived === undefined) return { left: undefined, by };
  return { left: stand.fromInside(errorAbout(arrived, teller, { code: 3 })).outside[0], by };
}

function checkOutward(subject: Subject): Seen {
  const { left, by } = errorFromInside(subject, A);
  if (left?.kind !== 'icmp') return 'nothing left';
  const quote = quoteOf(left);
  return every(
    () => unlessHolds(left.type === 3 && left.code === 3, `became ${left.type}/${left.code}`),
    () => unlessHolds(quote?.dst === by?.ip && quote?.dport === by?.port, 'the quote speaks of the inside'),
  );
}

const ONE_TO_ONE = { rules: [{ action: 'static' as const, inside: '192.168.1.12', outside: '203.0.113.3' }] };

function checkTeller(subject: Subject): Seen {
  const from = (teller: Endpoint['ip'], options = {}) => errorFromInside(subject, teller, options).left?.src;
  return every(
    () => unlessHolds(from(A) === PUBLIC, 'an error of the host itself keeps its inside address'),
    () => unlessHolds(from(C) === PUBLIC, 'an error of a router inside keeps its inside address'),
    () => unlessHolds(from(C, ONE_TO_ONE) === PUBLIC2, 'an error of a node with an address of its own does not get it'),
  );
}

function checkNeither(subject: Subject): Seen {
  const span = subject.behaviour?.timeouts.icmp ?? 30 * SECOND;
  const told = (wait: number, after: number): boolean => {
    const stand = subject.stand();
    const [about] = stand.fromInside(ping(ME, S)).outside;
    if (about === undefined) return false;
    stand.wait(wait);
    stand.fromOutside(errorAbout(about, T));
    stand.wait(after);
    return called(stand, sourceOf(about), ME);
  };
  return every(
    () => unlessHolds(told(SECOND, SECOND), 'an error ended it'),
    () => unlessHolds(!told(span * 0.6, span * 0.6), 'an error kept it alive'),
  );
}

/** B gets a datagram of A by way of outside endpoints, and sends an error about it: as A gets it. */
function hairpinnedError(subject: Subject): Icmp | undefined {
  const stand = subject.stand();
  const [a, b] = [INSIDE, at(B, 6000)];
  const [publicA, publicB] = [open(stand, UDP, a), open(stand, UDP, b)];
  if (publicA === undefined || publicB === undefined) return undefined;
  stand.fromInside(UDP.hello(a, publicB), UDP.hello(b, publicA));
  const heard = stand
    .fromInside(UDP.hello(a, publicB))
    .inside.find((packet) => packet.dst === B && packet.kind === 'udp');
  if (heard === undefined) return undefined;
  const back = stand.fromInside(errorAbout(heard, B, { code: 3 })).inside;
  return back.find((packet): packet is Icmp => packet.kind === 'icmp');
}

function checkHairpinned(subject: Subject): Seen {
  const told = hairpinnedError(subject);
  const quote = told === undefined ? undefined : quoteOf(told);
  return every(
    () => unlessHolds(told?.dst === A, 'no error comes back'),
    () => unlessHolds(quote?.src === A && quote.sport === INSIDE.port, 'the quote is not what was sent'),
  );
}

/** Two inside hosts with an address of their own ping each other by these. */
function checkBasic(subject: Subject): Seen {
  const stand = subject.stand({
    rules: [...ONE_TO_ONE.rules, { action: 'static', inside: '192.168.1.10', outside: '203.0.113.2' }],
  });
  const { inside } = stand.fromInside(ping(at(A, 700), PUBLIC2));
  return unlessHolds(
    inside.some((packet) => packet.dst === C && echoId(packet) !== undefined),
    'a query by outside addresses does not come',
  );
}

/** Uses up all ports, then asks for one more. */
export function refusal(subject: Subject, options = {}): readonly Packet[] {
  const stand = subject.narrow(options);
  for (let i = 0; i < 6; i++) open(stand, UDP, at(A, 5000 + i));
  return stand.fromInside(UDP.hello(at(A, 6000), S1)).inside;
}

function checkRefusal(subject: Subject): Seen {
  const [said] = refusal(subject);
  return unlessHolds(
    said?.kind === 'icmp' && said.type === 3 && said.code === 13,
    said?.kind === 'icmp' ? `ICMP ${said.type}/${said.code}` : 'silence',
  );
}

const dying = (more = {}) => udp({ src: A, dst: S, sport: 5000, dport: 9000, ttl: 1, ...more });

function checkSuppressed(subject: Subject): Seen {
  const firewall = { output: { rules: [{ match: { protocol: 'icmp' as const }, action: 'drop' as const }] } };
  return unlessHolds(
    subject.stand({ firewall }).fromInside(dying()).inside.length === 0,
    'an error is sent against the policy',
  );
}

function checkSupport(subject: Subject): Seen {
  const [said] = subject.stand().fromInside(dying()).inside;
  const { came } = spoilt(subject, (error) => seal({ ...error, code: 4, rest: 1280 }));
  return every(
    () =>
      unlessHolds(
        said?.kind === 'icmp' && said.type === 11 && said.code === 0 && said.dst === A,
        'no 11/0 where TTL runs out',
      ),
    () =>
      unlessHolds(
        came?.dst === A && came.code === 4 && came.rest === 1280,
        '3/4 from outside does not come with its MTU',
      ),
    () => checkQueries(subject),
  );
}

const query = (type: number) => icmp({ src: A, dst: S, type, rest: (700 << 16) | 1, payload: new Uint8Array(12) });

function checkTimestamps(subject: Subject): Seen {
  const stand = subject.stand();
  const [left] = stand.fromInside(query(13)).outside;
  if (left?.kind !== 'icmp' || left.src !== PUBLIC) return 'a timestamp query does not leave';
  const [back] = stand.fromOutside(
    icmp({ src: S, dst: PUBLIC, type: 14, rest: left.rest, payload: new Uint8Array(12) }),
  ).inside;
  return unlessHolds(back?.dst === A, 'its answer does not come');
}

function checkObsolete(subject: Subject): Seen {
  const { came } = spoilt(subject, (error) => seal({ ...error, type: 4, code: 0 }));
  return every(
    () => unlessHolds(came === undefined, 'source quench is translated'),
    () =>
      unlessHolds(subject.stand().fromInside(query(15)).outside.length === 0, 'an information request is translated'),
  );
}

function checkClass(subject: Subject): Seen {
  const [said] = subject.stand().fromInside(dying({ tos: 0x28 })).inside;
  return unlessHolds(said?.tos === 0x28, `class 0x28 is answered with 0x${said?.tos.toString(16)}`);
}

function checkModest(subject: Subject): Seen {
  const about = UDP.answer(S1, INSIDE);
  const silent = (packet: Packet) => subject.stand().fromInside(packet).inside.length === 0;
  const [, second] = fragment(
    udp({ src: A, dst: S, sport: 1, dport: 2, df: false, ttl: 1, payload: new Uint8Array(900) }),
    500,
  );
  return every(
    () => unlessHolds(silent(seal({ ...errorAbout(about, A), ttl: 1 })), 'an error is answered with an error'),
    () => unlessHolds(second !== undefined && silent(second), 'a later fragment is answered with an error'),
  );
}

function checkLimited(subject: Subject): Seen {
  const stand = subject.stand({ icmpRateLimit: true });
  const said = Array.from({ length: 30 }, (_, i) => stand.fromInside(dying({ sport: 5000 + i })).inside.length);
  const count = said.reduce((sum, each) => sum + each, 0);
  return unlessHolds(count > 0 && count < 30, `${count} errors for 30 packets`);
}

export const RFC5508: readonly Requirement[] = [
  { id: 'ICMP-1', level: 'M', text: 'Queries from inside and their answers pass.', check: checkQueries },
  {
    id: 'ICMP-1a',
    level: 'S',
    text: 'The outside identifier does not depend on the destination.',
    check: checkIdentifier,
  },
  {
    id: 'ICMP-2',
    level: 'N',
    text: 'A query session does not end before 60 s.',
    check: (s) => unlessHolds(livesFor(s.stand(), 59 * SECOND), 'ends before'),
  },
  { id: 'ICMP-2a', level: 'S', text: 'The timer can be set.', check: checkTimerSet },
  {
    id: 'ICMP-3',
    level: 'S',
    text: 'An error with a wrong checksum is dropped.',
    check: (s) => unlessHolds(spoilt(s, (e) => ({ ...e, checksum: e.checksum ^ 1 })).came === undefined, 'it passes'),
  },
  {
    id: 'ICMP-3a',
    level: 'S',
    text: 'An error whose quoted IP header has a wrong checksum is dropped.',
    check: (s) => unlessHolds(spoilt(s, (e) => quoting(e, (b) => withByte(b, 11))).came === undefined, 'it passes'),
  },
  {
    id: 'ICMP-3b',
    level: 'M',
    text: 'IP options in a quote are skipped.',
    check: (s) =>
      unlessHolds(
        quotedPort(spoilt(s, (e) => quoting(e, withOptions)).came) === INSIDE.port,
        'it is dropped, or read at the wrong place',
      ),
  },
  {
    id: 'ICMP-3c',
    level: 'S',
    text: 'The transport checksum in a quote is not validated.',
    check: (s) => unlessHolds(spoilt(s, (e) => quoting(e, (b) => withByte(b, 26))).came !== undefined, 'it is dropped'),
  },
  {
    id: 'ICMP-3d',
    level: 'M',
    text: 'Padding and extensions (RFC 4884) are no part of what is quoted.',
    check: checkExtended,
  },
  {
    id: 'ICMP-4',
    level: 'S',
    text: 'An error from outside about what has no mapping is dropped silently.',
    check: checkUnknown,
  },
  {
    id: 'ICMP-4a',
    level: 'M',
    text: 'What an error from outside quotes is turned back to the inside form.',
    check: checkRestored,
  },
  { id: 'ICMP-4b', level: 'M', text: 'Type and code stay.', check: checkKept },
  {
    id: 'ICMP-4c',
    level: 'M',
    text: 'It goes to the host whose packet it quotes.',
    check: (s) => unlessHolds(spoilt(s, (e) => e).came?.dst === A, 'it does not come'),
  },
  {
    id: 'ICMP-5',
    level: 'S',
    text: 'An error from inside about what has no mapping is dropped silently.',
    check: (s) => checkUnknownInside(s),
  },
  {
    id: 'ICMP-5a',
    level: 'M',
    text: 'What an error from inside quotes is turned to its outside form, type and code stay.',
    check: checkOutward,
  },
  {
    id: 'ICMP-5c',
    level: 'M',
    text: 'It comes from the outside address of its sender, or of the NAT.',
    check: checkTeller,
  },
  {
    id: 'ICMP-6',
    level: 'N',
    text: 'An error about a query neither refreshes nor ends its session.',
    check: checkNeither,
  },
  {
    id: 'ICMP-7',
    level: 'M',
    text: 'Errors between inside hosts pass that speak by outside endpoints; queries too, where addresses are mapped one to one.',
    check: (s) =>
      every(
        () => checkHairpinned(s),
        () => checkBasic(s),
      ),
  },
  {
    id: 'ICMP-7a',
    level: 'M',
    text: 'Such an error goes to the sender of what it quotes, in its inside form.',
    check: checkHairpinned,
  },
  { id: 'ICMP-8', level: 'S', text: 'Where no session can be made the sender hears ICMP 3/13.', check: checkRefusal },
  { id: 'ICMP-9', level: 'A', text: 'Policy may keep the NAT from sending ICMP.', check: checkSuppressed },
  {
    id: 'ICMP-10a',
    level: 'M',
    text: 'Destination unreachable, time exceeded and echo are supported.',
    check: checkSupport,
  },
  { id: 'ICMP-10b', level: 'A', text: 'Timestamp queries may be supported.', check: checkTimestamps },
  {
    id: 'ICMP-10c',
    level: 'S',
    text: 'Source quench and information messages are not supported.',
    check: checkObsolete,
  },
  {
    id: 'ICMP-10d',
    level: 'S',
    text: 'Errors have the class of service of the packet they are about.',
    check: checkClass,
  },
  { id: 'ICMP-10e', level: 'S', text: 'No errors about errors and later fragments.', check: checkModest },
  { id: 'ICMP-10f', level: 'S', text: 'Errors can be limited in rate.', check: checkLimited },
  {
    id: 'ICMP-11',
    level: 'A',
    text: 'Other types are dropped or handled.',
    check: { none: 'both are allowed, so nothing could be wrong' },
  },
];

function quotedPort(came: Icmp | undefined): number | undefined {
  return came === undefined ? undefined : quoteOf(came)?.sport;
}

function checkUnknown(subject: Subject): Seen {
  const { inside, outside } = subject.stand().fromOutside(errorAbout(UDP.hello(at(PUBLIC, 3333), S1), T));
  return unlessHolds(inside.length + outside.length === 0, 'it passes, or is answered');
}

function checkUnknownInside(subject: Subject): Seen {
  const { inside, outside } = subject.stand().fromInside(errorAbout(UDP.hello(S1, at(A, 3333)), A));
  return unlessHolds(
    inside.length + outside.length === 0,
    outside.length > 0 ? 'it passes, with inside addresses' : 'it is answered',
  );
}
