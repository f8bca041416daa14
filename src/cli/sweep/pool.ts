/** The work of a sweep dealt out to workers, and its results put in order again, whatever their number. */
import { availableParallelism } from 'node:os';
import type { Outcome } from '../../whatif/sweep/outcome.ts';
import type { Part } from './worker.ts';

/** What-ifs that a worker gets at a time: enough to be worth a message, few enough to see progress. */
const PART = 32;
/** Parts under way for each worker: results that wait for an earlier one are bounded by it. */
const AHEAD = 4;

export const CORES = availableParallelism();

/** Tries all these what-ifs; `each` hears of the outcomes in the order of `indices`, and is waited for. */
export async function workAll(
  question: string,
  indices: readonly number[],
  { jobs, each }: { readonly jobs: number; readonly each: (outcomes: readonly Outcome[]) => Promise<void> },
): Promise<void> {
  const { Tinypool } = await import('tinypool');
  const pool = new Tinypool({
    filename: new URL('worker.js', import.meta.url).href,
    minThreads: jobs,
    maxThreads: jobs,
  });
  try {
    const parts = Array.from({ length: Math.ceil(indices.length / PART) }, (_, i) =>
      indices.slice(i * PART, (i + 1) * PART),
    );
    const running: Promise<readonly Outcome[]>[] = [];
    for (const part of parts) {
      running.push(
        pool.run({ question, indices: part } satisfies Part, { name: 'work' }) as Promise<readonly Outcome[]>,
      );
      if (running.length >= jobs * AHEAD) await deliver(running, each);
    }
    while (running.length > 0) await deliver(running, each);
  } finally {
    await pool.destroy();
  }
}

async function deliver(
  running: Promise<readonly Outcome[]>[],
  each: (outcomes: readonly Outcome[]) => Promise<void>,
): Promise<void> {
  const next = running.shift();
  if (next !== undefined) await each(await next);
}
