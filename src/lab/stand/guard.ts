/** Takes labs down before the process ends, in whatever way it does. */

/** Something that must not outlive the process. */
export interface Guarded {
  destroyNow(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const guarded = new Set<Guarded>();

/** From now on Ctrl-C and every other end of the process take it down first. */
export function guard(lab: Guarded): void {
  if (guarded.size === 0) {
    process.on('exit', destroyAll);
    for (const signal of SIGNALS) process.on(signal, leave);
  }
  guarded.add(lab);
}

/** It is down, or may stay. */
export function release(lab: Guarded): void {
  if (!guarded.delete(lab) || guarded.size > 0) return;
  process.off('exit', destroyAll);
  for (const signal of SIGNALS) process.off(signal, leave);
}

function destroyAll(): void {
  for (const lab of [...guarded]) lab.destroyNow();
}

function leave(signal: string): void {
  destroyAll();
  process.exit(signal === 'SIGINT' ? 130 : 143);
}
