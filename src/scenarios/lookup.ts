/** From the `to` of a step to an address, asking DNS inside the simulation where it is a name. */
import { type Ip, parseIp } from '../sim/addr/ip.ts';
import type { Finding } from '../sim/host/app/app.ts';
import { resolveClient } from '../sim/host/app/resolve.ts';
import type { World } from '../sim/world/world.ts';
import { type Ran, run } from './program.ts';
import { choose, families, targetOf } from './target.ts';

/** The address, or the program that failed to find one. */
export type Found = { readonly kind: 'address'; readonly ip: Ip } | { readonly kind: 'failed'; readonly ran: Ran };

export function lookUp(world: World, from: string, to: string): Found {
  const target = targetOf(world, from, to);
  if (target.kind === 'address') return target;
  if (target.kind === 'none') {
    return {
      kind: 'failed',
      ran: { program: undefined, finding: { outcome: 'unreachable', more: { reason: target.reason } } },
    };
  }
  const asked = ask(world, from, target.name);
  const ip = choose(world, from, addressesIn(asked.finding));
  return ip === undefined ? { kind: 'failed', ran: asked } : { kind: 'address', ip };
}

/** Asks for the records of the families that the node speaks, IPv4 first, until one has an address. */
function ask(world: World, from: string, name: string): Ran {
  const spoken = families(world, from);
  const first = resolve(world, from, name, spoken.has(4) || spoken.size === 0 ? 'A' : 'AAAA');
  return addressesIn(first.finding).length > 0 || spoken.size < 2 ? first : resolve(world, from, name, 'AAAA');
}

/** Asks the node's resolvers for one type of record. */
export function resolve(world: World, from: string, name: string, type: 'A' | 'AAAA'): Ran {
  return run(world, from, resolveClient({ servers: world.program(from).resolver, name, type }));
}

function addressesIn({ more }: Finding): Ip[] {
  const found = more?.addresses;
  return Array.isArray(found) ? found.flatMap((text: unknown) => parseIp(String(text)) ?? []) : [];
}
