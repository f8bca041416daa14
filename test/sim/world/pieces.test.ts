import { describe, expect, it } from 'vitest';
import { showIp } from '../../../src/sim/addr/ip.ts';
import type { Design } from '../../../src/sim/design/design.ts';
import { type App, react } from '../../../src/sim/host/app/app.ts';
import { fragment } from '../../../src/sim/packet/fragment.ts';
import { icmp, type Packet, udp } from '../../../src/sim/packet/packet.ts';
import { World } from '../../../src/sim/world/world.ts';
import { ip } from '../host/pair.ts';

/** A sender and a receiver with a router between them, which tracks connections or does not. */
function network(tracks: boolean): Design {
  const forward = { policy: 'accept', rules: [{ match: { state: 'invalid' }, action: 'drop' }] } as const;
  return {
    nodes: {
      a: {
        kind: 'host',
        interfaces: { eth0: ['10.0.0.1/24', 'fd00:a::1/64'] },
        gateway: ['10.0.0.254', 'fd00:a::fe'],
      },
      r: {
        kind: 'router',
        interfaces: { left: ['10.0.0.254/24', 'fd00:a::fe/64'], right: ['10.0.1.254/24', 'fd00:b::fe/64'] },
        ...(tracks ? { firewall: { forward } } : {}),
      },
      b: {
        kind: 'host',
        interfaces: { eth0: ['10.0.1.1/24', 'fd00:b::1/64'] },
        gateway: ['10.0.1.254', 'fd00:b::fe'],
      },
    },
    links: [
      ['a', 'r:left'],
      ['r:right', 'b'],
    ],
  };
}

const from = (to: string) => ip(to.includes(':') ? 'fd00:a::1' : '10.0.0.1');

function piecesTo(to: string, ident = 7): Packet[] {
  const whole = udp({ src: from(to), dst: ip(to), sport: 1234, dport: 9, payload: new Uint8Array(192), df: false });
  return fragment(whole, to.includes(':') ? 112 : 84, ident);
}

/** What comes back to the sender in the end: when, from whom, which error, and how much of the packet it quotes. */
function heard(world: World): (readonly [number, string, string, number])[] {
  world.runUntil(200_000);
  return world.trace.flatMap((event) => {
    if (event.kind !== 'wire' || !event.to.startsWith('a:') || event.value.kind !== 'icmp') return [];
    const { src, type, code, payload } = event.value;
    return [[Math.floor(event.time / 1000), showIp(src), `${type}/${code}`, payload.length] as const];
  });
}

function send(tracks: boolean, ...pieces: readonly Packet[]): World {
  const world = new World(network(tracks));
  world.sendAll('a', pieces);
  return world;
}

describe('pieces whose others do not come (as Linux 6.18)', () => {
  it.each([
    // where to, whether the router tracks, which pieces come, what the sender hears
    ['10.0.0.254', false, [0, 1], [[30, '10.0.0.254', '11/1', 84]]],
    ['10.0.1.254', true, [1, 0], [[30, '10.0.1.254', '11/1', 84]]],
    ['10.0.0.254', true, [1, 2], []],
    ['10.0.1.1', false, [0], [[30, '10.0.1.1', '11/1', 84]]],
    ['10.0.1.1', true, [0], []],
    ['10.0.1.1', false, [1], []],
    ['fd00:a::fe', false, [0], [[60, 'fd00:a::fe', '3/1', 112]]],
    ['fd00:b::1', false, [0], [[60, 'fd00:b::1', '3/1', 112]]],
    ['fd00:b::1', true, [0, 2], [[60, 'fd00:a::fe', '3/1', 112]]],
    ['fd00:b::1', true, [1], []],
  ] as const)('to %s (tracked: %s), the pieces %j: %j', (to, tracks, which, said) => {
    const pieces = piecesTo(to);
    expect(heard(send(tracks, ...which.flatMap((at) => pieces[at] ?? [])))).toEqual(said);
  });

  it('are not complained of when they are of an error', () => {
    const about = { src: from('10.0.0.254'), dst: ip('10.0.0.254'), payload: new Uint8Array(192) };
    const [head] = fragment(icmp({ ...about, type: 3, code: 1 }), 84, 7);
    expect(heard(send(false, ...(head === undefined ? [] : [head])))).toEqual([]);
  });

  it('that contradict each other are forgotten; those that come after them wait in their turn', () => {
    const [head] = piecesTo('10.0.0.254');
    if (head?.kind !== 'other') throw new Error('no pieces');
    const odd: Packet = { ...head, fragment: { offset: 32, more: true } };
    const inject = (packet: Packet) => ({ kind: 'inject', socket: 'raw', packet }) as const;
    const crafter: App<number> = {
      name: 'crafter',
      start: () =>
        react(0, { kind: 'raw', socket: 'raw', level: 'ip' }, inject(head), inject(odd), {
          kind: 'timer',
          name: 'again',
          after: 10_000,
        }),
      handle: (state, event) => (event.kind === 'timer' ? react(state, inject(head)) : react(state)),
    };
    const world = new World(network(false));
    world.launch('a', crafter);
    expect(heard(world)).toEqual([[40, '10.0.0.254', '11/1', 84]]);
    const fates = world.trace.flatMap((event) => (event.kind === 'fate' ? [event.fate] : []));
    expect(fates.filter(({ kind }) => kind === 'dropped')).toMatchObject([
      { reason: 'reassemblyTimeout' },
      { reason: 'reassemblyTimeout' },
      { reason: 'reassemblyTimeout' },
    ]);
  });
});
