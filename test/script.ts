/** A program of a node that says exactly what a test tells it, when the test says so. */
import type { App, AppCommand, AppEvent } from '../src/sim/host/app/app.ts';

export interface Script {
  readonly app: App<number>;
  /** Everything but its own clock. */
  readonly heard: readonly AppEvent[];
  /** What came on a connection, as text. */
  said(socket: string): string;
}

/** Commands, each at its time in milliseconds after the start. An accepted connection is named `LISTENER#1`. */
export function script(name: string, ...lines: readonly (readonly [at: number, command: AppCommand])[]): Script {
  const heard: AppEvent[] = [];
  const app: App<number> = {
    name,
    start: () => ({ state: 0, commands: lines.map(([after], i) => ({ kind: 'timer', name: String(i), after })) }),
    handle: (state, event) => {
      if (event.kind !== 'timer') heard.push(event);
      const command = event.kind === 'timer' ? lines[Number(event.name)]?.[1] : undefined;
      return { state, commands: command === undefined ? [] : [command] };
    },
  };
  const isFrom = (event: AppEvent, socket: string) => event.kind === 'data' && event.socket === socket;
  const said = (socket: string) =>
    heard
      .filter((event) => isFrom(event, socket))
      .map((event) => (event.kind === 'data' ? new TextDecoder().decode(event.payload) : ''))
      .join('');
  return { app, heard, said };
}
