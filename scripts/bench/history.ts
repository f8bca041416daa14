/** Runs of several commits, one a line, and what changed between two of them. */
import { type Comparison, Misused, type Report } from './result.ts';
import { showId, showRatio, showTime } from './table.ts';

export function readHistory(text: string): readonly Report[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Report);
}

/** The latest run of a commit, by the beginning of its name. */
function runOf(reports: readonly Report[], commit: string): Report {
  const found = reports.findLast((report) => report.commit.startsWith(commit));
  if (found === undefined) {
    throw new Misused(`no run of ${commit}; there are ${reports.map((report) => report.commit).join(', ')}`);
  }
  return found;
}

function comparisonsIn({ entries }: Report): readonly Comparison[] {
  return entries.filter((entry) => entry.kind === 'comparison');
}

/** The ratios of two commits side by side: only ratios are comparable between runs. */
export function showChange(reports: readonly Report[], before: string, after: string): string {
  const [from, to] = [runOf(reports, before), runOf(reports, after)];
  const earlier = new Map(comparisonsIn(from).map((entry) => [entry.id, entry]));
  const lines = comparisonsIn(to).map((entry) => {
    const known = earlier.get(entry.id);
    const was = known === undefined ? 'not measured' : showRatio(known.ratio);
    const better =
      known === undefined ? 1 : entry.measure === 'speed' ? entry.ratio / known.ratio : known.ratio / entry.ratio;
    const change = known === undefined ? '' : `, ${showRatio(better)} as good`;
    return `${showId(entry.id)}${was} → ${showRatio(entry.ratio)}${change}; ${showTime(entry.ours.cpuNs.median)} a ${entry.per}`;
  });
  const differs = from.machine === to.machine ? [] : [`another machine: ${from.machine}; ${to.machine}`];
  return [`${from.commit} (${from.date}) → ${to.commit} (${to.date})`, ...differs, ...lines].join('\n');
}
