import type { Sight } from '../program/program.ts';
import type { Passage } from './passage.ts';

/** What a rule can see of a passage. */
export function sightOf(passage: Passage): Sight {
  const { packet, out, tracked } = passage;
  return {
    packet,
    in: passage.in,
    out,
    state: tracked?.state,
    snat: tracked?.connection?.snat ?? false,
    dnat: tracked?.connection?.dnat ?? false,
  };
}
