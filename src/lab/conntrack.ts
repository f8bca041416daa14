/** The kernel's connection table as text, read into rows. */
import { parseDuration, showDuration } from '../sim/base/time.ts';
import { PROTOCOL } from '../sim/packet/packet.ts';
import type { ConnectionRow as SimulatedRow, TupleRow } from '../sim/world/tables.ts';

/** A row as `inspect` shows it, with whatever marks the kernel's tool prints. */
export type ConnectionRow = Omit<SimulatedRow, 'status'> & { readonly status: readonly string[] };

export interface ExpectationRow {
  readonly source: string;
  readonly destination: string;
  readonly port: number;
  readonly timeout: string;
}

/** The tool knows some protocols only as "unknown", and gives the number of each. */
const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(PROTOCOL).map(([name, number]) => [number, name]));

/** Reads what `conntrack -L -o extended` prints: one row a line. */
export function readConnections(text: string): ConnectionRow[] {
  return linesOf(text).flatMap((line) => {
    const [, , , protocol, timeout, ...rest] = line.split(/\s+/);
    const [original, reply] = readTuples(rest);
    if (protocol === undefined || original === undefined || reply === undefined) return [];
    const state = rest[0]?.includes('=') === false && !rest[0].startsWith('[') ? rest[0] : undefined;
    const helper = wordOf(rest, 'helper');
    return [
      {
        protocol: NAMES.get(Number(protocol)) ?? protocol,
        ...(state === undefined ? {} : { state }),
        original,
        reply,
        status: [
          ...rest.filter((word) => /^\[(UNREPLIED|ASSURED)\]$/.test(word)).map((word) => word.slice(1, -1)),
          ...translation(original, reply),
        ],
        ...(helper === undefined ? {} : { helper }),
        timeout: seconds(timeout),
      },
    ];
  });
}

/** Reads what `conntrack -L expect` prints. */
export function readExpectations(text: string): ExpectationRow[] {
  return linesOf(text).flatMap((line) => {
    const words = line.split(/\s+/);
    const [source, destination, port] = ['src', 'dst', 'dport'].map((key) => wordOf(words, key));
    if (source === undefined || destination === undefined || port === undefined) return [];
    return [{ source, destination, port: Number(port), timeout: seconds(words[0]) }];
  });
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.includes('src='));
}

/** The first `src=` begins the original direction, the second the reply. */
function readTuples(words: readonly string[]): (TupleRow | undefined)[] {
  const begins = words.flatMap((word, i) => (word.startsWith('src=') ? [i] : []));
  return begins.map((from, i) => readTuple(words.slice(from, begins[i + 1])));
}

function readTuple(words: readonly string[]): TupleRow | undefined {
  const [source, destination, sport, dport, id] = ['src', 'dst', 'sport', 'dport', 'id'].map((key) =>
    wordOf(words, key),
  );
  if (source === undefined || destination === undefined) return undefined;
  return {
    source,
    destination,
    ...(sport === undefined ? {} : { sourcePort: Number(sport) }),
    ...(dport === undefined ? {} : { destinationPort: Number(dport) }),
    ...(id === undefined ? {} : { id: Number(id) }),
  };
}

/** A reply that does not go straight back to where the original came from was translated. */
function translation(original: TupleRow, reply: TupleRow): string[] {
  const snat = reply.destination !== original.source || reply.destinationPort !== original.sourcePort;
  const dnat = reply.source !== original.destination || reply.sourcePort !== original.destinationPort;
  const moved = original.id !== reply.id && !snat && !dnat;
  return [...(snat || moved ? ['SNAT'] : []), ...(dnat ? ['DNAT'] : [])];
}

function wordOf(words: readonly string[], key: string): string | undefined {
  return words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);
}

function seconds(text: string | undefined): string {
  return showDuration(parseDuration(`${text}s`) ?? 0);
}
