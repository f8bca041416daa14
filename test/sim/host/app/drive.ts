/** Applications without a network: events in, commands out. */

import type { Endpoint } from '../../../../src/sim/addr/endpoint.ts';
import type { Ip } from '../../../../src/sim/addr/ip.ts';
import { parseIp } from '../../../../src/sim/addr/ip.ts';
import type { App, AppCommand, AppEvent, Finding } from '../../../../src/sim/host/app/app.ts';

export function ip(text: string): Ip {
  const found = parseIp(text);
  if (found === undefined) throw new Error(`${text} is no address`);
  return found;
}

export function at(text: string, port: number): Endpoint {
  return { ip: ip(text), port };
}

/** An application that is given one event after the other. */
export class Driven<State> {
  state: State;
  /** What it said to its last event (its start, at first). */
  said: readonly AppCommand[];
  now = 0;
  readonly #app: App<State>;

  constructor(app: App<State>, now = 0) {
    this.#app = app;
    this.now = now;
    const { state, commands } = app.start(now);
    this.state = state;
    this.said = commands;
  }

  hear(event: AppEvent, later = 0): readonly AppCommand[] {
    this.now += later;
    const { state, commands } = this.#app.handle(this.state, event, this.now);
    this.state = state;
    this.said = commands;
    return commands;
  }

  /** What it found, when its last commands end it. */
  get finding(): Finding | undefined {
    return this.said.flatMap((command) => (command.kind === 'finish' ? [command.finding] : []))[0];
  }
}

/** The texts that commands write, in order. */
export function written(commands: readonly AppCommand[]): string {
  return commands
    .flatMap((command) => (command.kind === 'write' ? [new TextDecoder('latin1').decode(command.payload)] : []))
    .join('');
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
