/** G1, G2, G3: packets from a client through a masquerading gateway to a server, beside the kernel's own. */
import { release } from 'node:os';
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

const established: Case = {
  ids: ['G1', 'G2'],
  title: 'established connections through a stateful NAT gateway',
  async run(context) {
    const stand = await context.kernel();
    await stand.load('g', GATEWAY);
    const path = new Path();
    const silent = new Path(undefined, 'off');
    const agreed = await agreeOn(FLOWS, stand, path);
    path.establish(FLOWS);
    silent.establish(FLOWS);
    await establishInKernel(stand);
    const packets = context.size(100_000, 10_000);
    const besideKernel = (ours: Path) =>
      alternate(
        {
          ours: () => ours.send({ packets, flows: FLOWS }),
          peer: () => sendByKernel(stand, { packets: packets * 2, flows: FLOWS }),
        },
        context.amount.repeats,
      );
    const common = { per: 'packet', peerName: KERNEL, measure: 'speed', agreed } as const;
    const off = { ...common, ...(await besideKernel(silent)) };
    const full = { ...common, ...(await besideKernel(path)) };
    return [
      compareSides({ ...off, id: 'G1', title: 'established, explanation off', must: 3, moonshot: 20 }),
      compareSides({ ...full, id: 'G2', title: 'established, every rule explained', must: 1, moonshot: 5 }),
    ];
  },
};

async function runOpening(context: Context): Promise<readonly Comparison[]> {
  const stand = await context.kernel();
  await stand.load('g', GATEWAY);
  const path = new Path();
  const flows = context.size(30_000, 5000);
  const agreed = await agreeOn(flows, stand, path);
  const silent = new Path(undefined, 'off');
  const { ours, peer } = await alternate(
    { ours: () => silent.send({ packets: flows, flows }), peer: () => openByKernel(stand, flows) },
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

export const FORWARDING: readonly Case[] = [established, opening];
