/** A packet's journey as lines of text: one block a hop, its fate last. */
import { LINUX, type StageName } from '../program/order.ts';
import { type Paint, PLAIN } from './paint.ts';
import type { FateView, HopView, PacketView, StageView } from './view.ts';

const STAGE_WIDTH = 10;
/** What a line of a stage begins with. */
const LEADS: ReadonlyMap<string, string> = new Map(
  Object.values(LINUX).flatMap((list: readonly StageName[]) =>
    list.map((stage) => [stage, `\n     ${stage.padEnd(STAGE_WIDTH)} `] as const),
  ),
);
const INDENT = ' '.repeat(STAGE_WIDTH + 6);

/** Every line stands for itself, with or without colour. */
export function showView(view: PacketView, paint: Paint = PLAIN): string {
  const cause = view.cause === undefined ? '' : `, because of #${view.cause}`;
  let text = `${showHead(view, paint)}\n   made by ${view.by} on ${view.origin} at ${view.time}${cause}`;
  for (const hop of view.hops) text += showHop(hop, paint);
  text += `\n   ${showFate(view.fate, paint)}`;
  return view.fate.remedy === undefined ? text : `${text}\n   what would help: ${view.fate.remedy}`;
}

function showHead({ packet, summary }: PacketView, paint: Paint): string {
  return `#${packet} ${paint.strong(summary)}`;
}

/** A packet that fared exactly as an earlier one, as retransmissions do: only what differs. */
export function showAgain(view: PacketView, earlier: number, paint: Paint = PLAIN): string {
  const { by, origin, time, fate } = view;
  return `${showHead(view, paint)}\n   made by ${by} on ${origin} at ${time}; all the way as #${earlier}: ${fate.kind}`;
}

/** One line: the packet and its end. */
export function showBrief({ packet, summary, fate }: PacketView, paint: Paint = PLAIN): string {
  return `#${packet} ${summary}  ${showFate(fate, paint)}`;
}

function showHop(hop: HopView, paint: Paint): string {
  const by = hop.in === undefined ? '' : ` in by ${hop.in},`;
  const out = hop.out === undefined ? '' : ` out by ${hop.out}${hop.to === undefined ? '' : ` to ${hop.to}`},`;
  let text = `\n   ${paint.strong(hop.node)}${by}${out} at ${hop.time}`;
  for (const stage of hop.stages) text += showStage(stage, paint);
  return text;
}

function showStage({ stage, says, place, where, before, after }: StageView, paint: Paint): string {
  const from = place === undefined ? '' : `  ${paint.faint(showPlace(place, where))}`;
  const line = (LEADS.get(stage) as string) + says + from;
  return before === undefined ? line : `${line}\n${INDENT}before  ${before}\n${INDENT}after   ${after}`;
}

/** `[firewall.forward.rules[2] at scenarios.json:57]` */
function showPlace(place: string, where: string | undefined): string {
  return where === undefined ? `[${place}]` : `[${place} at ${where}]`;
}

function showFate(fate: FateView, paint: Paint): string {
  switch (fate.kind) {
    case 'delivered':
      return `${paint.good('DELIVERED')} on ${fate.node} to ${fate.to}`;
    case 'dropped':
    case 'lost': {
      const why = fate.detail === undefined ? fate.reason : `${fate.reason}: ${fate.detail}`;
      const place = fate.place === undefined ? '' : `  ${paint.faint(showPlace(fate.place, fate.where))}`;
      return `${paint.bad(fate.kind === 'lost' ? 'LOST' : 'DROPPED')} at ${fate.node}, ${why}${place}`;
    }
    case 'fragmented':
      return `FRAGMENTED on ${fate.node} into ${list(fate)}`;
    case 'reassembled':
      return `REASSEMBLED on ${fate.node} into ${list(fate)}`;
    case 'pending':
      return `PENDING: still on its way at ${fate.node} when the run ended`;
  }
}

function list({ into = [] }: FateView): string {
  return into.map((id) => `#${id}`).join(', ');
}
