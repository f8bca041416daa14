/** Sizes: each ten times the one before, in a process of its own, with its time and its memory. */

import { execute } from '../../../src/lab/execute.ts';
import type { Grown } from '../child.ts';
import type { Case, Context } from '../context.ts';
import { GATEWAY } from '../kernel/stand.ts';
import { spreadOf } from '../measure.ts';
import { argvOf } from '../place.ts';
import { exponentOf, type Point, type Scale, Skipped } from '../result.ts';

/** Memory enough for the largest size. */
const HEAP_MB = 12_000;

type What = 'nothing' | 'nodes' | 'connections' | 'pool' | 'rules' | 'routes';

async function grow(what: What, size: number): Promise<Grown> {
  const flags = ['--expose-gc', `--max-old-space-size=${HEAP_MB}`];
  const { code, out, err } = await execute({
    argv: [process.execPath, ...flags, ...argvOf('child'), what, String(size)],
  });
  if (code !== 0) throw new Error(`${what} ${size}: ${err}`);
  return JSON.parse(out) as Grown;
}

/** The middle of several runs; one run where it takes long. */
async function pointAt(what: What, size: number, repeats: number): Promise<Point> {
  const runs: Grown[] = [];
  for (let round = 0; round < repeats; round++) runs.push(await grow(what, size));
  const last = runs.at(-1);
  if (last === undefined) throw new Error('not one repeat');
  const middle = (pick: (run: Grown) => number): number => spreadOf(runs.map(pick)).median;
  const alone = (await grow('nothing', 0)).peakMb;
  return {
    size,
    cpuMs: middle(({ cpuMs }) => cpuMs),
    wallMs: middle(({ wallMs }) => wallMs),
    peakMb: middle(({ peakMb }) => peakMb) - alone,
    ...(last.bytesEach === undefined ? {} : { bytesEach: middle(({ bytesEach = 0 }) => bytesEach) }),
    says: last.says,
  };
}

interface Sizes {
  readonly what: What;
  readonly title: string;
  readonly of: string;
  readonly full: readonly number[];
  readonly quick: readonly number[];
}

async function measureSizes({ what, title, of, full, quick }: Sizes, { amount }: Context): Promise<Scale> {
  const points: Point[] = [];
  for (const size of amount.quick ? quick : full) points.push(await pointAt(what, size, amount.quick ? 1 : 3));
  const exponent = exponentOf(points);
  return { kind: 'scale', id: what, title, of, points, ...(exponent === undefined ? {} : { exponent }) };
}

const ALWAYS: readonly Sizes[] = [
  {
    what: 'nodes',
    title: 'networks of firewalls, NAT gateways, routers and hosts, compiled',
    of: 'node',
    full: [200, 2000],
    quick: [50, 500],
  },
  { what: 'rules', title: 'rules in one chain, compiled', of: 'rule', full: [10_000, 100_000], quick: [1000, 10_000] },
  {
    what: 'routes',
    title: 'routes of one router, compiled',
    of: 'route',
    full: [1000, 100_000, 900_000],
    quick: [1000, 10_000],
  },
];

/** What the kernel makes of the same packets. */
async function kernelsShare(context: Context, flows: number): Promise<string> {
  try {
    const stand = await context.kernel();
    await stand.load('g', GATEWAY);
    const { arrived } = await stand.send({ packets: flows, flows, lossy: true });
    await stand.forget();
    return `; the kernel lets ${arrived} through`;
  } catch (error) {
    if (error instanceof Skipped) return '';
    throw error;
  }
}

const exhausted: Case = {
  ids: ['scale', 'pool'],
  title: 'more connections to one server than one address has ports',
  async run(context) {
    const flows = 100_000;
    const sizes: Sizes = {
      what: 'pool',
      title: 'packets of as many flows to one server, behind one address',
      of: 'flow',
      full: [10_000, flows],
      quick: [1000, 10_000],
    };
    const scale = await measureSizes(sizes, context);
    if (!context.amount.long) return [scale];
    const share = await kernelsShare(context, flows);
    return [
      {
        ...scale,
        points: scale.points.map((point) => (point.size === flows ? { ...point, says: point.says + share } : point)),
      },
    ];
  },
};

const live: Case = {
  ids: ['scale', 'connections'],
  title: 'live connections in one gateway',
  run: async (context) => {
    const sizes: Sizes = {
      what: 'connections',
      title: 'live connections in one gateway, opened',
      of: 'connection',
      full: context.amount.long ? [10_000, 100_000, 1_000_000] : [10_000, 100_000],
      quick: [1000, 10_000],
    };
    return [await measureSizes(sizes, context)];
  },
};

export const SCALE: readonly Case[] = [
  ...ALWAYS.map(
    (sizes): Case => ({
      ids: ['scale', sizes.what],
      title: sizes.title,
      run: async (context) => [await measureSizes(sizes, context)],
    }),
  ),
  live,
  exhausted,
];
