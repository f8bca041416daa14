/** Connection tables as facts: rows in no order, without what is chance and without what is left of their time. */
import type { AnyResult, Facts } from './facts.ts';

interface Tuple {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

interface Row {
  readonly protocol: string;
  readonly state?: string;
  readonly original: Tuple;
  readonly reply: Tuple;
  readonly status: readonly string[];
  readonly helper?: string;
}

interface Expected {
  readonly source: string;
  readonly destination: string;
  readonly port: number;
}

/** Both tables, each row as one line. */
export function tableFacts({ connections, expectations }: AnyResult, ports: ReadonlySet<number>): Facts {
  return {
    connections: ((connections ?? []) as readonly Row[]).map((row) => showRow(row, ports)).sort(),
    expectations: ((expectations ?? []) as readonly Expected[]).map((row) => showExpected(row, ports)).sort(),
  };
}

/**
 * `tcp TIME_WAIT 192.168.0.10:5000 → 203.0.113.80:80, back 203.0.113.80:80 → 203.0.113.2:5000 [ASSURED SNAT]`. A port
 * that a program chose is `*`; the same one on the way back is `=`, any other `≠`.
 */
function showRow({ protocol, state, original, reply, status, helper }: Row, ports: ReadonlySet<number>): string {
  const there = showTuple(original, ports);
  const back = showTuple(reply, ports, original);
  return [
    protocol,
    ...(state === undefined ? [] : [state]),
    `${there}, back ${back}`,
    `[${[...status]
      .filter((word) => SHOWN.has(word))
      .sort()
      .join(' ')}]`,
    ...(helper === undefined ? [] : [`helper ${helper}`]),
  ].join(' ');
}

/** What `conntrack -L` shows of a row, or lets one infer. */
const SHOWN: ReadonlySet<string> = new Set(['UNREPLIED', 'ASSURED', 'SNAT', 'DNAT']);

function showTuple(
  { source, destination, sourcePort, destinationPort }: Tuple,
  ports: ReadonlySet<number>,
  there?: Tuple,
) {
  const from = showPort(sourcePort, ports, there?.destinationPort);
  const to = showPort(destinationPort, ports, there?.sourcePort);
  return `${source}${from} → ${destination}${to}`;
}

function showPort(port: number | undefined, ports: ReadonlySet<number>, mirrored: number | undefined): string {
  if (port === undefined) return '';
  if (ports.has(port)) return `:${port}`;
  if (mirrored === undefined) return ':*';
  return port === mirrored ? ':=' : ':≠';
}

function showExpected({ source, destination, port }: Expected, ports: ReadonlySet<number>): string {
  return `${source} → ${destination}${showPort(port, ports, undefined)}`;
}
