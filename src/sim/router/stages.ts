import type { StageName } from '../program/order.ts';
import type { Stage } from './passage.ts';
import { confirm } from './stage/confirm.ts';
import { defrag, reassemble } from './stage/defrag.ts';
import { egress } from './stage/egress.ts';
import { forward, input, output, raw } from './stage/filter.ts';
import { forwarding, mtu, ttl } from './stage/forwarding.ts';
import { dnat, snat } from './stage/nat.ts';
import { nat64 } from './stage/nat64.ts';
import { npt } from './stage/npt.ts';
import { route } from './stage/route.ts';
import { sanity } from './stage/sanity.ts';
import { track } from './stage/track.ts';

/** What each name in `order.ts` does to a concrete packet. */
export const STAGES: Readonly<Record<StageName, Stage>> = {
  sanity,
  npt,
  defrag,
  reassemble,
  raw,
  track,
  nat64,
  dnat,
  route,
  forwarding,
  ttl,
  mtu,
  input,
  forward,
  output,
  snat,
  confirm,
  egress,
};
