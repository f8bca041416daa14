/**
 * Matchers for vitest: import `middlebox/vitest` once, and `expect` knows networks. One that fails tells what happened, hop by
 * hop. On a design each starts from a fresh world; a world goes on from where it is, and is changed by being asked.
 */
import { expect } from 'vitest';
import { parseIntent, showIntent, tryIntent } from './scenarios/invariant/intent.ts';
import { perform, simulate } from './scenarios/perform.ts';
import type { Result } from './scenarios/result.ts';
import type { StepReport } from './scenarios/run.ts';
import type { Step } from './scenarios/schema.ts';
import type { Design } from './sim/design/design.ts';
import { explain } from './sim/trace/explain.ts';
import { World } from './sim/world/world.ts';
import { analyse } from './whatif/analysis.ts';
import type { Invariant } from './whatif/check/demand.ts';
import { type CheckOptions, checkNetwork } from './whatif/check/network.ts';
import { differencesOf } from './whatif/diff.ts';
import { type Flow, showFlow } from './whatif/flows.ts';

type Arguments<V extends string> = Step extends infer S
  ? S extends { readonly [key in V]: infer A }
    ? A
    : never
  : never;
/** The mode is passive where none is given. */
export type FtpArguments = Omit<Arguments<'ftp'>, 'mode'> & Partial<Pick<Arguments<'ftp'>, 'mode'>>;
export type Endpoint = { readonly address: string; readonly port?: number };

export interface NetworkMatchers {
  /** A TCP connection is opened, or a UDP datagram answered: `{ from, to, port }`. */
  toConnect(connection: Arguments<'connect'>): void;
  /** A ping is answered: `{ from, to }`. */
  toPing(ping: Arguments<'ping'>): void;
  /** A file is transferred; in passive mode by default. */
  toTransferFtp(transfer: FtpArguments): void;
  /** What a line says gets through: `laptop -> web:443/tcp`, `laptop -> web` for a ping. */
  toAllow(intent: string): void;
  /** What a line says does not get through. */
  toDeny(intent: string): void;
  /** A step, or its result, ended at this place of the design: `firewall.forward.rules[2]`, `routes`; on this node if given. */
  toBeBlockedBy(place: string, node?: string): void;
  /** The server of a step, or of its result, knew the client as this: `203.0.113.5`, or with a port as an object. */
  toBeSeenAs(endpoint: string | Endpoint): void;
  /** Between this design and another only these flows fare differently: `laptop -> web`, `* -> db:5432/tcp`; none at all if none is named. */
  toDiffOnlyIn(other: Design, ...flows: readonly string[]): void;
  /** Nothing that `checkNetwork` tries breaks these invariants. */
  toHold(invariants: readonly Invariant[], options?: Omit<CheckOptions, 'invariants'>): void;
}

declare module 'vitest' {
  interface Matchers<T> extends NetworkMatchers {}
}

interface Verdict {
  readonly pass: boolean;
  readonly message: () => string;
}

/** The world to ask: the one given, or a fresh one of a design. */
function worldOf(received: unknown): World {
  if (received instanceof World) return received;
  if (typeof received === 'object' && received !== null && 'nodes' in received) return simulate(received as Design);
  throw new TypeError('expected a network (a design) or a world, as simulate() makes');
}

function designOf(received: unknown): Design {
  return received instanceof World ? received.design : worldOf(received).design;
}

/** A verdict that says what was expected, what came, and how. */
function verdict(pass: boolean, wanted: string, { result, events }: StepReport): Verdict {
  const not = pass ? 'not ' : '';
  return {
    pass,
    message: () =>
      `expected ${wanted.replace('%', not)}\n\n${result.outcome}: ${result.explanation}\n${explain(events)}`,
  };
}

function tried(received: unknown, step: Step, success: string, wanted: string): Verdict {
  const report = perform(worldOf(received), step);
  return verdict(report.result.outcome === success, wanted, report);
}

function resultIn(received: unknown): { readonly result: Result; readonly told: string } {
  if (typeof received === 'object' && received !== null) {
    if ('result' in received && 'events' in received) {
      const { result, events } = received as StepReport;
      return { result, told: `${result.explanation}\n${explain(events)}` };
    }
    if ('explanation' in received) {
      const result = received as Result;
      return { result, told: result.explanation };
    }
  }
  throw new TypeError('expected a step that was carried out, as perform() gives, or its result');
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

/** Whether a line means a flow; `*` is any node, and without a port any flow between the two. */
function means(line: string, flow: Flow): boolean {
  const { from, to, port, protocol } = parseIntent(line);
  const node = to.split(':')[0];
  const ends = (from === '*' || from === flow.from) && (node === '*' || node === flow.to || to === flow.address);
  return ends && (port === undefined || (port === flow.port && protocol === flow.protocol));
}

const matchers = {
  toConnect(received: unknown, connect: Arguments<'connect'>): Verdict {
    const { from, to, port, protocol = 'tcp' } = connect;
    return tried(received, { connect }, 'connected', `${from} %to connect to ${to}:${port}/${protocol}`);
  },
  toPing(received: unknown, ping: Arguments<'ping'>): Verdict {
    return tried(received, { ping }, 'replied', `${ping.to} %to answer a ping of ${ping.from}`);
  },
  toTransferFtp(received: unknown, transfer: FtpArguments): Verdict {
    const ftp = { mode: 'passive' as const, ...transfer };
    return tried(received, { ftp }, 'transferred', `${ftp.from} %to transfer a file with ${ftp.to} (${ftp.mode})`);
  },
  toAllow(received: unknown, text: string): Verdict {
    const intent = parseIntent(text);
    const { allowed, report } = tryIntent(worldOf(received), intent);
    return verdict(allowed, `${showIntent(intent)} %to get through`, report);
  },
  toDeny(received: unknown, text: string): Verdict {
    const intent = parseIntent(text);
    const { allowed, report } = tryIntent(worldOf(received), intent);
    return verdict(!allowed, `${showIntent(intent)} %to be denied`, report);
  },
  toBeBlockedBy(received: unknown, place: string, node?: string): Verdict {
    const { result, told } = resultIn(received);
    const pass = result.blockedBy === place && (node === undefined || result.blockedAt === node);
    const at = node === undefined ? '' : ` on ${node}`;
    const actual =
      result.blockedBy === undefined ? 'nothing blocked it' : `it was ${result.blockedBy} on ${result.blockedAt}`;
    return { pass, message: () => `expected ${place}${at} ${pass ? 'not ' : ''}to block it, and ${actual}\n\n${told}` };
  },
  toBeSeenAs(received: unknown, endpoint: string | Endpoint): Verdict {
    const { result, told } = resultIn(received);
    const { address, port }: Endpoint = typeof endpoint === 'string' ? { address: endpoint } : endpoint;
    const pass = result.seenAs?.address === address && (port === undefined || result.seenAs.port === port);
    const message = () =>
      `expected the client ${pass ? 'not ' : ''}to be seen as ${show(endpoint)}, and it was ${show(result.seenAs)}\n\n${told}`;
    return { pass, message };
  },
  toDiffOnlyIn(received: unknown, other: Design, ...lines: readonly string[]): Verdict {
    const differences = differencesOf(analyse(designOf(received)), analyse(designOf(other)));
    const surplus = differences.filter(({ flow }) => !lines.some((line) => means(line, flow)));
    const idle = lines.filter((line) => !differences.some(({ flow }) => means(line, flow)));
    const told = [
      ...surplus.map(({ kind, flow, after }) => `${kind}: ${showFlow(flow)}\n  ${after?.result.explanation ?? ''}`),
      ...idle.map((line) => `the same as before: ${line}`),
    ];
    const pass = told.length === 0;
    const expected = `expected ${pass ? 'more or less' : 'these flows'} to differ ${pass ? 'than' : 'alone:'} ${lines.join(', ') || 'none'}`;
    return { pass, message: () => [expected, '', ...told].join('\n') };
  },
  toHold(received: unknown, invariants: readonly Invariant[], options: Omit<CheckOptions, 'invariants'> = {}): Verdict {
    const { violations } = checkNetwork(designOf(received), { ...options, invariants });
    const told = violations.map(({ invariant, says, scenario }) => {
      const small = JSON.stringify({ scenarios: [scenario] }, null, 2);
      return `${invariant.name}: ${says}\n${small}`;
    });
    const pass = violations.length === 0;
    return { pass, message: () => (pass ? 'expected something to break the invariants' : told.join('\n\n')) };
  },
};

expect.extend(matchers);
