/** A run as lines for people. */
import { type Comparison, type Entry, judge, type Point, type Report, type Scale } from './result.ts';

const STEPS = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
] as const;

/** Nanoseconds in the unit that suits them, with three digits: `4.71 µs`. */
export function showTime(ns: number): string {
  const [size, unit] = STEPS.find(([least]) => Math.abs(ns) >= least) ?? [1, 'ns'];
  return `${Number((ns / size).toPrecision(3))} ${unit}`;
}

/** `12.3×`, with fewer digits where it is large. */
export function showRatio(ratio: number): string {
  return `${ratio >= 100 ? ratio.toFixed(0) : Number(ratio.toPrecision(3))}×`;
}

/** `≥ 3×, ≥ 20×` */
export function showGoal({ measure, must, moonshot }: Comparison): string {
  const sign = measure === 'speed' ? '≥' : '≤';
  return must === undefined ? '' : `${sign} ${must}×${moonshot === undefined ? '' : `, ${sign} ${moonshot}×`}`;
}

export function showBytes(bytes: number): string {
  return bytes < 10_000 ? `${bytes.toFixed(0)} B` : `${(bytes / 1024).toFixed(1)} KiB`;
}

/** In a column of its own, if it is not too long. */
export function showId(id: string): string {
  return `${id} `.padEnd(9);
}

function showComparison(found: Comparison): string[] {
  const goal = showGoal(found);
  const what = found.measure === 'speed' ? 'times as fast' : 'times the cost';
  const sides = ([name, { cpuNs, wallNs }]: readonly [string, Comparison['ours']]): string =>
    `         ${showTime(cpuNs.median)} of CPU (${showTime(cpuNs.min)} to ${showTime(cpuNs.max)}), ${showTime(wallNs.median)} of wall time a ${found.per}: ${name}`;
  return [
    `${showId(found.id)}${found.title}: ${showRatio(found.ratio)} ${what}${goal === '' ? '' : ` (${goal}): ${judge(found)}`}`,
    sides(['ours', found.ours]),
    sides([found.peerName, found.peer]),
    `         same answers: ${found.agreed}`,
    ...found.notes.map((note) => `         note: ${note}`),
  ];
}

/** `3.4 s of CPU, 812 MB` */
function showPoint(point: Point, { of }: Scale): string {
  const each = point.bytesEach === undefined ? '' : `, ${showBytes(point.bytesEach)} live a ${of}`;
  return `         ${point.size}: ${showTime(point.cpuMs * 1e6)} of CPU, ${showTime(point.wallMs * 1e6)}, peak ${point.peakMb.toFixed(0)} MiB${each}; ${point.says}`;
}

function showScale(scale: Scale): string[] {
  const growth = scale.exponent === undefined ? '' : `: grows with the power ${scale.exponent.toFixed(2)}`;
  return [`${scale.id}: ${scale.title}${growth}`, ...scale.points.map((point) => showPoint(point, scale))];
}

export function showEntry(entry: Entry): readonly string[] {
  switch (entry.kind) {
    case 'comparison':
      return showComparison(entry);
    case 'scale':
      return showScale(entry);
    case 'skipped':
      return [`${showId(entry.id)}${entry.title}: skipped, ${entry.why}`];
  }
}

export function showReport({ commit, date, machine, repeats, quick, entries }: Report): string {
  const head = `${commit}, ${date}, ${machine}; medians of ${repeats}${quick ? ', small sizes' : ''}`;
  return [head, ...entries.flatMap((entry) => ['', ...showEntry(entry)])].join('\n');
}
