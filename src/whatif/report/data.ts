/** A matrix for machines: JSON with a version, or comma-separated values. Read RFC 4180 first. */
import type { Cell } from '../matrix.ts';

/** The document that `matrix --reporter json` prints. */
export function matrixToJson(cells: readonly Cell[], network: string, internet: string | undefined) {
  const reached = cells.filter((cell) => cell.reached).length;
  return {
    version: 1,
    network,
    ...(internet === undefined ? {} : { internet }),
    summary: { flows: cells.length, reached, blocked: cells.length - reached },
    flows: cells,
  };
}

const COLUMNS: readonly (readonly [name: string, value: (cell: Cell) => string | number | boolean | undefined])[] = [
  ['from', ({ from }) => from],
  ['to', ({ to }) => to],
  ['address', ({ address }) => address],
  ['protocol', ({ protocol }) => protocol],
  ['port', ({ port }) => port],
  ['app', ({ app }) => app],
  ['reached', ({ reached }) => reached],
  ['outcome', ({ outcome }) => outcome],
  ['server', ({ server }) => server],
  ['seenAs', ({ seenAs }) => seenAs?.address],
  ['blockedAt', ({ blocked }) => blocked?.at],
  ['blockedBy', ({ blocked }) => blocked?.by],
  ['where', ({ blocked }) => blocked?.where],
];

/** One line a flow, the names of the columns first; lines end with CRLF. */
export function matrixToCsv(cells: readonly Cell[]): string {
  const lines = cells.map((cell) => COLUMNS.map(([, value]) => quoted(String(value(cell) ?? ''))).join(','));
  return [COLUMNS.map(([name]) => name).join(','), ...lines].map((line) => `${line}\r\n`).join('');
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
