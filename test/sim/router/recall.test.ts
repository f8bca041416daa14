/** A walk is remembered for packets that are like it, and for no others. */

import { describe, expect, it } from 'vitest';
import { parseIp } from '../../../src/sim/addr/ip.ts';
import { fail } from '../../../src/sim/base/fail.ts';
import { Rng } from '../../../src/sim/base/rng.ts';
import type { Node } from '../../../src/sim/design/design.ts';
import { FLAG, type Packet, tcp, type Udp, udp } from '../../../src/sim/packet/packet.ts';
import { compileNode } from '../../../src/sim/program/compile.ts';
import { enter, NOTHING, runHop, stepsOf, type Walk } from '../../../src/sim/router/hop.ts';
import type { End, Passage, RouterState } from '../../../src/sim/router/passage.ts';
import { Router } from '../../../src/sim/router/router.ts';

const ip = (text: string) => parseIp(text) ?? fail(text);

const ROUTER: Node = {
  kind: 'router',
  interfaces: { a: '10.0.1.1/24', b: { addresses: ['10.0.2.1/24'], mtu: 1400 } },
};
const GATEWAY: Node = {
  ...ROUTER,
  kind: 'gateway',
  nat: { rules: [{ match: { outInterface: 'b' }, action: 'masquerade' }] },
};

function running(node: Node, recalls = true): Router {
  // programs of one node are one and the same, and what they remember with them
  const program = compileNode({ nodes: { r: structuredClone(node) } }, 'r');
  return new Router(program, { chance: () => new Rng(1), recalls });
}

const ENDS = { src: ip('10.0.1.5'), dst: ip('10.0.2.5'), sport: 5000, dport: 80 };
const datagram = (more: Partial<Udp> = {}) => udp({ ...ENDS, ...more });
const segment = (flags: number) => tcp({ ...ENDS, seq: 1, flags });

/** Whether the walk was another one's, and where it ended. */
function go(node: RouterState, packet: Packet, by = 'a'): { again: boolean; end: End & { passage: Passage } } {
  const start = enter(packet, by);
  const walk: Walk = { in: by, packet, whys: NOTHING, packets: undefined, end: 'drop' };
  const end = runHop(start, node, 0, walk);
  expect(stepsOf(walk).at(-1)?.after).toEqual(start.packet);
  return { again: walk.packets === undefined, end: { ...end, passage: start } };
}

/** The same without memory must come to the same. */
function both(node: Node, packets: readonly Packet[]): readonly boolean[] {
  const [recalling, walking] = [running(node), running(node, false)];
  return packets.map((packet) => {
    const { again, end } = go(recalling, packet);
    const { verdict, passage } = go(walking, packet).end;
    expect({ verdict: end.verdict, packet: end.passage.packet, out: end.passage.out }).toEqual({
      verdict,
      packet: passage.packet,
      out: passage.out,
    });
    return again;
  });
}

describe('a walk through a node that tracks nothing', () => {
  it.each<[string, Packet, boolean]>([
    ['the same packet', datagram(), true],
    ['other ports, which nobody asks for', datagram({ sport: 1, dport: 2 }), true],
    ['another lifetime', datagram({ ttl: 2 }), true],
    ['no hop left', datagram({ ttl: 1 }), false],
    ['as long as the way out takes', datagram({ payload: new Uint8Array(1372) }), true],
    ['longer, and to be cut', datagram({ payload: new Uint8Array(1373) }), false],
    ['another source', datagram({ src: ip('10.0.1.6') }), false],
    ['another destination', datagram({ dst: ip('10.0.2.6') }), false],
    ['another protocol', segment(FLAG.ack), false],
    ['a header that is wrong', { ...datagram(), headerChecksum: 1 }, false],
  ])('and after it %s', (_, packet, again) => {
    expect(both(ROUTER, [datagram(), packet])).toEqual([false, again]);
  });

  it('is that of the same ports, where a rule asks for them', () => {
    const rules = [{ match: { protocol: 'udp', not: { destinationPort: 53 } }, action: 'drop' }] as const;
    const firewall = { raw: { rules } };
    const packets = [datagram(), datagram(), datagram({ dport: 53 }), datagram({ dport: 53 }), datagram()];
    expect(both({ ...ROUTER, firewall }, packets)).toEqual([false, true, false, true, true]);
  });

  it('is that of the same flags, where a rule asks for them', () => {
    const rules = [{ match: { protocol: 'tcp', tcpFlags: { mask: ['syn'], set: ['syn'] } }, action: 'drop' }] as const;
    const packets = [FLAG.ack, FLAG.ack, FLAG.syn, FLAG.syn].map(segment);
    expect(both({ ...ROUTER, firewall: { forward: { rules } } }, packets)).toEqual([false, true, false, true]);
  });

  it('is that of packets that come by the same interface', () => {
    const node = running(ROUTER);
    expect([go(node, datagram(), 'a').again, go(node, datagram(), 'b').again]).toEqual([false, false]);
  });

  it('is none that a refusal with an answer ends', () => {
    const rules = [{ action: 'reject' }] as const;
    expect(both({ ...ROUTER, firewall: { forward: { rules } } }, [datagram(), datagram()])).toEqual([false, false]);
  });

  it('is over with the program', () => {
    const node = running(ROUTER);
    go(node, datagram());
    node.reprogram(compileNode({ nodes: { r: { ...ROUTER, routes: [{ to: '10.0.2.5', type: 'blackhole' }] } } }, 'r'));
    expect(go(node, datagram()).end.verdict).toBe('drop');
  });

  it('is found among thousands, of which the table keeps some', () => {
    const node = running(ROUTER);
    const packets = Array.from({ length: 9000 }, (_, i) =>
      datagram({ dst: ip(`10.0.2.${2 + (i % 250)}`), src: ip(`10.0.1.${2 + Math.floor(i / 250)}`) }),
    );
    for (let round = 0; round < 3; round++) for (const packet of packets) go(node, packet);
    const known = packets.filter((packet) => go(node, packet).again).length;
    expect(known).toBeGreaterThan(500);
    expect(known).toBeLessThanOrEqual(4096);
  });
});

describe('the end of remembered walks', () => {
  const WIDE: Node = { kind: 'router', interfaces: { a: '10.0.1.1/24', b: '10.1.0.1/16' } };
  const endOf = (node: RouterState, packet: Packet) => runHop(enter(packet, 'a'), node, 0);
  const to = (i: number, more: Partial<Udp> = {}) => datagram({ dst: ip(`10.1.${i >> 8}.${i & 255}`), ...more });

  it('is one value for all that leave by one way', () => {
    const node = running(WIDE);
    const packets = [to(5), to(5, { src: ip('10.0.1.6') })];
    for (const packet of packets) endOf(node, packet);
    const [one, other] = packets.map((packet) => endOf(node, packet));
    expect(one).toBe(other);
  });

  it('is none that others have, however many ways there are', () => {
    const node = running(WIDE);
    const many = Array.from({ length: 5000 }, (_, i) => to(i + 2));
    for (const packet of many) endOf(node, packet);
    expect(new Set(many.map((packet) => endOf(node, packet))).size).toBe(5000);
  });

  it('is another one where the same next hop is gone to by another interface', () => {
    const node = running({
      ...WIDE,
      interfaces: { ...WIDE.interfaces, c: '10.2.0.1/16' },
      routes: [
        { to: '192.0.2.0/24', via: '10.1.0.9', interface: 'b' },
        { to: '198.51.100.0/24', via: '10.1.0.9', interface: 'c' },
      ],
    });
    const [one, other] = ['192.0.2.1', '198.51.100.1'].map((dst) => datagram({ dst: ip(dst) }));
    for (const packet of [one, other]) endOf(node, packet ?? fail('two'));
    expect(endOf(node, one ?? fail('two'))).not.toBe(endOf(node, other ?? fail('two')));
  });
});

describe('a walk through a node that tracks', () => {
  it('is remembered from the second packet of a connection on, each way, until tracking says something new', () => {
    const node = running(GATEWAY);
    const back = udp({ src: ENDS.dst, dst: ip('10.0.2.1'), sport: 80, dport: 5000 });
    const seen = [datagram(), datagram(), datagram()].map((packet) => go(node, packet).again);
    expect(seen).toEqual([false, false, true]);
    expect([go(node, back, 'b').again, go(node, back, 'b').again]).toEqual([false, true]);
    // established by now
    expect([go(node, datagram()).again, go(node, datagram()).again]).toEqual([false, true]);
    expect(go(node, back, 'b').end.passage.packet).toMatchObject({ dst: ENDS.src, dport: 5000 });
  });

  it('is over with the connection', () => {
    const node = running(GATEWAY);
    for (let i = 0; i < 3; i++) go(node, datagram());
    node.conntrack.flush(0);
    expect(go(node, datagram()).again).toBe(false);
  });

  it('is not remembered where a helper reads along', () => {
    const node = running({ ...GATEWAY, nat: { ...GATEWAY.nat, helpers: ['ftp'] } });
    const control = (flags: number) => tcp({ ...ENDS, dport: 21, seq: 1, flags });
    expect([FLAG.syn, FLAG.syn, FLAG.syn].map((flags) => go(node, control(flags)).again)).toEqual([
      false,
      false,
      false,
    ]);
  });
});
