/**
 * The classifier of Open vSwitch alone. No package has a program that asks it, but one has the source that the others are
 * built from: of that the program of its own tests is made, with what `classifier.c` adds, and kept in `.bench`.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { execute, perform } from '../../../src/lab/execute.ts';
import { inFolder, needs } from '../context.ts';
import type { Timing } from '../measure.ts';
import { ROOT } from '../place.ts';
import { Skipped } from '../result.ts';

const PACKAGE = 'openvswitch-source';
const SOURCE = '/usr/src/openvswitch/openvswitch.tar.gz';
const OURS = join(ROOT, 'scripts/bench/peer/classifier.c');
const KEPT = join(ROOT, '.bench');

/** Optimised as Debian's packages are; sections, so that what nobody calls needs nothing that it calls. */
const CFLAGS = '-O2 -w -ffunction-sections -fdata-sections';
const LINKED = ['-Wl,--gc-sections', '-Wl,--wrap=ovs_thread_create', '-latomic', '-lm', '-lpthread'];
const HEADERS = ['include/odp-netlink.h', 'include/odp-netlink-macros.h'];
const TESTS = ['tests/ovstest.o', 'tests/test-classifier.o'];

/** The files of the library that the classifier needs, and what these need: a quarter of all. */
const LIBRARY =
  `async-append-aio byteq ccmap classifier cmap command-line coverage dns-resolve-stub dynamic-string entropy
  fatal-signal flow guarded-list hash hmap json jsonrpc latch-unix match meta-flow ofpbuf ovs-replay ovs-rcu ovs-thread
  packets poll-loop pvector random seq shash signals socket-util socket-util-unix sset stream stream-replay svec
  syslog-direct syslog-libc syslog-null timeval token-bucket tun-metadata unixctl util vlog`.split(/\s+/);

/** As `classifier.c` prints it, of all lookups. */
interface Ran {
  readonly rules: number;
  readonly subtables: number;
  readonly cpuNs: number;
  readonly wallNs: number;
}

/** What one lookup cost, in which tables. */
interface Benchmarked {
  readonly rules: number;
  readonly subtables: number;
  readonly timing: Timing;
}

interface BothWays {
  /** For the rule alone. */
  readonly bare: Benchmarked;
  /** Noting also which bits of the packet the answer depends on, as Open vSwitch itself always asks. */
  readonly wildcards: Benchmarked;
}

/** Of rules as masks are counted: one with ranges of ports is several. */
interface Matched extends Benchmarked {
  /** The number of the rule of each packet, -1 for none. */
  readonly found: readonly number[];
}

export class Classifier {
  readonly version: string;
  readonly #program: string;

  private constructor(version: string, program: string) {
    this.version = version;
    this.#program = program;
  }

  /** Builds it unless that was done before; skips the case where there is no source. */
  static async build(): Promise<Classifier> {
    needs('dpkg-query');
    if (!existsSync(SOURCE)) throw new Skipped(`not installed: ${PACKAGE} (scripts/setup.sh bench)`);
    const { out } = await execute({ argv: ['dpkg-query', '--show', PACKAGE] });
    const version = out.trim().split('\t')[1] ?? 'unknown';
    const made = createHash('sha256');
    for (const part of [readFileSync(OURS, 'utf8'), CFLAGS, ...LINKED, ...LIBRARY]) made.update(`${part}\n`);
    const program = join(KEPT, `ovstest-${version}-${made.digest('hex').slice(0, 8)}`);
    if (!existsSync(program)) await compileProgram(program);
    return new Classifier(/^[\d.]+/.exec(version)?.[0] ?? version, program);
  }

  /**
   * Its own benchmark: 10,000 rules, and packets of its own taken at random. As many priorities, since of rules that are
   * alike in that too one alone would stay. One subtable, since it gives all rules one mask however many it is told to make.
   */
  async benchmark(lookups: number): Promise<BothWays> {
    const { code, out, err } = await execute({
      argv: [this.#program, 'test-classifier', 'benchmark', '10000', '10000', '1', '1', String(lookups)],
    });
    if (code !== 0) throw new Error(`test-classifier: ${err}`);
    const [, bare, wildcards] = /Without wildcards:([\s\S]*)With wildcards:([\s\S]*)/.exec(out) ?? [];
    return { bare: readBenchmark(bare ?? '', lookups), wildcards: readBenchmark(wildcards ?? '', lookups) };
  }

  /** Looks up packets in a list (see `toMasked`): each once, and once more on the clock. */
  async firstMatch(masked: string): Promise<Matched> {
    const { code, out, err } = await execute({ argv: [this.#program, 'first-match'], input: masked });
    if (code !== 0) throw new Error(`first-match: ${err}`);
    const ran = JSON.parse(out) as Ran & { readonly found: readonly number[] };
    return { ...ran, timing: timingOf(ran, ran.found.length) };
  }
}

function timingOf({ cpuNs, wallNs }: Ran, lookups: number): Timing {
  return { cpuNs: cpuNs / lookups, wallNs: wallNs / lookups };
}

/** One half of what the benchmark prints: `{…}`, `hits: 7, misses: 3`. Fails unless it got as many answers. */
export function readBenchmark(text: string, lookups: number): Benchmarked {
  const [, hits, misses] = /^hits: (\d+), misses: (\d+)$/m.exec(text) ?? [];
  const [cost] = /^\{.*\}$/m.exec(text) ?? [];
  if (cost === undefined || hits === '0' || Number(hits) + Number(misses) !== lookups) {
    throw new Error(`test-classifier did not look up ${lookups} packets:\n${text}`);
  }
  const ran = JSON.parse(cost) as Ran;
  return { ...ran, timing: timingOf(ran, lookups) };
}

/** In a folder that is gone afterwards, so that what is kept was built to its end. */
async function compileProgram(program: string): Promise<void> {
  needs('gcc', 'make', 'python3', 'tar');
  process.stderr.write(`  building ${program}\n`);
  mkdirSync(KEPT, { recursive: true });
  await inFolder(async (folder) => {
    const [source, built] = [join(folder, 'openvswitch'), join(folder, 'ovstest')];
    const make = ['make', '-C', source, '-j', String(availableParallelism())];
    const configure = `cd "$1" && ./configure --disable-ssl --disable-libcapng --disable-dependency-tracking CFLAGS="$2"`;
    await perform({ argv: ['tar', '-xzf', SOURCE, '-C', folder] });
    await perform({ argv: ['sh', '-c', configure, 'sh', source, CFLAGS] });
    await perform({ argv: [...make, ...HEADERS] });
    await perform({ argv: [...make, ...LIBRARY.map((name) => `lib/${name}.lo`), ...TESTS] });
    const objects = [...LIBRARY.map((name) => `lib/${name}.o`), ...TESTS].map((name) => join(source, name));
    const found = ['.', 'include', 'lib', 'tests'].map((name) => `-I${join(source, name)}`);
    const flags = ['-DHAVE_CONFIG_H', '-fno-strict-aliasing', ...CFLAGS.split(' '), ...found];
    await perform({ argv: ['gcc', ...flags, '-o', built, OURS, ...objects, ...LINKED] });
    renameSync(built, program);
  }, KEPT);
}
