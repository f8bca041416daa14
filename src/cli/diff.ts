/** `diff`: what a change does to a network, or what sets two files apart, flow by flow and with its reason. */
import type { Loaded } from '../scenarios/load.ts';
import { type Analysis, analyse } from '../whatif/analysis.ts';
import { differencesOf } from '../whatif/diff.ts';
import { flipsOf } from '../whatif/expectations.ts';
import type { Flow } from '../whatif/flows.ts';
import { locatorOf } from '../whatif/locate.ts';
import { storyToGithub, storyToJson } from '../whatif/report/annotations.ts';
import { showStory } from '../whatif/report/difference.ts';
import { countKinds, type NetworkStory, type Story, tellDifference } from '../whatif/story.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { globMatcher } from './glob.ts';
import { loadChange, loadInput } from './input.ts';
import { pickNamed, pickNetwork } from './pick.ts';
import type { Progress } from './progress.ts';
import { quoteArgument } from './quote.ts';
import type { Terminal } from './terminal.ts';

export interface DiffOptions {
  readonly reporter: 'pretty' | 'json' | 'github';
  readonly network?: string;
  /** A file with a change; without it two files are compared. */
  readonly change?: string;
  /** Globs on the names of nodes. */
  readonly from?: string;
  readonly to?: string;
  /** What makes the command fail: a lost expectation, a lost flow too, any difference at all. */
  readonly failOn: 'expectation' | 'lost' | 'any';
  readonly seed?: number;
  readonly quiet?: boolean;
}

export async function diff(files: Files, options: DiffOptions, terminal: Terminal): Promise<ExitCode> {
  const progress = terminal.progress(options.quiet ?? false);
  const story = await (options.change === undefined
    ? betweenFiles(files, options, progress)
    : ofChange(files, options, progress));
  progress.clear();
  const { reporter } = options;
  if (reporter === 'json') terminal.print(`${JSON.stringify(storyToJson(story), null, 2)}\n`);
  else terminal.print(reporter === 'github' ? storyToGithub(story) : showStory(story, terminal.paint));
  return isBad(story, options.failOn) ? EXIT.failed : EXIT.held;
}

function isBad(story: Story, failOn: DiffOptions['failOn']): boolean {
  if (story.expectations.some(({ kind }) => kind === 'lost')) return true;
  const counts = countKinds(story);
  if (failOn === 'lost') return counts.lost > 0;
  return failOn === 'any' && Object.values(counts).some((count) => count > 0);
}

type Files = readonly [file: string | undefined, other: string | undefined];

/** One file, one network, and a change of it. */
async function ofChange([file, other]: Files, options: DiffOptions, progress: Progress): Promise<Story> {
  if (other !== undefined) throw new Refusal('--change is made to one file; to compare two files, leave it out');
  const loaded = await loadInput(file);
  const { name, design } = pickNetwork(loaded, options.network);
  const change = await loadChange(options.change ?? '', design);
  const before = analyse(design, optionsOf(options));
  const after = before.after(change.change);
  const command = commandOf(file, options.network);
  const network = compareNetwork(name, { before, after }, progress, {
    locate: { before: locatorOf(loaded, name), after: locatorOf(loaded, name, change) },
    trace: (flow, side) => traceOf(flow, command, side === 'after' ? options.change : undefined),
  });
  const { file: read, source } = loaded;
  const expectations = flipsOf(
    { file: read, source },
    { file: read, source, change: change.change },
    new Set([name]),
    (scenario) => progress.at(`scenario ${scenario}`),
  );
  return { expectations, networks: [network] };
}

/** Two files: every network that both have, or the one that is named. */
async function betweenFiles([first, second]: Files, options: DiffOptions, progress: Progress): Promise<Story> {
  if (first === undefined || second === undefined) {
    throw new Refusal('name a change of the network, with --change FILE, or a second file to compare with');
  }
  const [old, now] = [await loadInput(first), await loadInput(second)];
  const names = options.network === undefined ? sharedNetworks(old, now) : [options.network];
  const networks = names.map((name) => {
    const designOf = ({ file }: Loaded) => pickNamed('network', name, new Map(Object.entries(file.networks ?? {})));
    const before = analyse(designOf(old), optionsOf(options));
    const after = before.with(designOf(now));
    return compareNetwork(name, { before, after }, progress, {
      locate: { before: locatorOf(old, name), after: locatorOf(now, name) },
      trace: (flow, side) => traceOf(flow, commandOf(side === 'after' ? second : first, name), undefined),
    });
  });
  const expectations = flipsOf(old, now, new Set(names), (scenario) => progress.at(`scenario ${scenario}`));
  return { expectations, networks };
}

function sharedNetworks(old: Loaded, now: Loaded): string[] {
  const names = Object.keys(old.file.networks ?? {}).filter((name) => Object.hasOwn(now.file.networks ?? {}, name));
  if (names.length === 0)
    throw new Refusal(`${old.source.file} and ${now.source.file} have no network of the same name`);
  return names;
}

function compareNetwork(
  network: string,
  { before, after }: { readonly before: Analysis; readonly after: Analysis },
  progress: Progress,
  tongue: Parameters<typeof tellDifference>[1],
): NetworkStory {
  let flows = 0;
  const differences = differencesOf(before, after, (done, all) => {
    flows = all;
    progress.at(`${network}: flow ${done + 1} of ${all}`);
  });
  return { network, flows, differences: differences.map((each) => tellDifference(each, tongue)) };
}

function optionsOf({ seed, from, to }: DiffOptions) {
  return {
    ...(seed === undefined ? {} : { seed }),
    ...(from === undefined ? {} : { from: globMatcher(from) }),
    ...(to === undefined ? {} : { to: globMatcher(to) }),
  };
}

function commandOf(file: string | undefined, network: string | undefined): string[] {
  return [
    'middlebox trace',
    ...(file === undefined ? [] : [quoteArgument(file)]),
    ...(network === undefined ? [] : [`--network ${quoteArgument(network)}`]),
  ];
}

function traceOf(
  { from, address, protocol, port }: Flow,
  command: readonly string[],
  change: string | undefined,
): string {
  return [
    ...command,
    `--from ${quoteArgument(from)} --to ${address}`,
    ...(protocol === 'udp' ? ['--protocol udp'] : []),
    ...(port === undefined ? [] : [`--port ${port}`]),
    ...(change === undefined ? [] : [`--change ${quoteArgument(change)}`]),
  ].join(' ');
}
