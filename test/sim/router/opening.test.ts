/** A connection that opens as others did comes to what the stages come to, whatever stands in its way. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIp } from '../../../src/sim/addr/ip.ts';
import { fail } from '../../../src/sim/base/fail.ts';
import { Rng } from '../../../src/sim/base/rng.ts';
import type { Node } from '../../../src/sim/design/design.ts';
import { FLAG, type Packet, tcp, udp } from '../../../src/sim/packet/packet.ts';
import { compileNode } from '../../../src/sim/program/compile.ts';
import { enter, runHop } from '../../../src/sim/router/hop.ts';
import type { RouterState } from '../../../src/sim/router/passage.ts';
import { Router } from '../../../src/sim/router/router.ts';
import { Begun } from '../../../src/sim/router/tracked.ts';
import { dropOf } from '../../../src/sim/trace/verdict.ts';

const ip = (text: string) => parseIp(text) ?? fail(text);

const INTERFACES = { lan: '10.0.1.1/24', wan: '198.18.1.1/24' };

/** Gateways whose rules ask for this and that; pools are small, so that they run out. */
const GATEWAYS: Readonly<Record<string, Node>> = {
  masquerading: {
    kind: 'gateway',
    interfaces: INTERFACES,
    nat: { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' }] },
  },
  'with few ports': {
    kind: 'gateway',
    interfaces: INTERFACES,
    nat: { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade', to: ':2000-2003' }] },
  },
  'with a pool, and rules by port': {
    kind: 'gateway',
    interfaces: INTERFACES,
    firewall: {
      forward: {
        policy: 'drop',
        rules: [
          { match: { protocol: 'udp', destinationPort: '50-60' }, action: 'accept' },
          { match: { protocol: 'tcp', sourcePort: 1002 }, action: 'drop' },
          { match: { protocol: 'tcp', tcpFlags: { mask: ['syn', 'ack'], set: ['syn'] } }, action: 'accept' },
          { match: { state: 'established' }, action: 'accept' },
        ],
      },
    },
    nat: { rules: [{ match: { source: '10.0.1.0/24' }, action: 'snat', to: '198.18.1.1-198.18.1.2:3000-3001' }] },
  },
  'that sends ports on': {
    kind: 'gateway',
    interfaces: INTERFACES,
    firewall: { forward: { rules: [{ match: { protocol: 'udp', destinationPort: 8053 }, action: 'drop' }] } },
    nat: {
      rules: [
        { match: { protocol: 'udp', destinationPort: 53 }, action: 'dnat', to: '198.18.1.9:8053' },
        { match: { protocol: 'udp', destinationPort: '54-55' }, action: 'dnat', to: '198.18.1.9:7000-7001' },
        { match: { protocol: 'tcp', destinationPort: 51 }, action: 'redirect', to: ':80' },
      ],
    },
  },
  'that tracks a little': {
    kind: 'firewall',
    interfaces: INTERFACES,
    firewall: {
      raw: { rules: [{ match: { protocol: 'udp', destinationPort: 52 }, action: 'notrack' }] },
      forward: { rules: [{ match: { state: 'invalid' }, action: 'drop' }] },
      input: { rules: [{ match: { destinationPort: 50, protocol: 'udp' }, action: 'drop' }] },
    },
    tracking: { max: 6 },
  },
};

const anyPacket: fc.Arbitrary<Packet> = fc
  .record({
    udp: fc.boolean(),
    src: fc.constantFrom('10.0.1.5', '10.0.1.6'),
    dst: fc.constantFrom('198.18.1.7', '198.18.1.8', '198.18.1.1', '10.0.1.1'),
    sport: fc.integer({ min: 1000, max: 1005 }),
    dport: fc.integer({ min: 50, max: 56 }),
    ttl: fc.constantFrom(64, 64, 1),
    flags: fc.constantFrom(FLAG.syn, FLAG.syn, FLAG.ack, FLAG.rst),
    whole: fc.constantFrom(true, true, true, false),
  })
  .map(({ udp: isUdp, src, dst, sport, dport, ttl, flags, whole }) => {
    const ends = { src: ip(src), dst: ip(dst), sport, dport, ttl };
    const packet = isUdp ? udp(ends) : tcp({ ...ends, seq: 1, flags });
    return whole ? packet : { ...packet, checksum: packet.checksum ^ 1 };
  });

function running(node: Node, recalls: boolean): Router {
  return new Router(compileNode({ nodes: { r: node } }, 'r'), { chance: () => new Rng(3), recalls });
}

/** What became of a packet; `rests`: the table is left alone with what has gone out, as a world leaves it. */
function go(node: RouterState, packet: Packet, now: number, rests: boolean): unknown {
  const passage = enter(packet, 'lan');
  const end = runHop(passage, node, now);
  const { tracked, out, nextHop } = passage;
  const sent = end.verdict === 'transmit' || end.verdict === 'deliver';
  const dropped = end.verdict === 'drop' ? [dropOf(end.why), end.answer?.packet] : [];
  if (rests && end.verdict === 'transmit' && tracked instanceof Begun) node.conntrack.rest(tracked);
  return [end.verdict, ...dropped, sent ? [passage.packet, out, nextHop] : [], node.conntrack.flows.size];
}

describe.each(Object.entries(GATEWAYS))('a gateway %s', (_, design) => {
  it('opens connections as it would without memory', () => {
    const anyTraffic = fc.array(fc.tuple(anyPacket, fc.constantFrom(0, 0, 0, 20_000)), { maxLength: 60 });
    fc.assert(
      fc.property(anyTraffic, (traffic) => {
        const node = structuredClone(design);
        const [recalling, walking] = [running(node, true), running(node, false)];
        let now = 0;
        for (const [packet, pause] of traffic) {
          now += pause;
          // whoever looks at the table wakes what lies there
          expect(go(recalling, packet, now, true)).toEqual(go(walking, packet, now, false));
        }
        expect(recalling.conntrack.rows(now)).toEqual(walking.conntrack.rows(now));
      }),
      { numRuns: 40 },
    );
  });
});

describe('connections that open alike', () => {
  const [masquerading = fail('no gateway')] = Object.values(GATEWAYS);
  const datagram = (sport: number) => udp({ src: ip('10.0.1.5'), dst: ip('198.18.1.7'), sport, dport: 50 });

  it('ask the rules once', () => {
    const node = running(structuredClone(masquerading), true);
    const { program } = node;
    let asked = 0;
    const source = () => {
      asked += 1;
      return undefined;
    };
    const counting = { ...program, nat: { ...program.nat, source } };
    node.reprogram(counting as unknown as typeof program);
    for (let sport = 1000; sport < 1010; sport++) runHop(enter(datagram(sport), 'lan'), node, 0);
    expect(asked).toBe(1);
    expect(node.conntrack.rows(0)).toHaveLength(10);
  });

  it('rest as rows, and are the same connections when somebody looks', () => {
    const [resting, waking] = [running(structuredClone(masquerading), true), running(masquerading, true)];
    for (let sport = 1000; sport < 1100; sport++) {
      for (const node of [resting, waking]) {
        const passage = enter(datagram(sport), 'lan');
        runHop(passage, node, sport);
        if (node === resting && passage.tracked instanceof Begun) node.conntrack.rest(passage.tracked);
      }
    }
    const answer = udp({ src: ip('198.18.1.7'), dst: ip('198.18.1.1'), sport: 50, dport: 1050 });
    for (const node of [resting, waking]) runHop(enter(answer, 'wan'), node, 5000);
    expect(resting.conntrack.rows(31_050)).toEqual(waking.conntrack.rows(31_050));
    expect(resting.conntrack.rows(31_050)).toHaveLength(50);
  });
});
