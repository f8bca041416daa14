/** A matrix as text: what is asked for down the side, who asks along the top, those who fare alike in one column. */
import { type Paint, PLAIN } from '../../sim/trace/paint.ts';
import type { Cell } from '../matrix.ts';

/** How a matrix is to be shown. */
export interface TableOptions {
  readonly paint?: Paint;
  /** The host that stands for the outside, for the legend. */
  readonly internet?: string | undefined;
}

interface Column {
  readonly members: string[];
  /** What became of each row, by its key; rows that no member asks are not there. */
  readonly cells: Map<string, string>;
}

/** How many names or flows are listed before the rest is counted. */
const LISTED = 6;

export function showMatrix(cells: readonly Cell[], { paint = PLAIN, internet }: TableOptions = {}): string {
  if (cells.length === 0) return 'No node offers anything to another.\n';
  const blockers = blockersOf(cells);
  const columns = columnsOf(cells, (cell) => (cell.reached ? '+' : (blockers.get(blockerKey(cell))?.label ?? '?')));
  const reached = cells.filter((cell) => cell.reached).length;
  return [
    ...showColumns(columns, internet, paint),
    '',
    ...showRows(cells, columns, paint),
    '',
    '+ answered    - the node itself, or no common family    a, b, … not answered:',
    ...[...blockers.values()].map((blocker) => showBlocker(blocker, paint)),
    '',
    `${reached} of ${cells.length} flows are answered.`,
    '',
  ].join('\n');
}

interface Blocker {
  readonly label: string;
  readonly cells: Cell[];
}

function blockerKey({ outcome, blocked }: Cell): string {
  return JSON.stringify([outcome, blocked]);
}

/** What stopped flows, in order of appearance, each with a letter. */
function blockersOf(cells: readonly Cell[]): ReadonlyMap<string, Blocker> {
  const found = new Map<string, Blocker>();
  for (const cell of cells) {
    if (cell.reached) continue;
    const key = blockerKey(cell);
    const known = found.get(key) ?? { label: letters(found.size), cells: [] };
    known.cells.push(cell);
    found.set(key, known);
  }
  return found;
}

/** a … z, aa, ab, … */
function letters(n: number): string {
  const last = String.fromCharCode(97 + (n % 26));
  return n < 26 ? last : `${letters(Math.floor(n / 26) - 1)}${last}`;
}

/** What a flow asks for, whoever asks. */
function rowKey({ to, address, protocol, port, app }: Cell): string {
  return JSON.stringify([to, address, protocol, port, app]);
}

function columnsOf(cells: readonly Cell[], show: (cell: Cell) => string): readonly Column[] {
  const single = new Map<string, Map<string, string>>();
  for (const cell of cells) {
    const own = single.get(cell.from) ?? new Map<string, string>();
    single.set(cell.from, own.set(rowKey(cell), show(cell)));
  }
  const columns: Column[] = [];
  for (const [name, own] of single) {
    const alike = columns.find(({ cells: known }) => agree(known, own));
    if (alike === undefined) columns.push({ members: [name], cells: new Map(own) });
    else {
      alike.members.push(name);
      for (const [key, text] of own) alike.cells.set(key, text);
    }
  }
  return columns;
}

/** Equal wherever both ask. */
function agree(known: ReadonlyMap<string, string>, own: ReadonlyMap<string, string>): boolean {
  return [...own].every(([key, text]) => (known.get(key) ?? text) === text);
}

function showColumns(columns: readonly Column[], internet: string | undefined, paint: Paint): string[] {
  return [
    'From:',
    ...columns.map(({ members }, i) => {
      const names = members.map((name) => (name === internet ? `${name} (anything outside)` : name));
      return `  ${paint.strong(String(i + 1).padStart(3))}  ${listed(names)}`;
    }),
  ];
}

/** Targets in the order in which the design has them. */
function rowsOf(cells: readonly Cell[]): (readonly [key: string, cell: Cell])[] {
  const names = new Set([...cells.map(({ from }) => from), ...cells.map(({ to }) => to)]);
  const order = new Map([...names].map((name, i) => [name, i]));
  const rows = [...new Map(cells.map((cell) => [rowKey(cell), cell] as const))];
  return rows.sort(([, a], [, b]) => (order.get(a.to) ?? 0) - (order.get(b.to) ?? 0));
}

function showRows(cells: readonly Cell[], columns: readonly Column[], paint: Paint): string[] {
  const rows = rowsOf(cells);
  const labels = rows.map(([, cell], i) => {
    const isNew = rows[i - 1]?.[1].to !== cell.to;
    return { to: isNew ? cell.to : '', what: what(cell) };
  });
  const toWidth = Math.max(2, ...labels.map(({ to }) => to.length));
  const whatWidth = Math.max(...labels.map(({ what: text }) => text.length));
  const width = Math.max(
    String(columns.length).length,
    ...columns.flatMap(({ cells: own }) => [...own.values()].map((text) => text.length)),
  );
  const line = (to: string, text: string, parts: readonly string[]): string =>
    `${to.padEnd(toWidth)}  ${text.padEnd(whatWidth)}  ${parts.map((part) => part.padStart(width)).join(' ')}`.trimEnd();
  return [
    paint.faint(
      line(
        'To',
        '',
        columns.map((_, i) => String(i + 1)),
      ),
    ),
    ...rows.map(([key], i) =>
      line(
        labels[i]?.to ?? '',
        labels[i]?.what ?? '',
        columns.map((column) => column.cells.get(key) ?? '-'),
      ),
    ),
  ];
}

/** `198.51.100.8:80 http`, `10.0.0.1 ping`, `[2001:db8::1]:53 dns udp` */
function what({ address, port, app, protocol }: Cell): string {
  if (port === undefined) return `${address} ${app}`;
  const at = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  return app === 'http' || app === 'ftp' || app === 'stun'
    ? `${at} ${app}`
    : `${at} ${app === 'echo' ? protocol : `${app} ${protocol}`}`;
}

function showBlocker({ label, cells }: Blocker, paint: Paint): string {
  const [first] = cells;
  const { blocked, outcome = '' } = first ?? {};
  const place =
    blocked === undefined
      ? 'nothing on the way'
      : `${blocked.at} ${blocked.by}${blocked.where === undefined ? '' : ` at ${blocked.where}`}`;
  return `  ${paint.strong(label.padStart(3))}  ${outcome}, by ${place}: ${cells.length} flow${cells.length === 1 ? '' : 's'}`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, LISTED).join(', ');
  return names.length > LISTED ? `${shown} and ${names.length - LISTED} more` : shown;
}
