/** A trace told in order: every packet, and between them what applications understood and helpers expect. */
import { showIp } from '../addr/ip.ts';
import { type Millis, showDuration } from '../base/time.ts';
import { showEndpoint, showRemote } from '../packet/show.ts';
import { type Journey, journeysOf } from './journey.ts';
import { type Paint, PLAIN } from './paint.ts';
import { showAgain, showBrief, showView } from './text.ts';
import type { PacketId, Trace, TraceEvent } from './trace.ts';
import { type Locate, type PacketView, viewOf } from './view.ts';
import { Ways } from './way.ts';

/** Something told between the packets: what an application understood, what a helper expects, what NAT maps, what was changed. */
export interface Remark {
  readonly kind: 'note' | 'expectation' | 'mapping' | 'change';
  readonly time: string;
  readonly node?: string;
  readonly says: string;
}

export type Item = ({ readonly kind: 'packet' } & PacketView) | Remark;

const NOWHERE: Locate = () => undefined;

/** A trace as text, one block a packet, each ending with its fate and what would have helped. */
export function explain(trace: Trace, locate: Locate = NOWHERE): string {
  return showItems(itemsOf(trace, journeysOf(trace), locate));
}

/**
 * A stretch of a trace as plain data. The journeys are those of the whole trace, so that a packet's fate is known also
 * where it comes after the stretch.
 */
export function itemsOf(stretch: Trace, journeys: ReadonlyMap<PacketId, Journey>, locate: Locate = NOWHERE): Item[] {
  const items: Item[] = [];
  for (const event of stretch) {
    const item = event.kind === 'born' ? packetOf(journeys.get(event.packet), locate) : remarkOf(event);
    if (item !== undefined) items.push(item);
  }
  return items;
}

function packetOf(journey: Journey | undefined, locate: Locate): Item | undefined {
  if (journey === undefined) return undefined;
  const { packet, origin, by, cause, time, summary, hops, fate } = viewOf(journey, locate);
  return { kind: 'packet', packet, origin, by, cause, time, summary, hops, fate };
}

function remarkOf(event: TraceEvent): Remark | undefined {
  switch (event.kind) {
    case 'note':
      return remark(event, event.node, `${event.app}: ${event.text}`);
    case 'design':
      return { kind: 'change', time: showDuration(event.time), says: event.text };
    case 'expectation':
      return remark(event, event.node, sayExpectation(event));
    case 'mapping':
      return remark(event, event.node, sayMapping(event));
    default:
      return undefined;
  }
}

function remark({ kind, time }: { kind: Remark['kind']; time: Millis }, node: string, says: string): Remark {
  return { kind, time: showDuration(time), node, says };
}

const MAPPING = { new: 'now maps', expired: 'no longer maps', removed: 'gives up mapping' } as const;

/** What became of a mapping: an expiry is noticed late, but says when it was. */
function sayMapping({ change, row, at, time }: Extract<TraceEvent, { kind: 'mapping' }>): string {
  const { inside, outside, protocol, remote, kind } = row;
  const ends = `${showEndpoint(inside.ip, inside.port)} to ${showEndpoint(outside.ip, outside.port)}`;
  const forWhom = remote === undefined ? '' : ` for ${showRemote(remote)}`;
  const asked = kind === 'explicit' ? ', as asked' : '';
  const since = at < time ? ` since ${showDuration(at)}` : '';
  return `${MAPPING[change]} ${protocol} ${ends}${forWhom}${asked}${since}`;
}

const EXPECTATION = {
  new: 'now expects',
  used: 'sees the expected',
  expired: 'no longer expects',
} as const;

function sayExpectation({ change, from, to }: Extract<TraceEvent, { kind: 'expectation' }>): string {
  return `${EXPECTATION[change]} connection ${showIp(from)} > ${showEndpoint(to.ip, to.port)}`;
}

/** The packets of a list of items. */
export function packetsOf(items: readonly Item[]): PacketView[] {
  return items.flatMap((item) => {
    if (item.kind !== 'packet') return [];
    const { kind, ...view } = item;
    return [view];
  });
}

/** Blocks of text, one an item, with an empty line before each packet. */
export function showItems(items: readonly Item[], paint: Paint = PLAIN): string {
  const ways = new Ways();
  let text = '';
  for (const item of items) {
    text += item.kind === 'packet' ? `\n${showPacketOnce(item, ways, paint)}\n` : showRemark(item, paint);
  }
  return text;
}

/** One line an item. */
export function showItemsBriefly(items: readonly Item[], paint: Paint = PLAIN): string {
  return items
    .map((item) => (item.kind === 'packet' ? `${showBrief(item, paint)}\n` : showRemark(item, paint)))
    .join('');
}

function showRemark({ says, node, time }: Remark, paint: Paint): string {
  return `   ${paint.faint('*')} ${says}${node === undefined ? '' : ` on ${node}`}, at ${time}\n`;
}

function showPacketOnce(view: PacketView, ways: Ways, paint: Paint): string {
  const earlier = ways.before(view);
  return earlier === undefined ? showView(view, paint) : showAgain(view, earlier, paint);
}
