import type { StageName } from '../program/order.ts';
import type { Stage } from './passage.ts';
import { confirm } from './stage/confirm.ts';
import { defrag, reassemble } from './stage/defrag.ts';
import { egress } from './stage/egress.ts';
import { forward, input, output, raw } from './stage/filter.ts';
import { forwarding, mtu, ttl } from './stage/forwarding.ts';
import { dnat, snat } from './stage/nat.ts';
import { route } from './stage/route.ts';
import { sanity } from './stage/sanity.ts';
import { track } from './stage/track.ts';

/** What each name in `order.ts` does to a concrete packet. */
export const STAGES: Readonly<Record<StageName, Stage>> = {
  sanity,
  defrag,
  reassemble,
  raw,
  track,
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
