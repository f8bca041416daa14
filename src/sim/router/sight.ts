import type { Sight } from '../program/program.ts';
import type { Passage } from './passage.ts';

/** What a rule can see of a passage. */
export function sightOf(passage: Passage): Sight {
  const { packet, out, tracked } = passage;
  const connection = tracked?.connection;
  return {
    packet,
    in: passage.in,
    out,
    state: tracked?.state,
    snat: connection?.snat ?? false,
    dnat: connection?.dnat ?? false,
  };
}
