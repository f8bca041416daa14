/**
 * V8 forgets the shape of objects with the last of them, and with it all code that it has optimised for them. Worlds come
 * and go, often many between two collections of garbage, and after each of these everything would be slow again. So once
 * there have been some worlds, a small one stays in which a little of everything has happened.
 */
import { FIRST_ENDPOINT } from '../addr/endpoint.ts';
import { ip4 } from '../addr/ip.ts';
import type { Millis } from '../base/time.ts';
import type { Design, Node } from '../design/design.ts';
import { type App, type AppCommand, react } from '../host/app/app.ts';
import { FIRST_PACKETS, type Packet, udp } from '../packet/packet.ts';
import type { RecordLevel } from './recorder.ts';
import { FIRST_MOVING } from './state.ts';

/** What a world is, as far as it matters here. */
interface Alive {
  launch(node: string, app: App<unknown>): string;
  sendAll(node: string, packets: readonly Packet[]): unknown;
  runUntil(deadline: Millis): void;
}

/** Who makes fewer worlds than this can do without. */
const MANY = 3;

const INSIDE = ip4(0x0a00_0002);
const OUTSIDE = ip4(0x6440_0002);
const OPEN = 9;
const CLOSED = 8;

const host = (ip: string, gateway: string): Node => ({ kind: 'host', interfaces: { eth0: ip }, gateway });

const SMALL: Design = {
  nodes: {
    inside: host('10.0.0.2/24', '10.0.0.1'),
    gateway: {
      kind: 'gateway',
      interfaces: { lan: '10.0.0.1/24', wan: '100.64.0.1/24' },
      nat: { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' }] },
    },
    outside: {
      ...host('100.64.0.2/24', '100.64.0.1'),
      firewall: { raw: { rules: [{ match: { protocol: 'udp', destinationPort: CLOSED }, action: 'drop' }] } },
    },
  },
  links: [
    ['inside', 'gateway:lan'],
    ['gateway:wan', 'outside'],
  ],
};

/** Two connections, and two packets of each. */
const PACKETS = [5000, 5001, 5000, 5001].map((sport) => udp({ src: INSIDE, dst: OUTSIDE, sport, dport: CLOSED }));

const tick: AppCommand = { kind: 'timer', name: 'next', after: 1 };

/** Sends a few datagrams, one at each tick. */
const source: App<number> = {
  name: 'source',
  start: () => react(4, { kind: 'bind', socket: 'out', port: 0, peer: { ip: OUTSIDE, port: OPEN } }, tick),
  handle: (left, { kind }) => {
    if (kind !== 'timer' || left === 0) return react(left);
    const to = { ip: OUTSIDE, port: OPEN };
    return react(left - 1, { kind: 'send', socket: 'out', to, payload: new Uint8Array(8) }, tick);
  },
};

const sink: App<number> = {
  name: 'sink',
  start: () => react(0, { kind: 'bind', socket: 'in', port: OPEN }),
  handle: (heard, { kind }) => react(kind === 'datagram' ? heard + 1 : heard),
};

const counts: Record<RecordLevel, number> = { full: 0, failures: 0, off: 0 };
const kept: object[] = [FIRST_ENDPOINT, FIRST_PACKETS, FIRST_MOVING];

/**
 * To be called for each world that there is, with how much it writes down, and how to make one; how many are kept. One
 * that writes down other things than those of which there are many would only keep V8 from taking them all for alike.
 */
export function countWorld(record: RecordLevel, make: (design: Design, record: RecordLevel) => Alive): number {
  counts[record] += 1;
  if (counts[record] !== MANY) return kept.length;
  const world = make(SMALL, record);
  world.sendAll('inside', PACKETS);
  world.launch('outside', sink);
  world.launch('inside', source);
  world.runUntil(1000);
  return kept.push(world);
}
