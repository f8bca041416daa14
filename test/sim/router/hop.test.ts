import { describe, expect, it } from 'vitest';
import { type Ip, parseIp, showIp } from '../../../src/sim/addr/ip.ts';
import { fail } from '../../../src/sim/base/fail.ts';
import { Rng } from '../../../src/sim/base/rng.ts';
import type { Design } from '../../../src/sim/design/design.ts';
import { verify } from '../../../src/sim/packet/checksum.ts';
import { quoteOf } from '../../../src/sim/packet/icmp-error.ts';
import { echo, FLAG, type Packet, tcp, udp } from '../../../src/sim/packet/packet.ts';
import { compileNode } from '../../../src/sim/program/compile.ts';
import { LINUX } from '../../../src/sim/program/order.ts';
import { enter, NOTHING, runHop, stepsOf, type Walk } from '../../../src/sim/router/hop.ts';
import type { Passage, RouterState } from '../../../src/sim/router/passage.ts';
import { Router } from '../../../src/sim/router/router.ts';

const ip = (text: string): Ip => parseIp(text) ?? fail(text);

function gateway(more: Partial<Design['nodes'][string]> = {}): RouterState {
  const design: Design = {
    nodes: {
      gw: {
        kind: 'gateway',
        interfaces: { in0: '192.168.1.1/24', out0: '203.0.113.2/24' },
        gateway: '203.0.113.1',
        ...more,
      },
    },
  };
  const program = compileNode(design, 'gw', { leases: new Map(), learned: [] });
  return new Router(program, { chance: () => new Rng(1) });
}

const MASQUERADE = { rules: [{ match: { outInterface: 'out0' }, action: 'masquerade' as const }] };

/** The end, and the passage as it is then. */
function walk(passage: Passage, node: RouterState, now: number) {
  return { ...runHop(passage, node, now), passage };
}

function arrive(node: RouterState, by: string, packet: Packet, now = 0) {
  return walk(enter(packet, by), node, now);
}

function depart(node: RouterState, packet: Packet, now = 0) {
  return walk(enter(packet, undefined), node, now);
}

const syn = (src: string, dst: string, more: { sport?: number; dport?: number; ttl?: number } = {}) =>
  tcp({ src: ip(src), dst: ip(dst), sport: 5000, dport: 80, seq: 1000, flags: FLAG.syn, ...more });

describe('a packet through a node', () => {
  it('LNX-HOOK-1, LNX-NAT-7: is routed, counted down and masqueraded; the answer comes back to the one who asked', () => {
    const node = gateway({ nat: MASQUERADE });
    const out = arrive(node, 'in0', syn('192.168.1.10', '198.51.100.80'));
    if (out.verdict !== 'transmit') return expect.fail(out.verdict);
    const sent = out.passage.packet;
    expect(out.passage).toMatchObject({ out: 'out0', nextHop: ip('203.0.113.1') });
    expect(sent).toMatchObject({ src: ip('203.0.113.2'), sport: 5000, ttl: 63 });
    expect(verify(sent)).toEqual({ header: true, transport: true });
    const answer = tcp({
      src: sent.dst,
      dst: sent.src,
      sport: 80,
      dport: 5000,
      seq: 7,
      ack: 1001,
      flags: FLAG.syn | FLAG.ack,
    });
    const back = arrive(node, 'out0', answer);
    if (back.verdict !== 'transmit') return expect.fail(back.verdict);
    expect(back.passage.packet).toMatchObject({ dst: ip('192.168.1.10'), dport: 5000 });
    expect(back.passage.out).toBe('in0');
  });

  it.each([
    ['LNX-FWD-2: TTL 1 draws 11/0', { ttl: 1 }, {}, [11, 0]],
    ['LNX-FWD-5: no route draws 3/0', {}, { gateway: [] }, [3, 0]],
    ['LNX-FWD-3: no route comes before TTL', { ttl: 1 }, { gateway: [] }, [3, 0]],
    [
      'LNX-FWD-6: unreachable draws 3/1',
      {},
      { routes: [{ to: '198.51.100.0/24', type: 'unreachable' as const }] },
      [3, 1],
    ],
    ['LNX-FWD-6: prohibit draws 3/13', {}, { routes: [{ to: '198.51.100.0/24', type: 'prohibit' as const }] }, [3, 13]],
    [
      'LNX-FWD-6: blackhole draws nothing',
      {},
      { routes: [{ to: '198.51.100.0/24', type: 'blackhole' as const }] },
      undefined,
    ],
    ['a reject rule draws 3/3', {}, { firewall: { forward: { rules: [{ action: 'reject' as const }] } } }, [3, 3]],
    ['a drop policy draws nothing', {}, { firewall: { forward: { policy: 'drop' as const } } }, undefined],
  ])('%s', (_, packet, more, error) => {
    const end = arrive(gateway(more), 'in0', syn('192.168.1.10', '198.51.100.80', packet));
    if (end.verdict !== 'drop') return expect.fail(end.verdict);
    const said = end.answer?.packet;
    expect(said?.kind === 'icmp' ? [said.type, said.code] : undefined).toEqual(error);
    if (said !== undefined) expect([showIp(said.src), showIp(said.dst)]).toEqual(['192.168.1.1', '192.168.1.10']);
  });

  it('LNX-FWD-4: an error about a forwarded port quotes the public destination', () => {
    const rule = {
      match: { protocol: 'tcp' as const, destinationPort: 80 },
      action: 'dnat' as const,
      to: '192.168.1.20',
    };
    const node = gateway({ nat: { rules: [rule] } });
    const end = arrive(node, 'out0', syn('198.51.100.9', '203.0.113.2', { ttl: 1 }));
    if (end.verdict !== 'drop' || end.answer === undefined) return expect.fail(end.verdict);
    const told = walk({ ...enter(end.answer.packet, undefined), tracked: end.answer.tracked }, node, 0);
    if (told.verdict !== 'transmit') return expect.fail(told.verdict);
    const error = told.passage.packet;
    if (error.kind !== 'icmp') return expect.fail(error.kind);
    expect(showIp(quoteOf(error)?.dst ?? ip('::'))).toBe('203.0.113.2');
    expect(verify(error)).toEqual({ header: true, transport: true });
    expect(node.conntrack.rows(0)).toEqual([]);
  });

  it('LNX-CK-1: a wrong header checksum ends a packet before any chain and any entry', () => {
    const node = gateway({ nat: MASQUERADE });
    const packet = syn('192.168.1.10', '198.51.100.80');
    const end = arrive(node, 'in0', { ...packet, headerChecksum: packet.headerChecksum ^ 1 });
    expect(end).toMatchObject({ verdict: 'drop', why: { reason: 'badChecksum' } });
    expect(node.conntrack.rows(0)).toEqual([]);
  });

  it('LNX-HOOK-2: what is for the node itself is delivered, whatever its TTL', () => {
    expect(arrive(gateway(), 'in0', syn('192.168.1.10', '203.0.113.2', { ttl: 1 })).verdict).toBe('deliver');
  });

  it.each(['127.0.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '192.168.1.1'])(
    'a packet from %s is a martian',
    (src) => {
      const end = arrive(gateway(), 'in0', udp({ src: ip(src), dst: ip('198.51.100.80'), sport: 1, dport: 2 }));
      expect(end).toMatchObject({ verdict: 'drop', why: { reason: 'martian' } });
    },
  );

  it('what the node sends itself is routed, leaves by the default route, and is masqueraded too', () => {
    const node = gateway({ nat: MASQUERADE });
    const end = depart(node, echo({ src: ip('192.168.1.1'), dst: ip('198.51.100.80'), id: 7, seq: 1 }));
    if (end.verdict !== 'transmit') return expect.fail(end.verdict);
    expect(end.passage.packet).toMatchObject({ src: ip('203.0.113.2'), ttl: 64 });
  });

  it.each([
    ['that has little to do', {}],
    ['that translates', { nat: MASQUERADE, firewall: { raw: { rules: [] }, output: { rules: [] } } }],
  ] as const)('steps bear the names of the stages that took them, at a node %s', (_, more) => {
    for (const [by, src, order] of [
      [undefined, '192.168.1.1', LINUX.origin],
      ['in0', '192.168.1.10', [...LINUX.arrive, ...LINUX.transit]],
    ] as const) {
      const packet = udp({ src: ip(src), dst: ip('198.51.100.80'), sport: 5000, dport: 53 });
      const told: Walk = { in: by, packet, whys: NOTHING, packets: undefined, end: 'drop' };
      runHop(enter(packet, by), gateway(more), 0, told);
      const steps = stepsOf(told);
      expect(steps.map(({ stage }) => stage)).toEqual(order);
      const whose = { routed: 'route', decremented: 'ttl', fits: 'mtu' } as const;
      for (const { stage, why } of steps)
        if (why.kind in whose) expect([stage, why.kind]).toEqual([Reflect.get(whose, why.kind), why.kind]);
      expect(steps.some(({ why }) => why.kind === 'routed')).toBe(true);
    }
  });
});
