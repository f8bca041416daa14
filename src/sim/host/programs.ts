/** The applications that run on a host: their states, the names of their sockets, and the events that wait for them. */
import { fail } from '../base/fail.ts';
import type { App, AppEvent, SocketName } from './app/app.ts';
import type { Reception } from './output.ts';
import type { DatagramSocket, Listener, Owner, RawSocket } from './sockets.ts';

/** What a name stands for; a connection is looked up by its key, since it changes all the time. */
export type Handle = DatagramSocket | Listener | RawSocket | { readonly kind: 'connection'; readonly key: string };

interface Name {
  readonly handle: Handle;
  /** The application has closed it, and hears `closed` only. */
  closed: boolean;
  accepted: number;
}

/** An application that runs, or has run; asked for by its id once, and handed on from there. */
export interface Program {
  readonly id: string;
  /** False once it is over. */
  running: boolean;
  /** What is said of a packet that it alone got. */
  readonly delivered: Reception;
  readonly app: App<unknown>;
  state: unknown;
  readonly names: Map<SocketName, Name>;
  /** How many of them are closed. */
  closed: number;
  /** Names that were in use once: commands for them may have crossed the news that they are gone. */
  readonly spent: Set<SocketName>;
}

/** An event on its way to an application. */
export interface Letter {
  readonly program: Program;
  readonly event: AppEvent;
  /** The last that the socket says: its name is free again. */
  readonly last: boolean;
}

/** Keeps one state per application; events wait in one queue, so that the order is that in which they came up. */
export class Programs {
  readonly #running = new Map<string, Program>();
  /** The one that was asked for last, and mostly will be again. */
  #known: Program | undefined;
  /** The next, and those that come after it. */
  #letter: Letter | undefined;
  readonly #letters: Letter[] = [];

  /** The states of applications are values: they can be shared. Between two answers of a host there are no letters. */
  copy(): Programs {
    const copy = new Programs();
    for (const [id, { names, spent, ...program }] of this.#running) {
      const own = new Map([...names].map(([socket, name]) => [socket, { ...name }] as const));
      copy.#running.set(id, { ...program, names: own, spent: new Set(spent) });
    }
    return copy;
  }

  /** Takes up an application under an id that no running one has. */
  add(id: string, app: App<unknown>): Program {
    if (this.#running.has(id)) fail(`${id} is running already`);
    const delivered = { kind: 'delivered', to: app.name, apps: [id] } as const;
    const spent = new Set<SocketName>();
    const program: Program = {
      id,
      running: true,
      delivered,
      app,
      state: undefined,
      names: new Map(),
      closed: 0,
      spent,
    };
    this.#running.set(id, program);
    return program;
  }

  /** The application that runs under an id; undefined: none. */
  get(id: string): Program | undefined {
    const known = this.#known;
    if (known !== undefined && known.id === id) return known;
    this.#known = this.#running.get(id);
    return this.#known;
  }

  /** The application that runs under an id, as it must. */
  program(id: string): Program {
    return this.get(id) ?? fail(`${id} is not running`);
  }

  get ids(): readonly string[] {
    return [...this.#running.keys()];
  }

  /** The application's own name, as in the design or the step. */
  nameOf(id: string): string {
    return this.program(id).app.name;
  }

  /** What is said of a packet that this application alone got. */
  delivered(id: string): Reception {
    return this.program(id).delivered;
  }

  /** The application is over: what was on its way to it is lost. Its sockets in the order in which they were named. */
  remove(program: Program): Handle[] {
    const handles = [...program.names.values()].map(({ handle }) => handle);
    program.running = false;
    this.#running.delete(program.id);
    this.#known = undefined;
    return handles;
  }

  /** Lets the application answer an event (its start, when there is none) and gives back its commands. */
  run(program: Program, event: AppEvent | undefined, now: number) {
    const { app, state } = program;
    const reaction = event === undefined ? app.start(now) : app.handle(state, event, now);
    program.state = reaction.state;
    return reaction.commands;
  }

  /** Gives a socket its name, which must be free: an application waits for `closed` or `failed` before it uses one again. */
  name({ app, socket }: Owner, handle: Handle): void {
    const { names, spent } = this.program(app);
    if (names.has(socket)) fail(`${app}: socket "${socket}" is there already`);
    names.set(socket, { handle, closed: false, accepted: 0 });
    spent.add(socket);
  }

  /** What a name stands for; undefined when the socket is gone or closed. A name that was never given fails. */
  find(program: Program, socket: SocketName): Handle | undefined {
    const found = program.names.get(socket);
    if (found !== undefined) return found.closed ? undefined : found.handle;
    return program.spent.has(socket) ? undefined : fail(`${program.id}: there is no socket "${socket}"`);
  }

  /** From now on the application hears only that the socket is closed. */
  hush({ app, socket }: Owner): void {
    const program = this.program(app);
    const name = program.names.get(socket) ?? fail(`${app}: there is no socket "${socket}"`);
    if (!name.closed) program.closed += 1;
    name.closed = true;
  }

  /** The name of the next connection that a listener accepts. */
  nextAccepted({ app, socket }: Owner): SocketName {
    const name = this.program(app).names.get(socket) ?? fail(`${app}: there is no socket "${socket}"`);
    name.accepted += 1;
    return `${socket}#${name.accepted}`;
  }

  post(program: Program, event: AppEvent, last = false): void {
    const letter = { program, event, last };
    if (this.#letter === undefined) this.#letter = letter;
    else this.#letters.push(letter);
  }

  /** The next event that its application is there to hear, and wants to. */
  next(): Letter | undefined {
    for (let letter = this.#take(); letter !== undefined; letter = this.#take()) {
      if (this.#isHeard(letter)) return letter;
    }
    return undefined;
  }

  #take(): Letter | undefined {
    const letter = this.#letter;
    if (letter !== undefined) this.#letter = this.#letters.length === 0 ? undefined : this.#letters.shift();
    return letter;
  }

  #isHeard({ program, event, last }: Letter): boolean {
    if (!program.running) return false;
    if (event.kind === 'timer' || event.kind === 'mapping' || event.kind === 'link') return true;
    if (program.closed === 0 && !last) return true;
    const closed = program.names.get(event.socket)?.closed ?? false;
    if (last) program.names.delete(event.socket);
    if (last && closed) program.closed -= 1;
    return !closed || event.kind === 'closed';
  }
}
