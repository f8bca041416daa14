import { family } from '../../addr/ip.ts';
import { GO_ON, type Stage } from '../passage.ts';
import { whyTracked } from '../tracked.ts';

/** Finds the packet's connection, or prepares a new one that enters the table only at the end (LNX-HOOK-8). */
export const track: Stage = (passage, node, now) =>
  node.program.tracks.has(family(passage.packet.dst)) ? trackAny(passage, node, now) : GO_ON;

/** The same for packets of a family that is tracked. */
export const trackAny: Stage = (passage, node, now) => {
  const { packet, tracked: known } = passage;
  const tracked =
    known ??
    (passage.notrack
      ? ({ state: 'untracked', detail: 'a rule of raw said notrack' } as const)
      : node.conntrack.track(packet, now, passage.in === undefined));
  if (tracked.drop !== undefined) {
    const why = { kind: 'refused', ...tracked.drop } as const;
    return { verdict: 'drop', why };
  }
  passage.tracked = tracked;
  return node.told ? { verdict: 'next', why: whyTracked(tracked) } : GO_ON;
};
