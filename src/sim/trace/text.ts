/** A packet's journey as lines of text: one block a hop, its fate last. */
import { type Paint, PLAIN } from './paint.ts';
import type { FateView, HopView, PacketView, StageView } from './view.ts';

const STAGE_WIDTH = 10;

/** Every line stands for itself, with or without colour. */
export function showView(view: PacketView, paint: Paint = PLAIN): string {
  const cause = view.cause === undefined ? '' : `, because of #${view.cause}`;
  return [
    `#${view.packet} ${paint.strong(view.summary)}`,
    `   made by ${view.by} on ${view.origin} at ${view.time}${cause}`,
    ...view.hops.map((hop) => showHop(hop, paint)),
    ...showFate(view.fate, paint).map((line) => `   ${line}`),
  ].join('\n');
}

/** A packet that fared exactly as an earlier one, as retransmissions do: only what differs. */
export function showAgain(view: PacketView, earlier: number, paint: Paint = PLAIN): string {
  const head = `#${view.packet} ${paint.strong(view.summary)}`;
  return `${head}\n   made by ${view.by} on ${view.origin} at ${view.time}; all the way as #${earlier}: ${view.fate.kind}`;
}

/** One line: the packet and its end. */
export function showBrief({ packet, summary, fate }: PacketView, paint: Paint = PLAIN): string {
  return `#${packet} ${summary}  ${showFate(fate, paint)[0]}`;
}

/** Equal for packets that differ only in number, cause and time. */
export function wayOf({ summary, by, origin, hops, fate }: PacketView): string {
  return JSON.stringify([summary, by, origin, hops.map(({ time, ...hop }) => hop), fate]);
}

function showHop(hop: HopView, paint: Paint): string {
  const by = hop.in === undefined ? '' : ` in by ${hop.in},`;
  const out = hop.out === undefined ? '' : ` out by ${hop.out}${hop.to === undefined ? '' : ` to ${hop.to}`},`;
  const head = `   ${paint.strong(hop.node)}${by}${out} at ${hop.time}`;
  return [head, ...hop.stages.map((stage) => showStage(stage, paint))].join('\n');
}

function showStage({ stage, says, place, where, before, after }: StageView, paint: Paint): string {
  const from = place === undefined ? '' : `  ${paint.faint(showPlace(place, where))}`;
  const line = `     ${stage.padEnd(STAGE_WIDTH)} ${says}${from}`;
  const indent = ' '.repeat(STAGE_WIDTH + 6);
  return before === undefined ? line : `${line}\n${indent}before  ${before}\n${indent}after   ${after}`;
}

/** `[firewall.forward.rules[2] at scenarios.json:57]` */
function showPlace(place: string, where: string | undefined): string {
  return `[${place}${where === undefined ? '' : ` at ${where}`}]`;
}

function showFate(fate: FateView, paint: Paint): string[] {
  switch (fate.kind) {
    case 'delivered':
      return [`${paint.good('DELIVERED')} on ${fate.node} to ${fate.to}`];
    case 'dropped':
    case 'lost': {
      const why = `${fate.reason}${fate.detail === undefined ? '' : `: ${fate.detail}`}`;
      const place = fate.place === undefined ? '' : `  ${paint.faint(showPlace(fate.place, fate.where))}`;
      const head = `${paint.bad(fate.kind.toUpperCase())} at ${fate.node}, ${why}${place}`;
      return fate.remedy === undefined ? [head] : [head, `what would help: ${fate.remedy}`];
    }
    case 'fragmented':
      return [`FRAGMENTED on ${fate.node} into ${list(fate)}`];
    case 'reassembled':
      return [`REASSEMBLED on ${fate.node} into ${list(fate)}`];
    case 'pending':
      return [`PENDING: still on its way at ${fate.node} when the run ended`];
  }
}

function list({ into = [] }: FateView): string {
  return into.map((id) => `#${id}`).join(', ');
}
