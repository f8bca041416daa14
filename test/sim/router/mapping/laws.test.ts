import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyBehaviour } from '../../../../src/arbitraries/behaviour.ts';
import { type Axes, type Behaviour, resolveBehaviour } from '../../../../src/sim/design/behaviour.ts';
import { Box } from './box.ts';

/** What is sent: from inside to a remote, or back to an outside endpoint that was seen, after some time. */
interface Deed {
  readonly after: number;
  readonly inside: string;
  readonly remote: string;
  /** Which of the outside endpoints seen so far; undefined: sent from inside. */
  readonly back: number | undefined;
}

const anyDeed: fc.Arbitrary<Deed> = fc.record({
  after: fc.constantFrom(0, 0, 1, 29_999, 30_000, 119_999, 120_000, 299_999, 300_000),
  inside: fc.constantFrom('192.168.0.2:5000', '192.168.0.2:5001', '192.168.0.2:500', '192.168.0.3:5000'),
  remote: fc.constantFrom('198.51.100.9:3478', '198.51.100.9:3479', '198.51.100.77:3478'),
  back: fc.option(fc.nat(7), { nil: undefined, freq: 1 }),
});

interface Session {
  expires: number;
  sent: boolean;
}

interface Known {
  readonly inside: string;
  readonly class: string;
  readonly outside: string;
  readonly sessions: Map<string, Session>;
}

const hostOf = (endpoint: string) => endpoint.split(':')[0] ?? '';
const portOf = (endpoint: string) => Number(endpoint.split(':')[1]);

function classOf({ mapping }: Behaviour, remote: string): string {
  if (mapping === 'endpoint-independent') return '';
  return mapping === 'address-dependent' ? hostOf(remote) : remote;
}

/** What the RFC says must happen, from the history of packets alone. */
class Oracle {
  readonly #behaviour: Behaviour;
  readonly known: Known[] = [];

  constructor(behaviour: Behaviour) {
    this.#behaviour = behaviour;
  }

  living(now: number): Known[] {
    return this.known.filter((each) => expiryOf(each) > now);
  }

  find(inside: string, remote: string, now: number): Known | undefined {
    const wanted = classOf(this.#behaviour, remote);
    return this.living(now).find((each) => each.inside === inside && each.class === wanted);
  }

  sent(inside: string, remote: string, outside: string, now: number): void {
    const { refresh, timeouts } = this.#behaviour;
    let mapping = this.find(inside, remote, now);
    if (mapping === undefined) {
      mapping = { inside, class: classOf(this.#behaviour, remote), outside, sessions: new Map() };
      this.known.push(mapping);
    }
    const session = mapping.sessions.get(remote);
    const lives = session !== undefined && session.expires > now;
    const expires = lives && refresh === 'inbound' ? session.expires : now + timeouts.udp;
    mapping.sessions.set(remote, { expires, sent: true });
  }

  /** Whether a packet from outside may pass to the inside; if so it is taken for sent. */
  admits(mapping: Known, remote: string, now: number): boolean {
    const { filtering, filterScope, refresh, timeouts } = this.#behaviour;
    const session = mapping.sessions.get(remote);
    const refreshed = refresh === 'outbound' ? undefined : now + timeouts.udp;
    if (session !== undefined && session.expires > now) {
      session.expires = refreshed ?? session.expires;
      return true;
    }
    const asked =
      filterScope === 'mapping' ? [mapping] : this.living(now).filter((each) => each.inside === mapping.inside);
    const open = asked.some(({ sessions }) =>
      [...sessions].some(
        ([to, { expires, sent }]) =>
          sent && expires > now && (filtering === 'address-dependent' ? hostOf(to) === hostOf(remote) : to === remote),
      ),
    );
    if (filtering !== 'endpoint-independent' && !open) return false;
    if (mapping.class === '' || mapping.class === classOf(this.#behaviour, remote)) {
      mapping.sessions.set(remote, { expires: refreshed ?? expiryOf(mapping), sent: false });
    }
    return true;
  }
}

function expiryOf({ sessions }: Known): number {
  return Math.max(...[...sessions.values()].map(({ expires }) => expires));
}

/** Plays the deeds, and holds every packet to what the oracle says. */
function play(axes: Axes, deeds: readonly Deed[]): void {
  const behaviour = resolveBehaviour(axes);
  if (behaviour === undefined) throw new Error('the kernel has no axes');
  const box = new Box(axes);
  const oracle = new Oracle(behaviour);
  let now = 0;
  for (const [i, { after, inside, remote, back }] of deeds.entries()) {
    now += after;
    // the copy must go on as if nothing had happened
    if (i === 4) box.fork();
    const target = back === undefined ? undefined : oracle.known[back];
    if (target === undefined) {
      const outside = box.out(inside, remote, now);
      const known = oracle.find(inside, remote, now);
      if (outside.startsWith('DROP')) {
        expect(known).toBeUndefined();
        expect(['DROP natLimit', 'DROP natExhausted']).toContain(outside);
        continue;
      }
      if (known !== undefined) expect(outside).toBe(known.outside);
      else expectFresh(behaviour, oracle, { inside, outside, now });
      oracle.sent(inside, remote, outside, now);
    } else {
      const there = oracle.living(now).find(({ outside }) => outside === target.outside);
      const reached = box.in(remote, target.outside, now);
      const passes = there !== undefined && oracle.admits(there, remote, now);
      expect(reached).toBe(passes ? there.inside : 'DROP natFiltered');
    }
    expect(new Set(oracle.living(now).map(({ outside }) => outside)).size).toBe(oracle.living(now).length);
  }
}

/** Nobody else's, in its range, of its parity, within the limit. */
function expectFresh(
  { ports }: Behaviour,
  oracle: Oracle,
  { inside, outside, now }: { inside: string; outside: string; now: number },
): void {
  expect(oracle.living(now).map((each) => each.outside)).not.toContain(outside);
  const port = portOf(outside);
  const low = ports.wellKnown && portOf(inside) < 1024;
  expect(port).toBeGreaterThanOrEqual(low ? 1 : ports.range.from);
  expect(port).toBeLessThanOrEqual(low ? 1023 : ports.range.to);
  if (ports.parity) expect(port % 2).toBe(portOf(inside) % 2);
  const own = oracle.living(now).filter((each) => hostOf(each.inside) === hostOf(inside));
  expect(own.length).toBeLessThan(ports.perSubscriber);
}

describe('whatever the behaviour', () => {
  it('mapping, filtering, lifetimes and ports are as its axes say', () => {
    fc.assert(
      fc.property(anyBehaviour, fc.array(anyDeed, { minLength: 1, maxLength: 14 }), (axes, deeds) => play(axes, deeds)),
      { numRuns: 100 },
    );
  });
});
