/** Laws of the engine itself, which no network and no traffic can break; its own tests hold it to the same ones. */
import type { ScenarioReport } from '../scenarios/run.ts';
import { LIMITED_BROADCAST } from '../sim/addr/ip.ts';
import { verify } from '../sim/packet/checksum.ts';
import { showPacket } from '../sim/packet/show.ts';
import { keyOf } from '../sim/packet/tuple.ts';
import { decode, encode } from '../sim/packet/wire/frame.ts';
import { finalForm } from '../sim/trace/journey.ts';
import type { Trace, TraceEvent } from '../sim/trace/trace.ts';
import type { Breach, Law, Sight } from './check/law.ts';

function only<K extends TraceEvent['kind']>(trace: Trace, kind: K): Extract<TraceEvent, { kind: K }>[] {
  return trace.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);
}

/** The first breach found in a list of things. */
function firstIn<T>(items: Iterable<T>, look: (item: T) => string | undefined): Breach | undefined {
  for (const item of items) {
    const says = look(item);
    if (says !== undefined) return { says };
  }
  return undefined;
}

function oneFate({ report: { trace } }: Sight): Breach | undefined {
  const fates = new Map<number, number>();
  for (const { packet } of only(trace, 'fate')) fates.set(packet, (fates.get(packet) ?? 0) + 1);
  const born = new Set(only(trace, 'born').map(({ packet }) => packet));
  return (
    firstIn(born, (id) => (fates.get(id) === 1 ? undefined : `packet #${id} has ${fates.get(id) ?? 0} fates`)) ??
    firstIn(fates.keys(), (id) => (born.has(id) ? undefined : `packet #${id} has a fate and was never born`))
  );
}

function conserved({ report: { trace } }: Sight): Breach | undefined {
  const alive = new Set<number>();
  return firstIn(trace, (event) => {
    if (event.kind === 'born') alive.add(event.packet);
    if (event.kind === 'fate') alive.delete(event.packet);
    const walks = event.kind === 'hop' || event.kind === 'wire';
    return walks && !alive.has(event.packet)
      ? `packet #${event.packet} goes on before its birth or after its end`
      : undefined;
  });
}

function ordered({ report: { trace } }: Sight): Breach | undefined {
  return firstIn(trace.entries(), ([i, { sequence, time }]) =>
    sequence === i && time >= (trace[i - 1]?.time ?? 0) ? undefined : `event ${i} is out of order`,
  );
}

function fallingTtl({ journeys }: Sight): Breach | undefined {
  return firstIn(journeys.values(), ({ id, wires }) =>
    wires.every(({ value }, i) => i === 0 || value.ttl < (wires[i - 1]?.value.ttl ?? 0))
      ? undefined
      : `packet #${id} keeps its TTL from one wire to the next`,
  );
}

function soundBytes({ report: { trace } }: Sight): Breach | undefined {
  return firstIn(only(trace, 'wire'), ({ packet, value }) => {
    const { header, transport } = verify(value);
    if (!header || !transport) return `packet #${packet} has a wrong checksum on the wire: ${showPacket(value)}`;
    return isSame(decode(encode(value)), value) ? undefined : `packet #${packet} changes when it is encoded`;
  });
}

function uniqueTuples({ report: { trace } }: Sight): Breach | undefined {
  const live = new Map<string, number>();
  return firstIn(only(trace, 'flow'), ({ node, change, row }) => {
    for (const tuple of [row.original, row.reply]) {
      const key = `${node} ${keyOf(tuple)}`;
      if (change === 'destroy') live.delete(key);
      else if ((live.get(key) ?? row.id) !== row.id) return `two connections on ${node} share a tuple`;
      else live.set(key, row.id);
    }
    return undefined;
  });
}

/** What comes back to the one who asked comes from whom it asked, as it asked: every translation is undone. */
function roundTrip({ journeys }: Sight): Breach | undefined {
  return firstIn(journeys.values(), (journey) => {
    const asked = journeys.get(journey.born.cause ?? 0)?.born;
    const [question, answer] = [asked?.value, finalForm(journey)];
    const home =
      journey.fate?.kind === 'delivered' && journey.fate.node === asked?.node && asked.node !== journey.born.node;
    if (!home || question?.kind !== 'udp' || answer.kind !== 'udp' || question.dst === LIMITED_BROADCAST)
      return undefined;
    const same =
      answer.dst === question.src &&
      answer.dport === question.sport &&
      answer.src === question.dst &&
      answer.sport === question.dport;
    return same
      ? undefined
      : `packet #${journey.id} answers #${journey.born.cause}, and comes from an address never asked`;
  });
}

function deterministic({ report, again }: Sight): Breach | undefined {
  const other = again();
  const results = (run: ScenarioReport) => run.steps.map(({ result, status }) => ({ result, status }));
  const same = isSame(other.trace, report.trace) && isSame(results(other), results(report));
  return same ? undefined : { says: 'the same run with the same seed went differently' };
}

/** Whether two values of the trace say the same, down to the byte. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) {
    if (!isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])) return false;
  }
  return true;
}

/** Laws of the engine, in every network under any traffic. */
export const ENGINE_LAWS: readonly Law[] = [
  { name: 'every packet has exactly one fate', breach: oneFate },
  { name: 'nothing moves before its birth or after its end', breach: conserved },
  { name: 'events are in one total order', breach: ordered },
  { name: 'TTL strictly falls from one wire to the next', breach: fallingTtl },
  { name: 'what is on a wire has right checksums, and can be encoded and decoded again', breach: soundBytes },
  { name: 'no two live connections share a tuple', breach: uniqueTuples },
  { name: 'an answer reaches the one who asked, as from the one who was asked', breach: roundTrip },
  { name: 'one seed gives the same bytes', breach: deterministic },
];
