/**
 * V8 forgets the shape of objects with the last of them, and with it all code that it has optimised for them. Worlds come
 * and go, often many between two collections of garbage, and after each of these everything would be slow again. So once
 * there have been some worlds, a small one stays.
 */
import { ip4 } from '../addr/ip.ts';
import type { Design, Node } from '../design/design.ts';
import { type Packet, udp } from '../packet/packet.ts';
import type { RecordLevel } from './recorder.ts';

/** What a world is, as far as it matters here. */
interface Alive {
  sendAll(node: string, packets: readonly Packet[]): unknown;
}

/** Who makes fewer worlds than this can do without. */
const MANY = 4;

const host = (ip: string, gateway: string): Node => ({ kind: 'host', interfaces: { eth0: ip }, gateway });

const SMALL: Design = {
  nodes: {
    inside: host('10.0.0.2/24', '10.0.0.1'),
    gateway: {
      kind: 'gateway',
      interfaces: { lan: '10.0.0.1/24', wan: '198.51.100.1/24' },
      nat: { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' }] },
    },
    outside: { ...host('198.51.100.2/24', '198.51.100.1'), firewall: { input: { policy: 'drop' } } },
  },
  links: [
    ['inside', 'gateway:lan'],
    ['gateway:wan', 'outside'],
  ],
};

/** Two connections, and two packets of each. */
const PACKETS = [5000, 5001, 5000, 5001].map((sport) =>
  udp({ src: ip4(0x0a00_0002), dst: ip4(0xc633_6402), sport, dport: 9 }),
);

let count = 0;
const kept: Alive[] = [];

/** To be called for each world that there is, and with how to make one; how many are kept. */
export function countWorld(make: (design: Design, record: RecordLevel) => Alive): number {
  count += 1;
  if (count !== MANY) return kept.length;
  for (const record of ['off', 'full'] as const) {
    const world = make(SMALL, record);
    world.sendAll('inside', PACKETS);
    kept.push(world);
  }
  return kept.length;
}
