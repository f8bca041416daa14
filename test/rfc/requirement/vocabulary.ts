/** The words of RFC 2663 and RFC 4787: what a profile says of itself by them is what is seen. */
import type { Endpoint } from '../../../src/sim/addr/endpoint.ts';
import { type Behaviour, DEPENDENCES, type Dependence } from '../../../src/sim/design/behaviour.ts';
import { verify } from '../../../src/sim/packet/checksum.ts';
import { every, forAll, highPort, type Requirement, type Seen, type Subject, unlessHolds } from './requirement.ts';
import { classify, classifyFilter } from './shared.ts';
import { A, B, C, ip, PUBLIC, PUBLIC2, S, type Stand } from './stand.ts';
import {
  answers,
  at,
  hairpin,
  open,
  ping,
  pong,
  reach,
  S1,
  S2,
  same,
  show,
  sourceOf,
  T1,
  TCP,
  talk,
  targetOf,
  UDP,
} from './talk.ts';

/** What the kernel calls itself by these words: see the page on fidelity. */
const KERNEL = {
  mapping: 'endpoint-independent',
  filtering: 'address-and-port-dependent',
  filterScope: 'mapping',
  pooling: 'arbitrary',
  hairpin: 'none',
  preserves: true,
  overload: true,
} as const;

function saysOf({ behaviour }: Subject) {
  if (behaviour === undefined) return KERNEL;
  const { allocation, overload } = behaviour.ports;
  return { ...behaviour, preserves: allocation === 'preserve', overload };
}

function checkEndpoints(subject: Subject): Seen {
  const stand = subject.stand();
  const ends = [at(A, 5000), at(A, 5002), at(B, 5004)];
  const seen = ends.map((end) => open(stand, UDP, end));
  const back = ends.every((to, i) => answers(stand, UDP, { from: S1, by: seen[i], to }));
  return unlessHolds(back && new Set(seen.map(show)).size === ends.length, seen.map(show).join(', '));
}

/** Queries are of source, destination and identifier: two of one host at once, each gets its own answer. */
function checkSessions(subject: Subject): Seen {
  const stand = subject.stand();
  const [one, two] = [at(A, 700), at(A, 701)];
  const out = [one, two].map((from) => stand.fromInside(ping(from, S)).outside[0]);
  const back = out.map((packet) => (packet === undefined ? undefined : reach(stand, pong(S, sourceOf(packet)))));
  return unlessHolds(same(back[0], one) && same(back[1], two), `answers reached ${back.map(show).join(' and ')}`);
}

/** While a mapping lives its endpoint is not given to another; when it is gone the same way in leads nowhere. */
function checkMapping(subject: Subject): Seen {
  const stand = subject.stand();
  const inside = at(A, 5000);
  const by = talk(stand, UDP, inside);
  stand.wait(3 * 60 * 60 * 1000);
  return unlessHolds(!answers(stand, UDP, { from: S1, by, to: inside }), 'a mapping outlives three hours of silence');
}

/** Filtering is asked after mapping: a stranger is refused by a mapping that a friend goes through. */
function checkApart(subject: Subject): Seen {
  const { filtering } = saysOf(subject);
  const stand = subject.stand();
  const inside = at(A, 5000);
  const by = talk(stand, UDP, inside);
  if (by === undefined) return 'nothing left';
  const stranger = same(reach(stand, UDP.hello(T1, by)), inside);
  const friend = answers(stand, UDP, { from: S1, by, to: inside });
  return unlessHolds(
    friend && stranger === (filtering === 'endpoint-independent'),
    stranger ? 'a stranger comes in' : 'a friend is refused',
  );
}

const checkMappingClass = (subject: Subject): Seen => {
  const said = saysOf(subject).mapping;
  return forAll(highPort, (port) => {
    const seen = classify(subject.stand(), UDP, port);
    // a port that is kept looks the same everywhere, whatever it depends on
    const kept = saysOf(subject).preserves && saysOf(subject).overload && seen === 'endpoint-independent';
    return unlessHolds(seen === said || kept, `${seen}, not ${said}`);
  });
};

const checkFilteringClass = (subject: Subject): Seen => {
  const seen = classifyFilter(subject.stand(), UDP);
  return unlessHolds(seen === saysOf(subject).filtering, `${seen}, not ${saysOf(subject).filtering}`);
};

/** Under a mapping for each destination: what another mapping of the endpoint was sent to. */
function checkScope(subject: Subject): Seen {
  const inside = at(A, 5000);
  const scoped = (filterScope: 'mapping' | 'endpoint') => {
    const stand = subject.tuned({
      mapping: 'address-and-port-dependent',
      filtering: 'address-and-port-dependent',
      filterScope,
      ports: { overload: false },
    });
    if (stand === undefined) return undefined;
    const by = talk(stand, UDP, inside, S1);
    talk(stand, UDP, inside, T1);
    return answers(stand, UDP, { from: T1, by, to: inside });
  };
  const [mapping, endpoint] = [scoped('mapping'), scoped('endpoint')];
  return unlessHolds(
    mapping === false && endpoint === true,
    mapping === undefined ? 'cannot be chosen' : `${mapping} and ${endpoint}`,
  );
}

const CONES: Readonly<Record<string, Pick<Behaviour, 'mapping' | 'filtering'>>> = {
  'full-cone': { mapping: 'endpoint-independent', filtering: 'endpoint-independent' },
  'restricted-cone': { mapping: 'endpoint-independent', filtering: 'address-dependent' },
  'port-restricted-cone': { mapping: 'endpoint-independent', filtering: 'address-and-port-dependent' },
  symmetric: { mapping: 'address-and-port-dependent', filtering: 'address-and-port-dependent' },
};

function checkClassic(subject: Subject): Seen {
  const name = CONES[subject.name];
  if (name === undefined) return 'no classic name';
  const seen = `${classify(subject.stand(), UDP, 5000)} and ${classifyFilter(subject.stand(), UDP)}`;
  return unlessHolds(seen === `${name.mapping} and ${name.filtering}`, seen);
}

/** The nine combinations, each built and seen. */
function checkNine(subject: Subject): Seen {
  return every(
    ...DEPENDENCES.flatMap((mapping) =>
      DEPENDENCES.map((filtering) => () => {
        // where ports are kept a mapping for each destination still gets ports of its own, unless they are shared
        const make = () => subject.tuned({ mapping, filtering, ports: { overload: false } });
        const [one, two] = [make(), make()];
        if (one === undefined || two === undefined) return 'cannot be chosen';
        const seen = [classify(one, UDP, 5000), classifyFilter(two, UDP)];
        // through a mapping for each destination only that destination can be heard of
        const wanted = [mapping, filtering];
        return unlessHolds(seen.join() === wanted.join(), `${seen.join(' and ')} for ${wanted.join(' and ')}`);
      }),
    ),
  );
}

const checkPreservation = (subject: Subject): Seen => {
  const { preserves } = saysOf(subject);
  const kept = [5000, 23_456, 51_000, 60_001].filter((port) => open(subject.stand(), UDP, at(A, port))?.port === port);
  return unlessHolds(preserves ? kept.length === 4 : kept.length < 4, `${kept.length} of 4 ports stay`);
};

const checkOverloading = (subject: Subject): Seen => {
  const stand = subject.narrow();
  const ends = Array.from({ length: 12 }, (_, i) => open(stand, UDP, at(i % 2 ? A : B, 5000 + i), i % 4 < 2 ? S1 : T1));
  const got = ends.flatMap((end) => (end === undefined ? [] : [show(end)]));
  const shares = new Set(got).size < got.length;
  return unlessHolds(shares === saysOf(subject).overload, shares ? 'ports are shared' : 'no port is shared');
};

/** What ports come in by chance there cannot follow each other. */
function pairing(subject: Subject): Stand | undefined {
  const { allocation } = subject.behaviour?.ports ?? {};
  return allocation === 'preserve' ? subject.tuned({ ports: { contiguity: true, parity: true } }) : undefined;
}

function checkContiguity(subject: Subject): Seen {
  const stand = pairing(subject);
  if (stand === undefined) return 'cannot be had with ports by chance';
  // the pair is taken on the inside ports by another host
  open(stand, UDP, at(B, 5000));
  const [rtp, rtcp] = [5000, 5001].map((port) => open(stand, UDP, at(A, port))?.port ?? 0);
  return unlessHolds(rtp !== undefined && rtp % 2 === 0 && rtcp === rtp + 1, `${rtp} and ${rtcp}`);
}

const checkPooling = (subject: Subject): Seen => {
  const stand = subject.stand({ pool: true });
  const used = (host: Endpoint['ip']) =>
    new Set(
      Array.from(
        { length: 16 },
        (_, i) => open(stand, UDP, at(host, 5000 + i), at(ip(`203.0.113.${50 + (i % 8)}`), 9000 + i))?.ip,
      ),
    );
  const [mine, others] = [used(A).size, used(B).size];
  const paired = mine === 1 && others === 1;
  return unlessHolds(
    paired === (saysOf(subject).pooling === 'paired'),
    `${mine} and ${others} addresses for two hosts`,
  );
};

const checkHairpinning = (subject: Subject): Seen => {
  const { hairpin: said, mapping } = saysOf(subject);
  const from = hairpin(subject.stand(), UDP);
  if (said === 'none' || mapping !== 'endpoint-independent')
    return unlessHolds(from === undefined, `it comes from ${show(from)}`);
  return unlessHolds(from?.ip === (said === 'external-source' ? PUBLIC : A), `it comes from ${show(from)}`);
};

const ONE_TO_ONE = { rules: [{ action: 'static' as const, inside: '192.168.1.12', outside: '203.0.113.3' }] };

function checkBothSides(subject: Subject): Seen {
  return every(
    ...[UDP, TCP].map((protocol) => () => {
      const stand = subject.stand(ONE_TO_ONE);
      const seen = reach(stand, protocol.hello(T1, at(PUBLIC2, 7000)));
      const [back] = stand.fromInside(protocol.answer(at(C, 7000), T1)).outside;
      const answered = back !== undefined && same(sourceOf(back), at(PUBLIC2, 7000));
      return unlessHolds(same(seen, at(C, 7000)) && answered, `${protocol.name} reaches ${show(seen)}`);
    }),
  );
}

function checkBasic(subject: Subject): Seen {
  const stand = subject.stand(ONE_TO_ONE);
  const out = open(stand, UDP, at(C, 5000));
  const seen = reach(stand, UDP.hello(T1, at(PUBLIC2, 7000)));
  return every(
    () => unlessHolds(same(out, at(PUBLIC2, 5000)), `left as ${show(out)}`),
    () => unlessHolds(same(seen, at(C, 7000)), `what comes in reaches ${show(seen)}`),
  );
}

const forwarding = (protocol: 'udp' | 'tcp') => ({
  rules: [
    {
      match: { inInterface: 'wan', protocol, destinationPort: 8080 },
      action: 'dnat' as const,
      to: '192.168.1.10:80',
    },
  ],
});

function checkForward(subject: Subject): Seen {
  return every(
    ...[UDP, TCP].map((protocol) => () => {
      const stand = subject.stand(forwarding(protocol.name));
      const to = reach(stand, protocol.hello(T1, at(PUBLIC, 8080)));
      const [back] = stand.fromInside(protocol.answer(at(A, 80), T1)).outside;
      return every(
        () => unlessHolds(same(to, at(A, 80)), `${protocol.name} reaches ${show(to)}`),
        () =>
          unlessHolds(
            back !== undefined && same(sourceOf(back), at(PUBLIC, 8080)),
            `${protocol.name} comes back from ${back && show(sourceOf(back))}`,
          ),
      );
    }),
  );
}

function checkTwice(subject: Subject): Seen {
  const stand = twice(subject);
  const [left] = stand.fromInside(UDP.hello(at(A, 5000), at(ip('203.0.113.60'), 9000))).outside;
  const both = left !== undefined && left.src === PUBLIC && same(targetOf(left), S2);
  return unlessHolds(
    both,
    left === undefined ? 'nothing left' : `left as ${show(sourceOf(left))} to ${show(targetOf(left))}`,
  );
}

const twice = (subject: Subject): Stand =>
  subject.stand({
    rules: [{ match: { destination: '203.0.113.60', protocol: 'udp' }, action: 'dnat', to: '203.0.113.50:9001' }],
  });

function checkNetmap(subject: Subject): Seen {
  const stand = subject.stand({ rules: [{ action: 'netmap', inside: '192.168.1.8/29', outside: '203.0.113.16/29' }] });
  return every(
    ...[10, 11, 15].map((host) => () => {
      const out = open(stand, UDP, at(ip(`192.168.1.${host}`), 5000));
      return unlessHolds(same(out, at(ip(`203.0.113.${host + 8}`), 5000)), `.${host} left as ${show(out)}`);
    }),
  );
}

function word(id: string, text: string, check: Requirement['check'], unless?: Requirement['unless']): Requirement {
  return { id, level: 'I', text, check, ...(unless === undefined ? {} : { unless }) };
}

type Class = readonly [id: string, text: string, dependence: Dependence];

/** Of three classes a profile says one; the others say nothing to it, but are had when they are asked for. */
function classes(axis: 'mapping' | 'filtering', rows: readonly Class[]): Requirement[] {
  return rows.map(([id, text, dependence]) =>
    word(id, text, axis === 'mapping' ? checkMappingClass : checkFilteringClass, (subject) =>
      saysOf(subject)[axis] === dependence ? undefined : `its ${axis} is of another class`,
    ),
  );
}

export const VOCABULARY: readonly Requirement[] = [
  word('VOC-1', 'Endpoints are told apart: each inside one gets its answers.', checkEndpoints),
  word('VOC-2', 'Sessions of queries are told apart by their identifier.', checkSessions),
  word('VOC-3', 'A mapping is held for some time, and then no more.', checkMapping),
  word('VOC-4', 'Filtering is a decision of its own, besides mapping.', checkApart),
  ...classes('mapping', [
    ['VOC-5', 'One outside endpoint for all destinations (EIM).', 'endpoint-independent'],
    ['VOC-6', 'One for each destination address (ADM).', 'address-dependent'],
    ['VOC-7', 'One for each destination endpoint (APDM).', 'address-and-port-dependent'],
  ]),
  ...classes('filtering', [
    ['VOC-8', 'Everybody may send to a mapping (EIF).', 'endpoint-independent'],
    ['VOC-9', 'Addresses that were sent to may send (ADF).', 'address-dependent'],
    ['VOC-10', 'Endpoints that were sent to may send (APDF).', 'address-and-port-dependent'],
  ]),
  word('VOC-11', 'Filtering can ask for what one mapping, or one inside endpoint, has sent.', checkScope),
  word('VOC-12', 'A classic name means its classic mapping and filtering.', checkClassic, ({ name }) =>
    CONES[name] === undefined ? 'it has no name of RFC 3489' : undefined,
  ),
  word('VOC-12a', 'Nine combinations of mapping and filtering can be had.', checkNine),
  word('VOC-13', 'Ports are preserved, or not, as the profile says.', checkPreservation),
  word('VOC-14', 'Ports are overloaded, or not, as the profile says.', checkOverloading),
  word('VOC-15', 'A pair of ports can be kept contiguous.', checkContiguity),
  word('VOC-16', 'Pooling is paired or arbitrary, as the profile says.', checkPooling),
  word('VOC-17', 'Hairpinning is as the profile says.', checkHairpinning),
  word('VOC-18', 'Basic NAT: an address for an address, ports kept.', checkBasic),
  word('VOC-19', 'Bidirectional NAT: sessions begin on both sides.', checkBothSides),
  word('VOC-20', 'Twice NAT: source and destination in one pass.', checkTwice),
  word('VOC-21', 'A prefix for a prefix, the host bits kept.', checkNetmap),
  word('VOC-23', 'A forwarded port leads inside, and its answers come from it.', checkForward),
  word('VOC-22', 'Masquerading takes whatever address the interface has.', {
    none: 'it is shown by test/kernel/masquerade.json, for the kernel and so for every profile',
  }),
  word('VOC-24', 'Application gateways.', { none: 'FTP is the one that is simulated; its own page has the table' }),
  word('VOC-25', 'Middleboxes.', { none: 'a word for all of this' }),
  word('VOC-26', 'Checksums are adjusted, ICMP errors rewritten, private prefixes not advertised.', checkDuties),
];

/** Every packet that leaves has right checksums. */
function checkDuties(subject: Subject): Seen {
  return forAll(highPort, (port) => {
    const stand = subject.stand();
    const packets = [UDP.hello(at(A, port), S1), TCP.hello(at(A, port), S1), ping(at(A, port), S)];
    const { outside } = stand.fromInside(...packets);
    const wrong = outside.map(verify).filter(({ header, transport }) => !header || !transport);
    return unlessHolds(
      outside.length === 3 && wrong.length === 0,
      `${outside.length} left, ${wrong.length} with wrong checksums`,
    );
  });
}
