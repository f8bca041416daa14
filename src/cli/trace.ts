/** `trace`: every packet of one connection, or of a scenario's steps, hop by hop. */

import { checkStep } from '../scenarios/check/step.ts';
import { showIssue } from '../scenarios/issue.ts';
import type { Loaded } from '../scenarios/load.ts';
import { type Telling, type Told, tell } from '../scenarios/report/told.ts';
import { showTrace, traceToJson } from '../scenarios/report/trace.ts';
import { runScenario } from '../scenarios/run.ts';
import type { Scenario, ScenarioFile, Step } from '../scenarios/schema.ts';
import type { Issue } from '../sim/base/fail.ts';
import type { Path } from '../sim/base/path.ts';
import type { Design } from '../sim/design/design.ts';
import { PROTOCOL_NAMES } from '../sim/design/rule.ts';
import { withInternet } from '../whatif/internet.ts';
import { lineOf } from '../whatif/locate.ts';
import { edit } from '../whatif/rest.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { loadChange, loadInput } from './input.ts';
import { pickNamed, pickNetwork } from './pick.ts';
import type { Terminal } from './terminal.ts';

export interface TraceOptions {
  readonly reporter: 'pretty' | 'json';
  readonly seed?: number;
  readonly network?: string;
  readonly from?: string;
  readonly to?: string;
  readonly protocol?: string;
  readonly port?: number;
  readonly sourcePort?: number;
  readonly ttl?: number;
  /** A file with a change that is made first. */
  readonly change?: string;
  /** One packet made by hand instead of a whole connection. */
  readonly packet?: boolean;
  /** A line a packet. */
  readonly brief?: boolean;
  /** What silence does to the session, instead of its packets. */
  readonly idle?: boolean;
  readonly scenario?: string;
  /** Counts from 1. */
  readonly step?: number;
}

/** A trace is information: whatever became of the packets, the command succeeds. */
export async function trace(file: string | undefined, options: TraceOptions, terminal: Terminal): Promise<ExitCode> {
  const loaded = await loadInput(file);
  const {
    file: played,
    scenario,
    telling,
    only,
  } = options.scenario === undefined ? await oneStep(loaded, options) : byName(loaded, options);
  const { seed, reporter } = options;
  const report = runScenario(played, scenario, seed === undefined ? {} : { seed });
  const told = narrow(tell({ file: played, scenario, report }, telling), only);
  const of = {
    ...(options.scenario === undefined ? {} : { scenario: scenario.name }),
    ...(typeof scenario.network === 'string' ? { network: scenario.network } : {}),
  };
  const text =
    reporter === 'json'
      ? `${JSON.stringify(traceToJson(told, of), null, 2)}\n`
      : showTrace(told, { paint: terminal.paint, brief: options.brief ?? false });
  terminal.print(text);
  return EXIT.held;
}

interface Wanted {
  readonly file: ScenarioFile;
  readonly scenario: Scenario;
  readonly telling: Telling;
  /** Index of the only step to show. */
  readonly only?: number;
}

function byName({ file, source }: Loaded, options: TraceOptions): Wanted {
  const stray = (['network', 'from', 'to', 'protocol', 'port', 'sourcePort', 'ttl', 'packet', 'change'] as const).find(
    (name) => options[name] !== undefined,
  );
  if (stray !== undefined) {
    throw new Refusal(`--scenario traces that scenario's own steps; ${optionOf(stray)} does not go with it`);
  }
  const scenarios = new Map((file.scenarios ?? []).map((each) => [each.name, each]));
  const scenario = pickNamed('scenario', options.scenario ?? '', scenarios);
  const { step } = options;
  if (step === undefined) return { file, scenario, telling: { source, trace: true } };
  const count = scenario.steps.length;
  if (step > count)
    throw new Refusal(`"${scenario.name}" has ${count} step${count === 1 ? '' : 's'}, so none is ${step}`);
  return { file, scenario, telling: { source, trace: true }, only: step - 1 };
}

async function oneStep(loaded: Loaded, options: TraceOptions): Promise<Wanted> {
  if (options.step !== undefined) throw new Refusal('--step is a step of a scenario: name it with --scenario');
  const { file, source } = loaded;
  const { name, design } = pickNetwork(loaded, options.network, ': trace a scenario with --scenario');
  const change = options.change === undefined ? undefined : await loadChange(options.change, design);
  const step = stepOf(options);
  const base = withOutside(design, options);
  const issues = checkStep(step, change === undefined ? base : edit(base, change.change).design);
  refuse(issues);
  return {
    file: { ...file, networks: { ...file.networks, [name]: base } },
    scenario: {
      name: 'trace',
      network: name,
      ...(change === undefined ? {} : { change: change.change }),
      steps: [step],
    },
    telling: { source, trace: true, place: lineOf(source, change) },
  };
}

/** The outside is there when it is named: as `matrix` and `diff` name it. */
export function withOutside(design: Design, { from, to }: TraceOptions): Design {
  const outside = withInternet(design);
  return outside !== undefined && (from === outside.name || to === outside.name) ? outside.design : design;
}

/** Issues about a step are issues about the options that it is made of. */
export function refuse(issues: readonly Issue[]): void {
  if (issues.length === 0) return;
  const lines = issues.map(({ path, ...issue }) => `${fieldOf(path)}${showIssue({ ...issue, path: [] })}`);
  throw new Refusal(lines.join('\n'));
}

/** `--from: `, for an issue about what that option gave. */
function fieldOf(path: Path): string {
  const field = path[1];
  return typeof field === 'string' ? `${optionOf(field)}: ` : '';
}

export function optionOf(field: string): string {
  return `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** TCP where there is a port, else a ping; a TTL of one's own needs a packet made by hand. */
function stepOf(options: TraceOptions): Step {
  const { from, to, port, sourcePort, ttl, packet = false } = options;
  if (from === undefined || to === undefined) {
    throw new Refusal('name who sends and to whom: --from NODE --to NODE, or --scenario NAME');
  }
  const protocol = protocolOf(options.protocol ?? (port === undefined ? 'icmp' : 'tcp'));
  const ports = { ...(port === undefined ? {} : { port }), ...(sourcePort === undefined ? {} : { sourcePort }) };
  if (packet || ttl !== undefined) {
    return { send: { from, to, protocol, ...ports, ...(ttl === undefined ? {} : { ttl }) } };
  }
  if (protocol === 'tcp' || protocol === 'udp') {
    if (port === undefined) throw new Refusal(`${protocol} needs a port to connect to: --port N`);
    return { connect: { from, to, protocol, ...ports, port } };
  }
  if ((protocol === 'icmp' || protocol === 'icmpv6') && port === undefined && sourcePort === undefined) {
    return { ping: { from, to, count: 1 } };
  }
  return { send: { from, to, protocol, ...ports } };
}

type Protocol = Extract<Step, { send: unknown }>['send']['protocol'];

function protocolOf(text: string): Protocol {
  const named = PROTOCOL_NAMES.find((name) => name === text);
  if (named !== undefined) return named;
  const number = /^\d{1,3}$/.test(text) ? Number(text) : 256;
  if (number <= 255) return number;
  throw new Refusal(
    `--protocol: "${text}" is not a protocol: write ${PROTOCOL_NAMES.join(', ')} or a number up to 255`,
  );
}

/** The step that was asked for, all of them by default. */
function narrow({ before, ...told }: Told, only: number | undefined): Told {
  if (only === undefined) return before === undefined ? told : { ...told, before };
  const { steps, ...rest } = told;
  return { ...rest, steps: steps.slice(only, only + 1) };
}
