/** A packet's journey as lines of text: one block a hop, its fate last. */
import type { FateView, HopView, PacketView, StageView } from './view.ts';

const STAGE_WIDTH = 10;

/** Plain text without colour; every line stands for itself. */
export function showView(view: PacketView): string {
  const cause = view.cause === undefined ? '' : ` because of #${view.cause}`;
  const head = `#${view.packet} ${view.summary}\n   sent by ${view.by} on ${view.origin} at ${view.time}${cause}`;
  return [head, ...view.hops.map(showHop), `   ${showFate(view.fate)}`].join('\n');
}

function showHop(hop: HopView): string {
  const by = [hop.in === undefined ? '' : ` in ${hop.in}`, hop.out === undefined ? '' : ` out ${hop.out}`].join('');
  return [`   ${hop.node}${by}  (${hop.time})`, ...hop.stages.map(showStage)].join('\n');
}

function showStage({ stage, says, place, where, before, after }: StageView): string {
  const from = place === undefined ? '' : `  [${place}${where === undefined ? '' : ` ${where}`}]`;
  const line = `     ${stage.padEnd(STAGE_WIDTH)} ${says}${from}`;
  const indent = ' '.repeat(STAGE_WIDTH + 6);
  return before === undefined ? line : `${line}\n${indent}before ${before}\n${indent}after  ${after}`;
}

function showFate(fate: FateView): string {
  switch (fate.kind) {
    case 'delivered':
      return `DELIVERED on ${fate.node} to ${fate.to}`;
    case 'dropped':
    case 'lost': {
      const where = fate.where === undefined ? '' : ` ${fate.where}`;
      return `${fate.kind.toUpperCase()} at ${fate.node}: ${fate.reason}: ${fate.detail} [${fate.place}${where}]\n   ${fate.remedy}`;
    }
    case 'fragmented':
      return `FRAGMENTED at ${fate.node} into ${list(fate)}`;
    case 'reassembled':
      return `REASSEMBLED at ${fate.node} into ${list(fate)}`;
    default:
      return `PENDING at ${fate.node}`;
  }
}

function list({ into = [] }: FateView): string {
  return into.map((id) => `#${id}`).join(', ');
}
