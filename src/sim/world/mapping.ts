/** What applications ask of their node's table of mappings. */

import { isUnspecified } from '../addr/ip.ts';
import { unreachable } from '../base/fail.ts';
import type { Millis } from '../base/time.ts';
import type { MapOutcome, MapRequest } from '../host/app/app.ts';
import { removeMapping, requestMapping, wayOf } from '../router/mapping/request.ts';
import type { RouterState } from '../router/passage.ts';

/** Carries out a request, and says what came of it. */
export function carryOut(router: RouterState, request: MapRequest, now: Millis): MapOutcome {
  switch (request.kind) {
    case 'map':
      return map(router, request, now);
    case 'unmap':
      for (const inside of leasedTo(router, request, now)) {
        removeMapping(router, { protocol: request.protocol, inside }, now);
      }
      return { kind: 'removed' };
    case 'address': {
      const from = wayOf(router.program, request.inside)?.addresses[0]?.from;
      return from === undefined
        ? { kind: 'refused', why: 'not-inside' }
        : { kind: 'mapped', outside: { ip: from, port: 0 } };
    }
    default:
      return unreachable(request);
  }
}

function map(router: RouterState, request: Extract<MapRequest, { kind: 'map' }>, now: Millis): MapOutcome {
  const { exact, inside, lifetime, protocol, suggested } = request;
  const wish = {
    ...(suggested.port === 0 ? {} : { outsidePort: suggested.port }),
    ...(isUnspecified(suggested.ip) ? {} : { outsideAddress: suggested.ip }),
  };
  const got = requestMapping(router, { protocol, inside, lifetime, exact, ...wish }, now);
  if (got.kind === 'given') return { kind: 'mapped', outside: got.mapping.outside };
  return { kind: 'refused', why: REASONS[got.refusal.kind] };
}

const REASONS = { address: 'not-inside', limit: 'no-port', exhausted: 'no-port', taken: 'taken' } as const;

/** The inside endpoints meant; port 0 stands for all of the address. */
function leasedTo(router: RouterState, { protocol, inside }: Extract<MapRequest, { kind: 'unmap' }>, now: Millis) {
  return router.conntrack.mappings
    .all(now)
    .filter((each) => each.lease !== undefined && each.protocol === protocol && each.inside.ip === inside.ip)
    .map((each) => each.inside)
    .filter(({ port }) => inside.port === 0 || port === inside.port);
}
