/** Behaviours of NATs, on every axis and on none. */
import * as fc from 'fast-check';
import { type Axes, DEPENDENCES } from '../sim/design/behaviour.ts';

const dependence = fc.constantFrom(...DEPENDENCES);

/** Axes that may be written together with any others: blocks and shared endpoints have conditions of their own. */
export const anyBehaviour: fc.Arbitrary<Axes> = fc.record(
  {
    mapping: dependence,
    filtering: dependence,
    filterScope: fc.constantFrom('mapping', 'endpoint'),
    ports: fc.record(
      {
        allocation: fc.constantFrom('preserve', 'sequential', 'random'),
        range: fc.constantFrom('1024-65535', '20000-20099', '40000-40007'),
        parity: fc.boolean(),
        wellKnown: fc.boolean(),
        perSubscriber: fc.integer({ min: 2, max: 6 }),
        holdDown: fc.constantFrom('1s', '2m'),
      },
      { requiredKeys: [] },
    ),
    pooling: fc.constantFrom('paired', 'arbitrary'),
    hairpin: fc.constantFrom<NonNullable<Axes['hairpin']>[]>(true, false, 'external-source', 'internal-source'),
    refresh: fc.constantFrom('outbound', 'inbound', 'both'),
    timeouts: fc.record({ udp: fc.constantFrom('30s', '2m', '5m'), icmp: fc.constant('1m') }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);
