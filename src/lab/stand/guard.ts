/** Takes labs down before the process ends, in whatever way it does. */
import { endChildren } from './children.ts';

/** Something that must not outlive the process. */
export interface Guarded {
  destroyNow(): void;
}

/** As shells report a process that a signal ended. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const NAMES = Object.keys(SIGNALS) as (keyof typeof SIGNALS)[];
const guarded = new Set<Guarded>();

/** From now on Ctrl-C and every other end of the process take it down first. */
export function guard(lab: Guarded): void {
  if (guarded.size === 0) {
    process.on('exit', destroyAll);
    for (const signal of NAMES) process.on(signal, leave);
  }
  guarded.add(lab);
}

/** It is down, or may stay. */
export function release(lab: Guarded): void {
  if (!guarded.delete(lab) || guarded.size > 0) return;
  process.off('exit', destroyAll);
  for (const signal of NAMES) process.off(signal, leave);
}

/** First whatever is still building; then what stands, each lab whatever becomes of the others. */
function destroyAll(): void {
  endChildren();
  for (const lab of [...guarded]) {
    try {
      lab.destroyNow();
    } catch (error) {
      process.stderr.write(`a lab could not be taken down: ${error instanceof Error ? error.message : error}\n`);
    }
  }
}

function leave(signal: keyof typeof SIGNALS): void {
  destroyAll();
  process.exit(SIGNALS[signal]);
}
