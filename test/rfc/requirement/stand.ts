/**
 * A gateway on a bench: packets are laid before either of its doors, and what leaves it is written down. Both sides are
 * hosts that own many addresses and never say a word.
 */
import { type Ip, parseIp } from '../../../src/sim/addr/ip.ts';
import { fail } from '../../../src/sim/base/fail.ts';
import type { Millis } from '../../../src/sim/base/time.ts';
import type { Axes } from '../../../src/sim/design/behaviour.ts';
import type { Design, Node } from '../../../src/sim/design/design.ts';
import type { Firewall } from '../../../src/sim/design/rule.ts';
import type { Packet } from '../../../src/sim/packet/packet.ts';
import { step } from '../../../src/sim/world/loop.ts';
import { startAll } from '../../../src/sim/world/services.ts';
import { makeState, movingFrom, nodeOf, type State } from '../../../src/sim/world/state.ts';

export const ip = (text: string): Ip => parseIp(text) ?? fail(text);

/** Inside hosts, outside ones, and the addresses of the gateway. */
export const A = ip('192.168.1.10');
export const B = ip('192.168.1.11');
export const C = ip('192.168.1.12');
export const S = ip('203.0.113.50');
export const T = ip('203.0.113.51');
export const GATEWAY = ip('192.168.1.1');
export const PUBLIC = ip('203.0.113.2');
export const PUBLIC2 = ip('203.0.113.3');

const many = (prefix: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `${prefix}.${from + i}/24`);
const INSIDE = many('192.168.1', 10, 17);
const OUTSIDE = many('203.0.113', 50, 57);
const MUTE: Firewall = { input: { policy: 'drop' }, output: { policy: 'drop' } };

export type Rules = NonNullable<NonNullable<Node['nat']>['rules']>;

export interface StandOptions {
  /** Over the axes of the profile. */
  readonly axes?: Axes;
  /** A pool of two outside addresses instead of one. */
  readonly pool?: boolean;
  /** Outside ports of the rule itself: "4000-4003". */
  readonly ports?: string;
  /** The inside prefix that is translated. */
  readonly source?: string;
  /** Outside addresses of the rule instead of one or two. */
  readonly to?: readonly string[];
  /** A destination that is left untranslated. */
  readonly except?: string;
  /** Largest packet outside, in bytes. */
  readonly mtu?: number;
  readonly firewall?: Firewall;
  /** Asked before the rule that gives everything from inside the outside address. */
  readonly rules?: Rules;
  readonly tracking?: NonNullable<Node['tracking']>;
  readonly icmpRateLimit?: boolean;
  /** What runs on the gateway. */
  readonly services?: NonNullable<Node['services']>;
  readonly seed?: number;
}

/** The network around a gateway of this profile. */
export function networkOf(profile: string, options: StandOptions = {}): Design {
  const {
    axes,
    pool = false,
    ports,
    source = '192.168.1.0/24',
    to,
    except,
    mtu,
    firewall,
    rules = [],
    tracking,
    icmpRateLimit,
    services = [],
  } = options;
  const wan = ['203.0.113.2/24', '203.0.113.3/24', '203.0.113.9/24'];
  const not = except === undefined ? {} : { not: { destination: except } };
  const snat = {
    match: { source, outInterface: 'wan', ...not },
    action: 'snat' as const,
    to: to ?? `${pool ? '203.0.113.2-203.0.113.3' : '203.0.113.2'}${ports === undefined ? '' : `:${ports}`}`,
  };
  return {
    nodes: {
      inside: { kind: 'host', interfaces: { eth0: INSIDE }, gateway: '192.168.1.1', firewall: MUTE },
      nat: {
        kind: 'gateway',
        interfaces: { lan: '192.168.1.1/24', wan: { addresses: wan, ...(mtu === undefined ? {} : { mtu }) } },
        nat: { behaviour: axes === undefined ? profile : { profile, ...axes }, rules: [...rules, snat] },
        ...(firewall === undefined ? {} : { firewall }),
        ...(tracking === undefined ? {} : { tracking }),
        services,
        ...(icmpRateLimit === undefined ? {} : { icmpRateLimit }),
      },
      outside: { kind: 'host', interfaces: { eth0: OUTSIDE }, firewall: MUTE },
    },
    links: [
      ['inside', 'nat:lan'],
      ['nat:wan', 'outside'],
    ],
  };
}

/** What left the gateway. */
export interface Left {
  readonly inside: readonly Packet[];
  readonly outside: readonly Packet[];
}

export class Stand {
  readonly #state: State;

  constructor(design: Design, seed = 1) {
    this.#state = makeState(design, seed);
    startAll(this.#state);
  }

  get now(): Millis {
    return this.#state.now;
  }

  /** Lays packets before the inside door, one behind the other, and lets them pass. */
  fromInside(...packets: readonly Packet[]): Left {
    return this.#lay('inside', 'lan', packets);
  }

  /** Lays packets before the outside door. */
  fromOutside(...packets: readonly Packet[]): Left {
    return this.#lay('outside', 'wan', packets);
  }

  /** Lets time pass. */
  wait(time: Millis): Left {
    const before = this.#state.recorder.trace.length;
    const deadline = this.#state.now + time;
    while (this.#state.queue.isDue(deadline)) step(this.#state);
    this.#state.now = deadline;
    return this.#since(before);
  }

  /** How many connections the gateway knows of. */
  get connections(): number {
    return nodeOf(this.#state, 'nat').router.conntrack.rows(this.#state.now).length;
  }

  #lay(node: string, by: string, packets: readonly Packet[]): Left {
    const state = this.#state;
    const before = state.recorder.trace.length;
    for (const packet of packets) {
      const id = state.recorder.born(state.now, { node, value: packet, cause: undefined, by: 'bench' });
      const moving = movingFrom('nat', state.now, id, packet);
      moving.kind = 'arrive';
      moving.in = by;
      state.queue.push(moving);
    }
    const deadline = state.now + 1000;
    while (state.queue.moving > 0 && state.queue.isDue(deadline)) step(state);
    return this.#since(before);
  }

  #since(before: number): Left {
    const sent = this.#state.recorder.trace.slice(before).flatMap((event) => (event.kind === 'wire' ? [event] : []));
    const by = (end: string) => sent.filter(({ from }) => from === end).map(({ value }) => value);
    return { inside: by('nat:lan'), outside: by('nat:wan') };
  }
}
