/** Two ways of doing the same, timed in turns, so that whatever else the machine does falls on both. */

/** Cost of one operation. */
export interface Timing {
  readonly cpuNs: number;
  readonly wallNs: number;
}

type Run = () => Timing | Promise<Timing>;

interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Measured {
  readonly cpuNs: Spread;
  readonly wallNs: Spread;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (i: number): number => sorted[i] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
  };
}

/** Times `work` of this process, which does `operations` of them. */
export function timed(operations: number, work: () => void): Timing {
  const cpu = process.cpuUsage();
  const wall = process.hrtime.bigint();
  work();
  const wallNs = Number(process.hrtime.bigint() - wall);
  const { user, system } = process.cpuUsage(cpu);
  return { cpuNs: ((user + system) * 1000) / operations, wallNs: wallNs / operations };
}

/** What several that are as long cost together. */
export function meanOf(timings: readonly Timing[]): Timing {
  const mean = (of: (timing: Timing) => number): number =>
    timings.reduce((sum, each) => sum + of(each), 0) / timings.length;
  return { cpuNs: mean(({ cpuNs }) => cpuNs), wallNs: mean(({ wallNs }) => wallNs) };
}

/** Rounds before the first that counts: by then code that is compiled as it runs has been compiled. */
const THROWN_AWAY = 3;

/** Each side `repeats` times, alternating, once so many rounds have been thrown away. */
export async function alternate<K extends string>(
  sides: Readonly<Record<K, Run>>,
  repeats: number,
): Promise<Readonly<Record<K, Measured>>> {
  const names = Object.keys(sides) as K[];
  const taken = Object.fromEntries(names.map((name) => [name, [] as Timing[]])) as Record<K, Timing[]>;
  for (let round = -THROWN_AWAY; round < repeats; round++) {
    for (const name of names) {
      const timing = await sides[name]();
      if (round >= 0) taken[name].push(timing);
    }
  }
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        cpuNs: spreadOf(taken[name].map(({ cpuNs }) => cpuNs)),
        wallNs: spreadOf(taken[name].map(({ wallNs }) => wallNs)),
      },
    ]),
  ) as Record<K, Measured>;
}
