/** `check`: tries to break the networks of a file, and writes down the smallest scenario that does. */
import { writeFile } from 'node:fs/promises';
import { positionOf, type Source } from '../scenarios/locate.ts';
import { annotation, issuesToGithub } from '../scenarios/report/github.ts';
import { titleOf } from '../scenarios/report/title.ts';
import type { Paint } from '../sim/trace/paint.ts';
import { type CheckedNetwork, checkFileNetwork, fileOf } from '../whatif/check/file.ts';
import type { CheckOptions, Violation } from '../whatif/check/network.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { loadInput } from './input.ts';
import { pickNamed } from './pick.ts';
import { quoteArgument } from './quote.ts';
import type { Terminal } from './terminal.ts';

export interface CheckCommand {
  readonly network?: string;
  readonly runs: number;
  readonly seed?: number;
  readonly events: 'none' | 'links' | 'all';
  /** Names of nodes with commas between; `true` for all nodes. */
  readonly edits?: string | true;
  readonly out?: string;
  readonly reporter: 'pretty' | 'json' | 'github';
  readonly quiet?: boolean;
}

export async function check(file: string | undefined, options: CheckCommand, terminal: Terminal): Promise<ExitCode> {
  const { reporter, network, out, quiet = false } = options;
  const loaded = await loadInput(file, (issues) => {
    if (reporter === 'github') terminal.print(issuesToGithub(issues));
  });
  const networks = new Map(Object.entries(loaded.file.networks ?? {}));
  if (networks.size === 0) throw new Refusal(`${loaded.source.file} has no networks by name to check`);
  if (network !== undefined) pickNamed('network', network, networks);
  const names = network === undefined ? [...networks.keys()] : [network];
  const progress = terminal.progress(quiet);
  const checked = names.map((name, i) => {
    progress.at(`network ${i + 1} of ${names.length}: ${name}`);
    return checkFileNetwork(
      loaded.file,
      name,
      limitsOf(options, new Map(Object.entries(networks.get(name)?.nodes ?? {}))),
    );
  });
  progress.clear();
  const found = checked.flatMap(({ violations }) => violations);
  if (out !== undefined && found.length > 0) await write(out, found);
  terminal.print(REPORTS[reporter]({ checked, options, paint: terminal.paint, source: loaded.source }));
  if (reporter === 'pretty' && found.length > 0) terminal.tell(advice(file, out));
  return found.length === 0 ? EXIT.held : EXIT.failed;
}

function limitsOf({ runs, seed, events, edits }: CheckCommand, nodes: ReadonlyMap<string, unknown>): CheckOptions {
  const named = typeof edits === 'string' ? edits.split(',').map((name) => name.trim()) : (edits ?? false);
  if (Array.isArray(named)) for (const name of named) pickNamed('node', name, nodes);
  return { runs, events, edits: named, ...(seed === undefined ? {} : { seed }) };
}

async function write(name: string, found: readonly Violation[]): Promise<void> {
  try {
    await writeFile(name, `${JSON.stringify(fileOf(found), null, 2)}\n`);
  } catch (error) {
    throw new Refusal(
      `${name} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      EXIT.lacks,
    );
  }
}

interface Report {
  readonly checked: readonly CheckedNetwork[];
  readonly options: CheckCommand;
  readonly paint: Paint;
  readonly source: Source;
}

const REPORTS = { pretty, json, github } as const;

function pretty({ checked, paint }: Report): string {
  const lines = checked.flatMap(({ network, invariants, violations, runs }) => [
    `${paint.strong(network)}  ${paint.faint(`${invariants.length} invariants, ${runs} runs`)}`,
    ...invariants.flatMap((invariant) => {
      const violation = violations.find((each) => each.invariant === invariant);
      if (violation !== undefined) return told(violation, paint);
      return 'flow' in invariant ? [`  ${paint.good('✓ held')}    ${invariant.name}`] : [];
    }),
  ]);
  const all = checked.flatMap(({ invariants }) => invariants).length;
  const broken = checked.flatMap(({ violations }) => violations).length;
  return `${[...lines, '', `${all} invariants: ${all - broken} held, ${broken} broken`].join('\n')}\n`;
}

function told({ invariant, says, scenario }: Violation, paint: Paint): string[] {
  const { network, steps } = scenario;
  return [
    `  ${paint.bad('✗ broken')}  ${invariant.name}`,
    `      ${says}`,
    `      smallest network: ${Object.keys(network.nodes).join(', ')}`,
    ...steps.map((step, i) => `      step ${i + 1}: ${titleOf(step)}`),
  ];
}

function json({ checked, options: { runs, seed = 1, events } }: Report): string {
  const networks = checked.map((each) => ({
    name: each.network,
    runs: each.runs,
    invariants: each.invariants.map((invariant) => {
      const violation = each.violations.find((found) => found.invariant === invariant);
      return violation === undefined
        ? { name: invariant.name, status: 'held' }
        : { name: invariant.name, status: 'broken', says: violation.says, scenario: violation.scenario };
    }),
  }));
  const broken = checked.some(({ violations }) => violations.length > 0);
  return `${JSON.stringify({ version: 1, status: broken ? 'failed' : 'passed', runs, seed, events, networks }, null, 2)}\n`;
}

function github({ checked, source }: Report): string {
  return checked
    .flatMap(({ network, violations, indexOf }) =>
      violations.map(({ invariant, says }) => {
        const index = indexOf(invariant);
        const place = index === undefined ? ['networks', network] : ['invariants', index];
        return `${annotation({ file: source.file, ...positionOf(source, place) }, `${network}: ${invariant.name}`, says)}\n`;
      }),
    )
    .join('');
}

/** What to do with what was found. */
function advice(file: string | undefined, out: string | undefined): string {
  if (out !== undefined) return `To see where: middlebox run ${quoteArgument(out)} --trace`;
  const name = file === undefined || file === '-' ? '' : ` ${quoteArgument(file)}`;
  return `To have it as a file that "middlebox run" fails on: middlebox check${name} --out broken.json`;
}
