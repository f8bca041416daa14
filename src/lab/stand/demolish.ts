/** Taking namespaces away with all that runs in them: in time, or at once on the way out. */
import { setTimeout as sleep } from 'node:timers/promises';
import { execute, findProgram } from '../execute.ts';
import { pause, runNow } from './children.ts';

/** A process that was killed is gone a moment later; more may have been started meanwhile. */
const ROUNDS = 50;
const ROUND_MS = 10;

/** Deletes namespaces, those that are not there too. Other labs go on meanwhile. */
export async function demolish(names: readonly string[]): Promise<void> {
  await Promise.all(
    names.map(async (name) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const { code, out } = await execute({ argv: ['ip', 'netns', 'pids', name] });
        if (code !== 0 || killAll(out) === 0) break;
        await sleep(ROUND_MS);
      }
      await execute({ argv: ['ip', 'netns', 'del', name] });
    }),
  );
}

/** As `demolish`, and nothing else happens meanwhile. */
export function demolishNow(names: readonly string[]): void {
  const ip = findProgram('ip') ?? 'ip';
  for (const name of names) {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { code, out } = runNow(ip, ['netns', 'pids', name]);
      if (code !== 0 || killAll(out) === 0) break;
      pause(ROUND_MS);
    }
    runNow(ip, ['netns', 'del', name]);
  }
}

/** Kills the processes of a list, one a line; returns how many there were. */
function killAll(list: string): number {
  const pids = list.split('\n').filter((text) => text !== '');
  for (const pid of pids) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // it ended by itself meanwhile
    }
  }
  return pids.length;
}
