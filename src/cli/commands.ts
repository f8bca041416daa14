/** The command line as users see it. A command's own file is loaded only when it is called. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { REPORTER_NAMES } from '../scenarios/report/names.ts';
import { DEFAULT_FILE, DEFAULT_WITH_COMMENTS } from './defaults.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Shard } from './sweep/journal.ts';
import type { Terminal } from './terminal.ts';

const FILE = ['[file]', `a scenario file, "-" for standard input (default: ${DEFAULT_FILE})`] as const;

/** Reads an integer in a range, both ends included. */
function integer(from: number, to: number) {
  return (text: string): number => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= from && value <= to) return value;
    throw new InvalidArgumentError(`Write a whole number from ${from} to ${to}.`);
  };
}

const port = integer(0, 65_535);
const seed = integer(-(2 ** 31), 2 ** 31 - 1);
const SEED = ['--seed <n>', 'all randomness comes from it; overrides the scenarios’ own', seed] as const;
const CHANGE = ['--change <file>', 'make this change to the network first'] as const;
const reporters = (names: readonly string[]): Option =>
  new Option('--reporter <name>', 'how to print the result').choices(names).default('pretty');

/** The program; `done` hears how the command ended. */
export function commandLine(version: string, terminal: Terminal, done: (code: ExitCode) => void): Command {
  const program = new Command('middlebox')
    .description(
      'Simulates NAT and firewalls: will my connection get through, where does it die, and which rule did it?',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .showHelpAfterError('(add --help for what there is)');
  addRun(program, terminal, done);
  addTrace(program, terminal, done);
  addMatrix(program, terminal, done);
  addDiff(program, terminal, done);
  addCheck(program, terminal, done);
  addSweep(program, terminal, done);
  addLab(program, terminal, done);
  program
    .command('schema')
    .description('print the JSON Schema of scenario files')
    .action(async () => done((await import('./schema.ts')).schema(terminal)));
  program
    .command('init')
    .argument('[name]', 'the file to write', DEFAULT_WITH_COMMENTS)
    .description('write a commented file to start from')
    .action(async (name: string) => done(await (await import('./init.ts')).init(name, terminal)));
  program.addHelpText('after', `\n${ENDINGS}`);
  return program;
}

const ENDINGS = `Exit codes: ${EXIT.held} all held, ${EXIT.failed} an expectation failed, ${EXIT.usage} bad input or usage, ${EXIT.lacks} the environment lacks what is needed.`;

type Done = (code: ExitCode) => void;

function addRun(program: Command, terminal: Terminal, done: Done): void {
  program
    .command('run')
    .argument(...FILE)
    .description('run the scenarios and check their expectations')
    .option('--only <glob>', 'only scenarios whose name matches: * is any text, ? one character')
    .option('--bail', 'stop after the first scenario that fails')
    .option(...SEED)
    .option('--trace', 'show every packet of every step, hop by hop')
    .addOption(reporters(REPORTER_NAMES))
    .option('--quiet', 'no progress on standard error')
    .action(async (file, options) => done(await (await import('./run.ts')).run(file, options, terminal)));
}

function addTrace(program: Command, terminal: Terminal, done: Done): void {
  program
    .command('trace')
    .argument(...FILE)
    .description('one connection or packet through a network, or the steps of a scenario, hop by hop')
    .option('--network <name>', 'the network; may be left out when the file has only one')
    .option('--from <node>', 'who sends')
    .option('--to <target>', 'a node, NODE:INTERFACE, an address or a DNS name')
    .option('--protocol <name>', 'tcp, udp, icmp, … or a number (default: tcp with --port, else icmp)')
    .option('--port <n>', 'the destination port', port)
    .option('--source-port <n>', 'the source port; one is chosen by default', port)
    .option('--ttl <n>', 'TTL or hop limit of a single packet', integer(0, 255))
    .option(...CHANGE)
    .option('--packet', 'send one packet made by hand instead of running a whole connection')
    .option('--scenario <name>', 'trace the steps of this scenario instead')
    .option('--step <n>', 'only this step of the scenario, counting from 1', integer(1, Number.MAX_SAFE_INTEGER))
    .option('--brief', 'one line a packet')
    .option('--idle', 'how long the session may be silent: who on its way forgets it when, and the longest keepalive')
    .option(...SEED)
    .addOption(reporters(['pretty', 'json']))
    .action(async (file, options) => {
      if (options.idle === true) done(await (await import('./trace/idle.ts')).traceIdle(file, options, terminal));
      else done(await (await import('./trace.ts')).trace(file, options, terminal));
    });
}

function addMatrix(program: Command, terminal: Terminal, done: Done): void {
  program
    .command('matrix')
    .argument(...FILE)
    .description('who reaches whom: every node to every service, and what stands in the way')
    .option('--network <name>', 'the network; may be left out when the file has only one')
    .option('--from <glob>', 'only from these nodes: * is any text, ? one character')
    .option('--to <glob>', 'only to these nodes')
    .option(...CHANGE)
    .option(...SEED)
    .option('--traversal', 'instead, which NATs let two hosts behind them meet directly: every pair of profiles')
    .addOption(reporters(['pretty', 'json', 'csv']))
    .option('--quiet', 'no progress on standard error')
    .action(async (file, options) => {
      if (options.traversal !== true) return done(await (await import('./matrix.ts')).matrix(file, options, terminal));
      return done((await import('./matrix/traversal.ts')).matrixTraversal(file, options, terminal));
    });
}

function addDiff(program: Command, terminal: Terminal, done: Done): void {
  program
    .command('diff')
    .argument(...FILE)
    .argument('[other]', 'a second file, whose networks are compared with those of the same name')
    .description('what a change does: flows lost, gained, and carried otherwise, each with its reason')
    .option('--change <file>', 'the change: operations of RFC 6902, links and nodes up or down')
    .option('--network <name>', 'the network; may be left out when the file has only one, or with two files')
    .option('--from <glob>', 'only from these nodes: * is any text, ? one character')
    .option('--to <glob>', 'only to these nodes')
    .addOption(
      new Option('--fail-on <what>', 'what else than a lost expectation is a failure: a lost flow, any difference')
        .choices(['expectation', 'lost', 'any'])
        .default('expectation'),
    )
    .option(...SEED)
    .addOption(reporters(['pretty', 'json', 'github']))
    .option('--quiet', 'no progress on standard error')
    .action(async (file, other, options) =>
      done(await (await import('./diff.ts')).diff([file, other], options, terminal)),
    );
}

function addCheck(program: Command, terminal: Terminal, done: Done): void {
  program
    .command('check')
    .argument(...FILE)
    .description('try to break the invariants of the networks, and shrink what does to a few nodes')
    .option('--network <name>', 'only this network')
    .option('--runs <n>', 'random courses of events to try in each network', integer(0, 1_000_000), 100)
    .addOption(
      new Option('--events <what>', 'what may fail: links; or links and nodes, with restarts')
        .choices(['none', 'links', 'all'])
        .default('none'),
    )
    .option('--edits [nodes]', 'nodes that may be edited, with commas between; all when none is named')
    .option('--out <file>', 'write what breaks an invariant as a scenario file, on which "run" fails')
    .option('--seed <n>', 'all randomness comes from it; 1 by default', seed)
    .addOption(reporters(['pretty', 'json', 'github']))
    .option('--quiet', 'no progress on standard error')
    .action(async (file, options) => done(await (await import('./check.ts')).check(file, options, terminal)));
}

function addLab(program: Command, terminal: Terminal, done: Done): void {
  program
    .command('lab')
    .argument(...FILE)
    .description('run the scenarios in Linux network namespaces too, and compare simulator and kernel (root)')
    .option('--only <glob>', 'only scenarios whose name matches: * is any text, ? one character')
    .option('--jobs <n>', 'labs that stand at the same time', integer(1, 64), 4)
    .option('--longest-wait <duration>', 'waits longer than this are not waited for', '1m')
    .option('--keep', 'leave the namespaces standing and say how to enter them')
    .option('--script', 'print a shell script that builds the network instead')
    .option(...SEED)
    .addOption(reporters(['pretty', 'json']))
    .option('--quiet', 'no progress on standard error')
    .action(async (file, options) => done(await (await import('./lab.ts')).lab(file, options, terminal)));
}

const TOP = ['--top <n>', 'how many of the worst to show', integer(0, 1_000_000), 20] as const;

function addSweep(program: Command, terminal: Terminal, done: Done): void {
  program
    .command('sweep')
    .argument(...FILE)
    .description(
      'many what-ifs in one run: failures, rules taken away, parameters, changes of your own; the worst first',
    )
    .option('--network <name>', 'the network; may be left out when the file has only one')
    .option('--failures <n>', 'links and nodes that fail together: 0, 1, or 2 for pairs too', integer(0, 2))
    .option('--rules', 'take each filter and translation rule away in turn')
    .option('--set <place=values>', 'put a parameter through values: nodes.gw.nat.behaviour=linux,symmetric', collect)
    .option('--changes <file>', 'changes to try: { "NAME": CHANGE, … }')
    .option('--from <glob>', 'only flows from nodes whose name matches')
    .option('--to <glob>', 'only flows to nodes whose name matches')
    .option('--jobs <n>', 'workers (default: one for each core)', integer(1, 256))
    .option('--shard <i/n>', 'only part i of n: another machine takes another, and "merge" puts them together', shard)
    .option('--out <file>', 'the journal to write; what it holds already is not tried again')
    .option(...TOP)
    .option(...SEED)
    .addOption(reporters(['pretty', 'json']))
    .option('--quiet', 'no progress on standard error')
    .action(async (file, options) => done(await (await import('./sweep.ts')).sweep(file, options, terminal)));
  program
    .command('merge')
    .argument('<files...>', 'journals of one sweep')
    .description('put the journals of a sweep together that was split with --shard')
    .option('--out <file>', 'where to write the whole journal')
    .option(...TOP)
    .addOption(reporters(['pretty', 'json']))
    .action(async (files, options) => done(await (await import('./sweep/merge.ts')).merge(files, options, terminal)));
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** Reads `3/8`: which part of how many. */
function shard(text: string): Shard {
  const [, i, n] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(text) ?? [];
  if (i !== undefined && n !== undefined && Number(i) <= Number(n)) return { i: Number(i), n: Number(n) };
  throw new InvalidArgumentError('Write which part of how many: 3/8.');
}
