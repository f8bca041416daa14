/** G1, G2, G3: packets from a client through a masquerading gateway to a server, beside the kernel's own. */
import { release } from 'node:os';
import type { RecordLevel } from '../../../src/sim/world/recorder.ts';
import type { Case, Context } from '../context.ts';
import { type Burst, GATEWAY, type KernelStand } from '../kernel/stand.ts';
import { alternate, type Timing } from '../measure.ts';
import { Path } from '../ours.ts';
import { type Comparison, compareSides } from '../result.ts';

const FLOWS = 64;

export const KERNEL = `Linux ${release()}, three namespaces`;

export async function sendByKernel(stand: KernelStand, burst: Burst): Promise<Timing> {
  const { packets, cpuNs, wallNs } = await stand.send(burst);
  return { cpuNs: cpuNs / packets, wallNs: wallNs / packets };
}

/** New flows each time: the table holds 65,536. */
export async function openByKernel(stand: KernelStand, flows: number): Promise<Timing> {
  await stand.forget();
  return sendByKernel(stand, { packets: flows, flows });
}

/** One packet each way for each flow. */
export async function establishInKernel(stand: KernelStand): Promise<void> {
  await stand.send({ packets: FLOWS, flows: FLOWS });
  await stand.send({ packets: FLOWS, flows: FLOWS, from: 'server' });
}

/** Who is inside, and what it is outside, of every connection of the kernel's. */
export async function translationsOf(stand: KernelStand): Promise<readonly string[]> {
  const lines = await stand.connections();
  return lines
    .map((line) => {
      const values = (key: string): string[] =>
        [...line.matchAll(new RegExp(`\\b${key}=(\\S+)`, 'g'))].map(([, value = '']) => value);
      return `${values('src')[0]}:${values('sport')[0]} ${values('dst')[1]}:${values('dport')[1]}`;
    })
    .toSorted();
}

/** Both sides open the same flows and must translate them alike; leaves the kernel without connections. */
async function agreeOn(flows: number, stand: KernelStand, path: Path): Promise<string> {
  await stand.forget();
  await stand.send({ packets: flows, flows });
  const [ours, kernels] = [path.translations(flows), await translationsOf(stand)];
  if (ours.length !== flows || ours.join() !== kernels.join()) {
    throw new Error(
      `translations differ: ${ours.length} here, ${kernels.length} in the kernel; first ${ours[0]} and ${kernels[0]}`,
    );
  }
  await stand.forget();
  return `${flows} translations, those of conntrack -L; every packet counted at the server`;
}

/** A burst of ours is soon over: so many take about as long as one of the kernel's. */
const TIMES = 6;

interface Established {
  readonly id: string;
  readonly title: string;
  readonly record: RecordLevel;
  readonly must: number;
  readonly moonshot: number;
}

async function runEstablished(context: Context, { record, ...goal }: Established): Promise<readonly Comparison[]> {
  const stand = await context.kernel();
  await stand.load('g', GATEWAY);
  const path = new Path(undefined, record);
  const agreed = await agreeOn(FLOWS, stand, path);
  path.establish(FLOWS);
  await establishInKernel(stand);
  const packets = context.size(100_000, 10_000);
  const { ours, peer } = await alternate(
    {
      ours: () => path.send({ packets, flows: FLOWS }),
      peer: () => sendByKernel(stand, { packets: packets * 2, flows: FLOWS }),
    },
    context.amount.repeats,
  );
  return [compareSides({ ...goal, per: 'packet', ours, peer, peerName: KERNEL, measure: 'speed', agreed })];
}

const TITLE = 'established connections through a stateful NAT gateway';

const silent: Case = {
  ids: ['G1'],
  title: TITLE,
  run: (context) =>
    runEstablished(context, { id: 'G1', title: 'established, explanation off', record: 'off', must: 3, moonshot: 20 }),
};

const told: Case = {
  ids: ['G2'],
  title: `${TITLE}, with the story of each packet`,
  run: (context) =>
    runEstablished(context, {
      id: 'G2',
      title: 'established, every rule explained',
      record: 'full',
      must: 1,
      moonshot: 5,
    }),
};

async function runOpening(context: Context): Promise<readonly Comparison[]> {
  const stand = await context.kernel();
  await stand.load('g', GATEWAY);
  const silent = new Path(undefined, 'off');
  const flows = context.size(30_000, 5000);
  const agreed = await agreeOn(flows, stand, silent);
  const { ours, peer } = await alternate(
    { ours: () => silent.send({ packets: flows, flows, times: TIMES }), peer: () => openByKernel(stand, flows) },
    context.amount.repeats,
  );
  const title = 'every packet a new connection, explanation off';
  return [
    compareSides({
      id: 'G3',
      title,
      per: 'connection',
      ours,
      peer,
      peerName: KERNEL,
      measure: 'speed',
      must: 5,
      moonshot: 20,
      agreed,
    }),
  ];
}

const opening: Case = { ids: ['G3'], title: 'new connections through the same gateway', run: runOpening };

export const FORWARDING: readonly Case[] = [silent, told, opening];
