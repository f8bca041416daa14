/** Programs that were started and have not ended: none may outlive the process, or still be building while it is torn down. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const running = new Set<ChildProcessWithoutNullStreams>();
let closed = false;

/** Starts a program with pipes; fails once `endChildren` was called. */
export function startChild(path: string, argv: readonly string[]): ChildProcessWithoutNullStreams {
  if (closed) throw new Error(`${path} is not started any more: the process is ending`);
  const child = spawn(path, [...argv], { stdio: ['pipe', 'pipe', 'pipe'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  return child;
}

/** Ends them all, at once and for good: returns when none of them can do anything any more. */
export function endChildren(): void {
  closed = true;
  for (const child of running) child.kill('SIGKILL');
  for (let round = 0; round < 200 && [...running].some(({ pid }) => isAlive(pid)); round += 1) pause(5);
}

/** A process that has ended and was not waited for is a zombie. */
function isAlive(pid: number | undefined): boolean {
  try {
    const [, state] = /^\d+ \(.*\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
    return state !== undefined && state !== 'Z' && state !== 'X';
  } catch {
    return false;
  }
}

/** Waits without letting anything else happen. */
export function pause(millis: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis);
}

/** Runs a program to its end at once; it is no child of those above. */
export function runNow(path: string, argv: readonly string[]): { readonly code: number; readonly out: string } {
  const { status, stdout } = spawnSync(path, [...argv], { encoding: 'utf8' });
  return { code: status ?? 1, out: stdout ?? '' };
}
