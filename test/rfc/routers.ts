/** Two hosts with a router between them, of both families, and ways to put packets on its wires. */

import { parseIp } from '../../src/sim/addr/ip.ts';
import { parsePrefix } from '../../src/sim/addr/prefix.ts';
import { fail } from '../../src/sim/base/fail.ts';
import { Rng } from '../../src/sim/base/rng.ts';
import type { Design, Node } from '../../src/sim/design/design.ts';
import type { Icmp, Packet } from '../../src/sim/packet/packet.ts';
import { compileNode } from '../../src/sim/program/compile.ts';
import { enter, runHop } from '../../src/sim/router/hop.ts';
import type { End, Passage, RouterState } from '../../src/sim/router/passage.ts';
import { Router } from '../../src/sim/router/router.ts';
import type { World } from '../../src/sim/world/world.ts';
import { script } from '../script.ts';

export const ip = (text: string) => parseIp(text) ?? fail(text);
export const prefix = (text: string) => parsePrefix(text) ?? fail(text);

/** The hosts, the router on either side, and an address next to `b` that nobody has. */
export const ADDRESS = {
  4: { a: '10.0.1.10', near: '10.0.1.1', far: '10.0.2.1', b: '10.0.2.10', nobody: '10.0.2.77' },
  6: {
    a: '2001:db8:1::10',
    near: '2001:db8:1::1',
    far: '2001:db8:2::1',
    b: '2001:db8:2::10',
    nobody: '2001:db8:2::77',
  },
} as const;

/** `a`, the router `r`, and `b`. */
export function network(router: Partial<Node> = {}, b: Partial<Node> = {}): Design {
  const of = (name: 'a' | 'near' | 'far' | 'b') => [`${ADDRESS[4][name]}/24`, `${ADDRESS[6][name]}/64`];
  const via = (name: 'near' | 'far') => [ADDRESS[4][name], ADDRESS[6][name]];
  return {
    nodes: {
      a: { kind: 'host', interfaces: { eth0: of('a') }, gateway: via('near') },
      r: { kind: 'router', interfaces: { in: of('near'), out: of('far') }, ...router },
      b: { kind: 'host', interfaces: { eth0: of('b') }, gateway: via('far'), ...b },
    },
    links: [
      ['a', 'r:in'],
      ['r:out', 'b'],
    ],
  };
}

/** Sends a packet as it is, by an interface or where its routes say, and lets time pass (5 s). */
export function inject(world: World, node: string, packet: Packet, by?: string, wait = 5000): void {
  const send = { kind: 'inject', socket: 'raw', packet, ...(by === undefined ? {} : { interface: by }) } as const;
  world.launch(node, script('raw', [0, { kind: 'raw', socket: 'raw', level: 'ip' }], [0, send]).app);
  world.runUntil(world.now + wait);
}

/** Everything that was on a wire. */
export function onWires(world: World): readonly Packet[] {
  return world.trace.flatMap((event) => (event.kind === 'wire' ? [event.value] : []));
}

/** ICMP that was on a wire. */
export function icmpOnWires(world: World): readonly Icmp[] {
  return onWires(world).flatMap((packet) => (packet.kind === 'icmp' ? [packet] : []));
}

/** The router alone, or another node in its place, for one packet at a time. */
export function node(more: Partial<Node> = {}): RouterState {
  const middle = { ...network().nodes.r, ...more } as Node;
  const program = compileNode({ nodes: { r: middle } }, 'r', { leases: new Map(), learned: [] });
  return new Router(program, { chance: () => new Rng(1) });
}

/** A packet comes to a node: the end of its walk, and the passage as it is then. */
export function arrive(packet: Packet, at: RouterState = node(), by = 'in'): End & { readonly passage: Passage } {
  const passage = enter(packet, by);
  return { ...runHop(passage, at, 0), passage };
}

/** Type and code of the error that the sender is told; undefined for silence. */
export function said(end: End): readonly [number, number] | undefined {
  const packet = end.verdict === 'drop' ? end.answer?.packet : undefined;
  return packet?.kind === 'icmp' ? [packet.type, packet.code] : undefined;
}

/** Why a packet was dropped, or what became of it instead. */
export function reasonOf(end: End): string {
  return end.verdict === 'drop' && end.why.kind === 'refused' ? end.why.reason : end.verdict;
}
