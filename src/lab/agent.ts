/** A helper process inside one namespace, which acts and listens there. It speaks JSON lines. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { findProgram, findPython, LabError, type Output } from './execute.ts';
import { startChild } from './stand/children.ts';

const SCRIPT = fileURLToPath(new URL('agent/main.py', import.meta.url));

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Agent {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #pending = new Map<number, Pending>();
  #next = 0;
  #said = '';

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
    });
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(line));
    child.stdin.on('error', () => {
      // it died; whoever waits for an answer hears of it from `close`
    });
    child.on('error', (error) => this.#fail(new LabError(`an agent did not start: ${error.message}`)));
    child.on('close', () => this.#fail(new LabError(`an agent ended: ${this.#said.trim()}`)));
  }

  /** Resolves once the process listens. */
  static async start(namespace: string): Promise<Agent> {
    const python = findPython() ?? 'python3';
    const argv = ['netns', 'exec', namespace, python, '-E', '-s', '-S', '-B', SCRIPT];
    const agent = new Agent(startChild(findProgram('ip') ?? 'ip', argv));
    await agent.#expect(0);
    return agent;
  }

  /** Asks for something by its verb in `agent/main.py`; rejects with what the agent says went wrong. */
  ask(verb: string, request: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    this.#next += 1;
    const answer = this.#expect(this.#next);
    this.#child.stdin.write(`${JSON.stringify({ id: this.#next, do: verb, ...request })}\n`);
    return answer;
  }

  /** Runs a program in the namespace. */
  async run(argv: readonly string[], input = ''): Promise<Output> {
    return (await this.ask('run', { argv, input })) as Output;
  }

  /** Lets the process and its servers end. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return resolve();
      this.#child.once('close', () => resolve());
      this.#child.stdin.end();
    });
  }

  #expect(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  #hear(line: string): void {
    const { id, value, error } = JSON.parse(line) as Answer;
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (error === undefined) pending?.resolve(value);
    else pending?.reject(new LabError(error));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
