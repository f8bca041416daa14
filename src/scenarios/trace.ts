/** What happened during each step, packet by packet, with the lines of the file that decided. */
import { showIp } from '../sim/addr/ip.ts';
import type { Path } from '../sim/base/path.ts';
import { showDuration } from '../sim/base/time.ts';
import { showEndpoint } from '../sim/packet/show.ts';
import { type Journey, journeysOf } from '../sim/trace/journey.ts';
import { type Paint, PLAIN } from '../sim/trace/paint.ts';
import { showAgain, showView, wayOf } from '../sim/trace/text.ts';
import type { PacketId, Trace, TraceEvent } from '../sim/trace/trace.ts';
import { type Locate, type PacketView, viewOf } from '../sim/trace/view.ts';
import { originsOf } from './report/origin.ts';
import type { ScenarioReport } from './run.ts';
import type { Scenario, ScenarioFile } from './schema.ts';

/** The line of a place in the file: `scenarios.json:57`; undefined where there is no text to point into. */
export type Place = (path: Path) => string | undefined;

/** Something told between the packets: what an application understood, what a helper expects, what was changed. */
export interface Remark {
  readonly kind: 'note' | 'expectation' | 'change';
  readonly time: string;
  readonly node?: string;
  readonly says: string;
}

export type Item = ({ readonly kind: 'packet' } & PacketView) | Remark;

/** A scenario that was run, with the file that it came from. */
export interface Run {
  readonly file: ScenarioFile;
  readonly scenario: Scenario;
  readonly report: ScenarioReport;
}

/** Everything that happened in each step, in order; first of all what happened before the first (DHCP). */
export function itemsByStep({ file, scenario, report }: Run, place: Place): readonly (readonly Item[])[] {
  const journeys = journeysOf(report.trace);
  const originate = originsOf(file, scenario);
  const before = report.trace.findIndex(({ kind }) => kind === 'step');
  const stretches: readonly Trace[] = [
    before < 0 ? report.trace : report.trace.slice(0, before),
    ...report.steps.map(({ events }) => events),
  ];
  return stretches.map((events, i) => {
    const origin = originate(i - 1);
    const locate: Locate = (node, at) => {
      const path = origin(node, at);
      return path === undefined ? undefined : place(path);
    };
    return events.flatMap((event) => itemOf(event, journeys, locate));
  });
}

/** The packets of a list of items. */
export function packetsOf(items: readonly Item[]): PacketView[] {
  return items.flatMap((item) => {
    if (item.kind !== 'packet') return [];
    const { kind, ...view } = item;
    return [view];
  });
}

function itemOf(event: TraceEvent, journeys: ReadonlyMap<PacketId, Journey>, locate: Locate): Item[] {
  const time = showDuration(event.time);
  switch (event.kind) {
    case 'born': {
      const journey = journeys.get(event.packet);
      return journey === undefined ? [] : [{ kind: 'packet', ...viewOf(journey, locate) }];
    }
    case 'note':
      return [{ kind: 'note', time, node: event.node, says: `${event.app}: ${event.text}` }];
    case 'design':
      return [{ kind: 'change', time, says: event.text }];
    case 'expectation':
      return [{ kind: 'expectation', time, node: event.node, says: sayExpectation(event) }];
    default:
      return [];
  }
}

const EXPECTATION = {
  new: 'now expects',
  used: 'sees the expected',
  expired: 'no longer expects',
} as const;

function sayExpectation({ change, from, to }: Extract<TraceEvent, { kind: 'expectation' }>): string {
  return `${EXPECTATION[change]} connection ${showIp(from)} > ${showEndpoint(to.ip, to.port)}`;
}

/** Blocks of text, one an item, with an empty line before each packet. */
export function showItems(items: readonly Item[], paint: Paint = PLAIN): string {
  const shown = new Map<string, number>();
  return items
    .map((item) => {
      if (item.kind === 'packet') return `\n${showPacketOnce(item, shown, paint)}\n`;
      const at = item.node === undefined ? '' : ` on ${item.node}`;
      return `   ${paint.faint('*')} ${item.says}${at}, at ${item.time}\n`;
    })
    .join('');
}

/** `shown` holds the ways told so far, with the packet that went each first. */
function showPacketOnce(view: PacketView, shown: Map<string, number>, paint: Paint): string {
  const way = wayOf(view);
  const earlier = shown.get(way);
  if (earlier !== undefined) return showAgain(view, earlier, paint);
  shown.set(way, view.packet);
  return showView(view, paint);
}
