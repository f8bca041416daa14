import { family } from '../../addr/ip.ts';
import { GO_ON, type Passage, type RouterState, type Stage, type StageResult } from '../passage.ts';

/** Where connections are tracked, pieces wait for each other before the first chain that could look at ports. */
export const defrag: Stage = (passage, node, now) =>
  node.program.tracks.has(family(passage.packet.dst)) ? gather(passage, node, now) : GO_ON;

/** What is delivered here is whole. */
export const reassemble: Stage = (passage, node, now) => gather(passage, node, now);

function gather(passage: Passage, { reassembler }: RouterState, now: number): StageResult {
  const { packet } = passage;
  if (packet.kind !== 'other' || packet.fragment === undefined) {
    return GO_ON;
  }
  const whole = reassembler.add(packet, now);
  return whole === undefined
    ? {
        verdict: 'wait',
        why: { kind: 'waiting', detail: `bytes from ${packet.fragment.offset}, waiting for the rest` },
      }
    : { verdict: 'merged', why: { kind: 'waiting', detail: 'the last piece' }, whole };
}
