/** The page of the documentation, made from a run; what stands outside the marks is written by hand. */
import { type Comparison, judge, type Report, type Scale, type Skip } from './result.ts';
import { showBytes, showGoal, showRatio, showTime } from './table.ts';

const BEGIN = '<!-- measured: npm run bench -- --page -->';
const END = '<!-- end of what was measured -->';

/** The page with its figures replaced. A page without the marks fails. */
export function updatePage(page: string, report: Report): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the page has no ${BEGIN} … ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${showFigures(report)}\n\n${page.slice(end)}`;
}

function showFigures(report: Report): string {
  const { commit, date, machine, repeats, quick, entries } = report;
  const of = <K extends 'comparison' | 'scale' | 'skipped'>(kind: K) =>
    entries.filter((entry): entry is Extract<typeof entry, { kind: K }> => entry.kind === kind);
  return [
    `Commit ${commit}, ${date}: ${machine}. Medians of ${repeats} runs${quick ? ' of small sizes' : ''}, CPU time; wall time in brackets.`,
    comparisonTable(of('comparison')),
    ...agreements(of('comparison')),
    ...sizes(of('scale')),
    ...skips(of('skipped')),
  ].join('\n\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}

function comparisonTable(found: readonly Comparison[]): string {
  const cost = ({ cpuNs, wallNs }: Comparison['ours']): string =>
    `${showTime(cpuNs.median)} (${showTime(wallNs.median)})`;
  const rows = found.map((each) => [
    each.id,
    `${each.title}, a ${each.per}`,
    cost(each.ours),
    cost(each.peer),
    each.peerName,
    `${showRatio(each.ratio)}${each.measure === 'cost' ? ' the cost' : ''}`,
    showGoal(each),
    judge(each),
  ]);
  return table(['', 'what', 'ours', 'peer', 'which', 'ratio', 'goal (must, moonshot)', ''], rows);
}

/** What makes a comparison one: the answers were the same. */
function agreements(found: readonly Comparison[]): string[] {
  if (found.length === 0) return [];
  const lines = found.map(({ id, agreed, notes }) => `- ${id}: ${[agreed, ...notes].join('. ')}.`);
  return ['Before anything was timed, both sides had to say the same:', lines.join('\n')];
}

function sizes(found: readonly Scale[]): string[] {
  if (found.length === 0) return [];
  const rows = found.flatMap(({ title, of, points, exponent }) =>
    points.map((point, i) => [
      i === 0 ? title : '',
      point.size.toLocaleString('en'),
      `${showTime(point.cpuMs * 1e6)} (${showTime(point.wallMs * 1e6)})`,
      `${point.peakMb.toFixed(0)} MiB`,
      point.bytesEach === undefined ? '' : `${showBytes(point.bytesEach)} a ${of}`,
      i === points.length - 1 && exponent !== undefined ? `n^${exponent.toFixed(2)}` : '',
      point.says,
    ]),
  );
  return ['### Sizes', table(['what', 'how many', 'time', 'peak memory', 'live memory', 'growth', ''], rows)];
}

function skips(found: readonly Skip[]): string[] {
  return found.length === 0 ? [] : [found.map(({ id, title, why }) => `- ${id}, ${title}: skipped, ${why}`).join('\n')];
}
