import { type Ip, showIp } from '../sim/addr/ip.ts';
import { fail } from '../sim/base/fail.ts';
import type { Millis } from '../sim/base/time.ts';
import type { App, Finding } from '../sim/host/app/app.ts';
import type { World } from '../sim/world/world.ts';

/** What a program on a node found out, and the name under which the trace knows its packets. */
export interface Ran {
  readonly program: string | undefined;
  readonly finding: Finding;
  /** It asked for an address and got none: whoever answered is not whom the step wanted to reach. */
  readonly unresolved?: true;
  /** Why nothing could be sent at all: the node has no way to its target. */
  readonly stuck?: Stuck;
  /** What stopped packets before this says nothing about the outcome. */
  readonly since?: Millis;
}

export interface Stuck {
  readonly node: string;
  readonly place: string;
  readonly to: string;
}

/** No program runs longer; each has a timeout of its own that is far shorter, unless the scenario gives it days. */
const LONGEST: Millis = 400 * 86_400_000;

/** Runs a client program to its end; `to` is whom it wants to reach. */
export function run(world: World, node: string, app: App<unknown>, to?: Ip): Ran {
  const place = to === undefined ? undefined : deadEnd(world, node, to);
  const program = world.launch(node, app);
  world.runUntil(world.now + LONGEST, () => world.finding(program) !== undefined);
  const finding = world.finding(program) ?? fail(`${program} never finished`);
  return to === undefined || place === undefined
    ? { program, finding }
    : { program, finding, stuck: { node, place, to: showIp(to) } };
}

/** The place in the node's design that leaves it without a way to an address. */
function deadEnd(world: World, node: string, to: Ip): string | undefined {
  const routes = world.program(node).fib.lookup(to);
  if (routes === undefined) return 'routes';
  return routes.find(({ out }) => out === undefined)?.place;
}
