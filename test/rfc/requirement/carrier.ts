/** RFC 6888, 7857 and 7422, requirement by requirement. */
import fc from 'fast-check';
import type { Endpoint } from '../../../src/sim/addr/endpoint.ts';
import { showIp } from '../../../src/sim/addr/ip.ts';
import type { Axes } from '../../../src/sim/design/behaviour.ts';
import { fragment } from '../../../src/sim/packet/fragment.ts';
import { type Packet, udp } from '../../../src/sim/packet/packet.ts';
import { RFC5508, refusal } from './icmp.ts';
import {
  checked,
  every,
  forAll,
  highPort,
  type Requirement,
  type Seen,
  type Subject,
  unlessHolds,
} from './requirement.ts';
import { checkPaired, classifyFilter, SECOND } from './shared.ts';
import { A, B, GATEWAY, ip, networkOf, S, Stand } from './stand.ts';
import { answers, at, errorAbout, open, reach, reaches, S1, same, show, T1, TCP, talk, UDP } from './talk.ts';
import { checkAfterReset, checkOpeningAndClosing, MACHINE, RFC5382 } from './tcp.ts';
import { RFC4787 } from './udp.ts';

const isCarrier = (subject: Subject): boolean => subject.name.startsWith('cgn');
const allocates = (how: string) => (subject: Subject) =>
  subject.behaviour?.ports.allocation === how ? undefined : `its ports are not given out by ${how}`;
const carriersOnly = (subject: Subject) => (isCarrier(subject) ? undefined : 'it is no carrier-grade NAT');
const INSIDE = at(A, 5000);

/** Every MUST and MUST NOT of the three RFCs, but what is left to others here. */
function checkAll(subject: Subject): Seen {
  const musts = [...RFC4787, ...RFC5382, ...RFC5508].filter(({ level }) => level === 'M' || level === 'N');
  for (const { id, check, unless } of musts) {
    if (typeof check !== 'function' || unless?.(subject) !== undefined) continue;
    const seen = check(subject);
    if (seen !== undefined) return `${id}: ${seen}`;
  }
  return undefined;
}

/** Two addresses that do not follow each other, and enough subscribers for both. */
function checkScattered(subject: Subject): Seen {
  // few subscribers, where a place among them decides
  const stand = subject.stand({ to: ['203.0.113.2', '203.0.113.9'], source: '192.168.1.8/29' });
  const used = new Set(
    Array.from({ length: 16 }, (_, i) => open(stand, UDP, at(ip(`192.168.1.${10 + (i % 6)}`), 5000 + i))?.ip),
  );
  return unlessHolds(
    used.has(ip('203.0.113.2')) && used.has(ip('203.0.113.9')) && used.size === 2,
    'one of them is not used',
  );
}

/** A subscriber with three ports at most, and another beside it. */
function checkLimit(subject: Subject): Seen {
  const stand = subject.tuned({ ports: { perSubscriber: 3 } });
  if (stand === undefined) return 'there is no such limit';
  const mine = [0, 1, 2, 3, 4].filter((i) => open(stand, UDP, at(A, 5000 + i)) !== undefined);
  const other = open(stand, UDP, at(B, 5000));
  return unlessHolds(mine.length === 3 && other !== undefined, `${mine.length} mappings with a limit of 3`);
}

/** One mapping, a hundred destinations: does anything stop it? */
function checkMemory(subject: Subject): Seen {
  const stand = subject.stand();
  const passed = Array.from({ length: 100 }, (_, i) => open(stand, UDP, INSIDE, at(S, 10_000 + i))).filter(Boolean);
  return unlessHolds(passed.length < 100, 'nothing limits the sessions of a mapping');
}

function checkExempt(subject: Subject): Seen {
  const stand = subject.stand({ except: '203.0.113.51' });
  const untouched = open(stand, UDP, INSIDE, T1);
  const translated = open(stand, UDP, INSIDE, S1);
  return every(
    () => unlessHolds(untouched?.ip === A, `left as ${show(untouched)}`),
    () => unlessHolds(translated !== undefined && translated.ip !== A, 'others are not translated any more'),
  );
}

/** One outside port; when its mapping is gone another subscriber asks for it. */
function checkRest(subject: Subject): Seen {
  const one: Axes = { ports: { range: '4000-4000', ...sized(subject, 1) }, timeouts: { udp: '10s' } };
  const [early, late] = [118, 125].map((seconds) => {
    const stand = subject.stand({ axes: one });
    if (open(stand, UDP, at(A, 5000)) === undefined) return 'nothing left';
    stand.wait((10 + seconds) * SECOND);
    return open(stand, UDP, at(B, 5000)) === undefined ? 'resting' : 'given out';
  });
  return unlessHolds(early === 'resting' && late === 'given out', `${early} before 120 s, ${late} after`);
}

/** Blocks of so many ports, where ports come in blocks. */
function sized(subject: Subject, blockSize: number): NonNullable<Axes['ports']> {
  return subject.behaviour?.ports.allocation === 'block' ? { blockSize, blocks: 1 } : {};
}

/** IPv4 in the form that PCP writes it: ::ffff:a.b.c.d. */
function mapped4(address: Endpoint['ip']): readonly number[] {
  const bytes = [24, 16, 8, 0].map((shift) => (Number(address) >>> shift) & 0xff);
  return [...new Array<number>(10).fill(0), 0xff, 0xff, ...bytes];
}

/** A MAP request of PCP (RFC 6887 §11.1): UDP port 5000 of host A, for two hours. */
const MAP_REQUEST = Uint8Array.of(
  ...[2, 1, 0, 0],
  ...[0, 0, 0x1c, 0x20],
  ...mapped4(A),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  ...[17, 0, 0, 0],
  ...[5000 >>> 8, 5000 & 0xff, 0, 0],
  ...mapped4(ip('0.0.0.0')),
);

/** A port that was asked for is open to strangers. */
function checkControl(subject: Subject): Seen {
  const stand = subject.stand({ services: ['pcp'] });
  const request = udp({ src: A, dst: GATEWAY, sport: 40_000, dport: 5351, payload: MAP_REQUEST });
  const [said] = stand.fromInside(request).inside;
  if (said?.kind !== 'udp' || said.sport !== 5351) return 'nobody speaks PCP there';
  const { payload } = said;
  if (payload[3] !== 0) return `refused with result ${payload[3]}`;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const by = at(ip([...payload.subarray(56, 60)].join('.')), view.getUint16(42));
  return unlessHolds(reaches(stand, UDP, { from: T1, by, to: INSIDE }), `${show(by)} was given, and leads nowhere`);
}

function checkRefused(subject: Subject): Seen {
  const [said] = refusal(subject);
  return unlessHolds(
    said?.kind === 'icmp' && said.type === 3 && said.code === 1,
    said === undefined ? 'silence' : 'another answer',
  );
}

/** Four ports, each in use; a fifth conversation takes none of them away. */
function checkNoTheft(subject: Subject): Seen {
  const stand = subject.narrow();
  const used = Array.from({ length: 6 }, (_, i) => ({ to: at(A, 5000 + i), by: open(stand, UDP, at(A, 5000 + i)) }));
  open(stand, UDP, at(B, 6000));
  const lost = used.filter(({ to, by }) => by !== undefined && !answers(stand, UDP, { from: S1, by, to }));
  return unlessHolds(lost.length === 0, `${lost.length} mappings were taken away`);
}

function outsidePorts(subject: Subject, host: Endpoint['ip'], count: number, options = {}): readonly number[] {
  const stand = subject.stand(options);
  return Array.from({ length: count }, (_, i) => open(stand, UDP, at(host, 5000 + i))?.port ?? 0);
}

/** All ports of one subscriber lie in one block: one line in a log says it all. */
function checkFewLogs(subject: Subject): Seen {
  const ports = outsidePorts(subject, A, 40);
  const spread = Math.max(...ports) - Math.min(...ports);
  return unlessHolds(spread < 64_512 / 8, `40 ports spread over ${spread}`);
}

/** Most steps from one port to the next are not one and the same. */
function checkUnpredictable(subject: Subject): Seen {
  const ports = outsidePorts(subject, A, 20);
  const kept = ports.filter((port, i) => port === 5000 + i).length;
  if (kept === ports.length) return undefined;
  const steps = ports.slice(1).map((port, i) => port - (ports[i] ?? 0));
  return unlessHolds(new Set(steps).size > 10, `ports ${ports.slice(0, 6).join(', ')}, …`);
}

/** Nobody else gets the ports of a subscriber, so that it can share them with itself alone. */
const hasOwnPorts = ({ behaviour }: Subject): boolean =>
  behaviour?.ports.allocation === 'block' || behaviour?.ports.allocation === 'deterministic';

function checkOverlap(subject: Subject): Seen {
  const axes: Axes = {
    mapping: 'address-and-port-dependent',
    filtering: 'address-and-port-dependent',
    tcp: { mapping: 'address-and-port-dependent', filtering: 'address-and-port-dependent' },
    ports: {
      overload: true,
      range: subject.behaviour?.ports.allocation === 'deterministic' ? '4000-4255' : '4000-4000',
      ...sized(subject, 1),
    },
  };
  const stand = subject.behaviour === undefined ? subject.stand({ ports: '4000-4000' }) : subject.tuned(axes);
  if (stand === undefined) return 'ports cannot be shared';
  const hosts = hasOwnPorts(subject) ? [A, A] : [A, B];
  const [one, two] = hosts.map((host, i) => open(stand, UDP, at(host, 5000 + 2 * i), i ? T1 : S1));
  return unlessHolds(same(one, two), `${show(one)} and ${show(two)} for two destinations`);
}

/** Two addresses of four ports; a subscriber keeps to its own when that is used up. */
function checkSpill(subject: Subject): Seen {
  const stand = subject.narrow({ pool: true });
  const ends = Array.from({ length: 12 }, (_, i) => open(stand, UDP, at(A, 5000 + i))).flatMap((end) => end ?? []);
  const addresses = new Set(ends.map((end) => showIp(end.ip)));
  return unlessHolds(
    addresses.size === 1 && ends.length < 12,
    `${ends.length} mappings on ${[...addresses].join(' and ')}`,
  );
}

/** What UDP opened TCP does not find. */
function checkPerProtocol(subject: Subject): Seen {
  const stand = subject.stand();
  const by = talk(stand, UDP, INSIDE);
  return unlessHolds(!reaches(stand, TCP, { from: S1, by, to: INSIDE }), 'a mapping of UDP lets TCP in');
}

/** Somebody whom a rule refuses goes on sending to a mapping: it dies all the same. */
function checkRefusedSilence(subject: Subject): Seen {
  const drop = { match: { inInterface: 'wan', source: '203.0.113.51' }, action: 'drop' as const };
  const firewall = { forward: { rules: [drop] } };
  return dies(subject, { firewall }, (stand, by) => stand.fromOutside(UDP.hello(T1, by)));
}

/** Errors and resets in reply to what came in do not keep a mapping. */
function checkReplies(subject: Subject): Seen {
  return dies(subject, {}, (stand) => stand.fromInside(errorAbout(UDP.answer(S1, INSIDE), A, { code: 3 })));
}

function dies(subject: Subject, options: object, act: (stand: Stand, by: Endpoint) => unknown): Seen {
  const span = subject.behaviour?.timeouts.udp ?? 30 * SECOND;
  const stand = subject.stand(options);
  const by = open(stand, UDP, INSIDE);
  if (by === undefined) return 'nothing left';
  for (let i = 0; i < 2; i++) {
    stand.wait(span * 0.6);
    act(stand, by);
  }
  return unlessHolds(!same(reach(stand, UDP.answer(S1, by)), INSIDE), 'it lives on');
}

/** Ports need not keep their parity. */
function checkOdd(subject: Subject): Seen {
  const stand = subject.tuned({ ports: { parity: false } }) ?? subject.stand();
  const ports = Array.from({ length: 16 }, (_, i) => {
    open(stand, UDP, at(B, 5000 + 2 * i));
    return open(stand, UDP, at(A, 5000 + 2 * i))?.port ?? 0;
  });
  return unlessHolds(
    ports.some((port) => port % 2 === 1),
    'parity is always kept',
  );
}

/** Two subscribers send pieces with one identification to one destination. */
function checkIdentification(subject: Subject): Seen {
  const stand = subject.stand();
  const pieces = (src: Endpoint['ip']) =>
    fragment(udp({ src, dst: S, sport: 5000, dport: 9000, df: false, ident: 77, payload: new Uint8Array(900) }), 500);
  const idents = [A, B].map(
    (host) => new Set(stand.fromInside(...pieces(host)).outside.map((packet: Packet) => packet.ident)),
  );
  const [mine, other] = idents.map((set) => [...set].join());
  return unlessHolds(mine !== other, `both leave with identification ${mine}`);
}

/** The example of RFC 7422 §2: 16 subscribers, two outside addresses. */
function deterministic(subject: Subject): Stand {
  const { nodes, links } = networkOf(subject.name);
  const inside = {
    ...nodes.inside,
    kind: 'host' as const,
    interfaces: { eth0: Array.from({ length: 14 }, (_, i) => `100.64.0.${i + 1}/24`) },
    gateway: '100.64.0.254',
  };
  const nat = {
    ...nodes.nat,
    kind: 'gateway' as const,
    interfaces: { lan: '100.64.0.254/24', wan: ['198.51.100.1/24', '198.51.100.2/24', '203.0.113.1/24'] },
    nat: {
      behaviour: subject.name,
      rules: [
        {
          match: { source: '100.64.0.0/28', outInterface: 'wan' },
          action: 'snat' as const,
          to: '198.51.100.1-198.51.100.2',
        },
      ],
    },
  };
  return new Stand(checked({ nodes: { ...nodes, inside, nat }, ...(links === undefined ? {} : { links }) }));
}

const SUBSCRIBERS_OF_ONE = 8;
const BLOCK = 8064;

/** RFC 7422 §2: forward, and back from what was seen outside. */
function checkFormula(subject: Subject): Seen {
  return forAll(
    fc.tuple(fc.integer({ min: 1, max: 14 }), highPort),
    ([index, port]) => {
      const stand = deterministic(subject);
      const by = open(stand, UDP, at(ip(`100.64.0.${index}`), port));
      const from = 1024 + (index % SUBSCRIBERS_OF_ONE) * BLOCK;
      const address = ip(`198.51.100.${1 + Math.floor(index / SUBSCRIBERS_OF_ONE)}`);
      const fits = by !== undefined && by.ip === address && by.port >= from && by.port < from + BLOCK;
      return unlessHolds(fits, `left as ${show(by)}, not ${showIp(address)}:${from}-${from + BLOCK - 1}`);
    },
    8,
  );
}

function checkInverse(subject: Subject): Seen {
  const stand = deterministic(subject);
  return every(
    ...Array.from({ length: 14 }, (_, i) => () => {
      const by = open(stand, UDP, at(ip(`100.64.0.${i + 1}`), 5000));
      if (by === undefined) return `nothing left of ${i + 1}`;
      const back =
        (Number(by.ip) - Number(ip('198.51.100.1'))) * SUBSCRIBERS_OF_ONE + Math.floor((by.port - 1024) / BLOCK);
      return unlessHolds(back === i + 1, `${show(by)} leads back to ${back}, not ${i + 1}`);
    }),
  );
}

function checkExample(subject: Subject): Seen {
  const stand = deterministic(subject);
  const [nine, ten] = [9, 10].map((host) => open(stand, UDP, at(ip(`100.64.0.${host}`), 5000)));
  const lies = (end: Endpoint | undefined, from: number) =>
    end !== undefined && end.ip === ip('198.51.100.2') && end.port >= from && end.port < from + BLOCK;
  return unlessHolds(lies(nine, 9088) && lies(ten, 17_152), `${show(nine)} and ${show(ten)}`);
}

function checkFull(subject: Subject): Seen {
  const stand = subject.stand({ axes: { ports: { range: '4000-4511' } } });
  // 512 ports for the 256 addresses of the prefix: two for each
  const got = [0, 1, 2].map((i) => open(stand, UDP, at(A, 5000 + i)));
  return unlessHolds(got[1] !== undefined && got[2] === undefined, `the third of two ports: ${show(got[2])}`);
}

/** Blocks of eight, two for each: reserved with the first mapping, a second when it is full, and no third. */
function checkBlocks(subject: Subject): Seen {
  const stand = subject.stand({ axes: { ports: { range: '4000-4063', blockSize: 8, blocks: 2, perSubscriber: 64 } } });
  const ports = (host: Endpoint['ip'], count: number) =>
    Array.from({ length: count }, (_, i) => open(stand, UDP, at(host, 5000 + i))?.port);
  const blocks = (list: readonly (number | undefined)[]) =>
    new Set(list.flatMap((port) => (port === undefined ? [] : Math.floor((port - 4000) / 8))));
  const [mine, others] = [ports(A, 8), ports(B, 8)];
  const more = Array.from({ length: 10 }, (_, i) => open(stand, UDP, at(A, 6000 + i))?.port);
  return every(
    () => unlessHolds(blocks(mine).size === 1 && blocks(others).size === 1, 'the first eight are of several blocks'),
    () => unlessHolds(![...blocks(mine)].some((block) => blocks(others).has(block)), 'two subscribers share a block'),
    () =>
      unlessHolds(
        more.filter((port) => port !== undefined).length === 8 && blocks(more).size === 1,
        'a second block does not hold eight more',
      ),
  );
}

function row(id: string, level: Requirement['level'], text: string, check: Requirement['check']): Requirement {
  return { id, level, text, check, unless: carriersOnly };
}

function rowIf(how: string, id: string, text: string, check: Requirement['check']): Requirement {
  return { id, level: 'I', text, check, unless: allocates(how) };
}

export const RFC6888: readonly Requirement[] = [
  row('CGN-1', 'M', 'Everything that RFC 4787, 5382 and 5508 demand holds.', checkAll),
  row('CGN-2', 'M', 'Pooling is paired.', (s) => checkPaired(s, UDP)),
  row('CGN-3', 'M', 'Outside addresses need not follow each other.', checkScattered),
  row('CGN-4', 'M', 'There is a limit of ports for each subscriber, which can be set.', checkLimit),
  row('CGN-5', 'S', 'There is a limit of state for each subscriber and mapping.', checkMemory),
  row('CGN-6', 'M', 'Translation can be switched off for destinations.', checkExempt),
  row('CGN-7', 'S', 'Filtering is endpoint-independent.', (s) => {
    const seen = classifyFilter(s.stand(), UDP);
    return unlessHolds(seen === 'endpoint-independent', seen);
  }),
  {
    id: 'CGN-8',
    level: 'S',
    text: 'A port rests 120 s before another gets it.',
    check: checkRest,
    unless: (s) =>
      carriersOnly(s) ??
      (s.behaviour?.ports.allocation === 'deterministic' ? 'ranges of ports are fixed (REQ-8b)' : undefined),
  },
  row('CGN-9', 'M', 'Subscribers control their mappings by a protocol, PCP preferably.', checkControl),
  row('CGN-10', 'S', 'It can be managed by a standard MIB.', { none: 'management is not simulated' }),
  row(
    'CGN-11',
    'M',
    'Where no mapping can be made the packet is dropped, and its sender hears ICMP 3/1.',
    checkRefused,
  ),
  row('CGN-11d', 'N', 'No mapping that lives is taken away to make room.', checkNoTheft),
  row('CGN-12', 'S', 'Destinations are not logged.', { none: 'no log is written' }),
  row('CGN-13', 'S', 'Ports are used to the full.', {
    none: 'it weighs against CGN-14 and CGN-15, and sets no bound that could be measured',
  }),
  row('CGN-14', 'S', 'The scheme of ports keeps logs short.', checkFewLogs),
  row('CGN-15', 'S', 'Ports are hard to guess.', checkUnpredictable),
];

export const RFC7857: readonly Requirement[] = [
  {
    id: 'CGN-U1',
    level: 'S',
    text: 'TCP is followed through the states of RFC 7857 §2.',
    check: (s) =>
      every(
        ...MACHINE.map(
          ({ id, check }) =>
            () =>
              typeof check === 'function' ? prefix(id, check(s)) : undefined,
        ),
      ),
  },
  {
    id: 'CGN-U2',
    level: 'S',
    text: 'Sessions that open and sessions that close live 240 s.',
    check: checkOpeningAndClosing,
  },
  {
    id: 'CGN-U3',
    level: 'M',
    text: 'A reset is translated; the session is kept 240 s, then deleted.',
    check: checkAfterReset,
  },
  {
    id: 'CGN-U4',
    level: 'A',
    text: 'Inside endpoints may share a port where destinations differ.',
    check: checkOverlap,
  },
  {
    id: 'CGN-U5',
    level: 'S',
    text: 'A subscriber whose outside address has no port left gets none of another.',
    check: checkSpill,
  },
  { id: 'CGN-U6', level: 'S', text: 'Mappings and filters are kept apart by protocol.', check: checkPerProtocol },
  { id: 'CGN-U7', level: 'S', text: 'What policy refuses does not keep a mapping alive.', check: checkRefusedSilence },
  {
    id: 'CGN-U8',
    level: 'S',
    text: 'ICMP errors and resets in reply to what came in do not keep a mapping alive.',
    check: checkReplies,
  },
  { id: 'CGN-U9', level: 'A', text: 'Parity may be off.', check: checkOdd },
  { id: 'CGN-U10', level: 'S', text: 'Ports that are not kept are chosen unpredictably.', check: checkUnpredictable },
  {
    id: 'CGN-U11',
    level: 'S',
    text: 'Pieces of different senders leave with different identifications.',
    check: checkIdentification,
  },
  {
    id: 'CGN-U12',
    level: 'A',
    text: 'The mapping of a query may go with its last session.',
    check: { none: 'queries have one session to a mapping here, so that both end at once' },
  },
];

export const RFC7422: readonly Requirement[] = [
  rowIf('deterministic', 'CGN-D1', 'Address and ports follow from the inside address.', checkFormula),
  rowIf('deterministic', 'CGN-D2', 'An outside endpoint leads back to its subscriber.', checkInverse),
  rowIf('deterministic', 'CGN-D3', '100.64.0.9 of 16 gets 198.51.100.2:9088-17151.', checkExample),
  rowIf('deterministic', 'CGN-D4', 'Where the ports of a subscriber are used up, nothing more is mapped.', checkFull),
  rowIf(
    'block',
    'CGN-B1',
    'A subscriber gets a block with its first mapping, further ones up to a limit.',
    checkBlocks,
  ),
];

function prefix(id: string, seen: Seen): Seen {
  return seen === undefined ? undefined : `${id}: ${seen}`;
}
