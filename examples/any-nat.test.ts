/** What holds behind every NAT that can be written down, not only behind the one at hand. */
import fc from 'fast-check';
import { check, defineNetwork, perform, simulate } from 'middlebox';
import { anyDesign, anyNat, anyTraffic } from 'middlebox/fast-check';
import { expect, it } from 'vitest';
import { home } from './home.ts';

const anyHome = anyNat({ design: home, node: 'gw' }).map((rule) =>
  defineNetwork({
    ...home,
    nodes: { ...home.nodes, gw: { kind: 'gateway', ...home.nodes.gw, nat: { rules: [rule] } } },
  }),
);

it('a client hears from the address that it asked, whatever the gateway makes of it', () => {
  fc.assert(
    fc.property(anyHome, (design) => {
      const { result } = perform(simulate(design), {
        connect: { from: 'laptop', to: 'server', port: 7, protocol: 'udp' },
      });
      // the echo comes back to the same socket, or not at all
      if (result.outcome === 'connected') expect(result.echoed).toBe(true);
      else expect(['timeout', 'unreachable', 'refused']).toContain(result.outcome);
    }),
    { numRuns: 50 },
  );
});

it('no traffic makes a gateway forget how to translate', () => {
  const anyCourse = anyTraffic(home, { most: 4 });
  fc.assert(
    fc.property(anyCourse, (steps) => {
      const world = simulate(home);
      for (const step of steps) perform(world, step);
      const { result } = perform(world, { connect: { from: 'laptop', to: 'server', port: 80 } });
      expect(result.seenAs?.address).toBe('203.0.113.5');
    }),
    { numRuns: 30 },
  );
});

it('generated networks are sound', () => {
  fc.assert(fc.property(anyDesign({ nodes: 5 }), (design) => check(design).length === 0));
});
