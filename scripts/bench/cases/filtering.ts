/** G4, G5: ten thousand rules, of which the last one decides, beside the kernel that walks them one by one. */
import type { Rule } from '../../../src/sim/design/rule.ts';
import { type Case, type Context, versionOf } from '../context.ts';
import type { KernelStand } from '../kernel/stand.ts';
import { alternate } from '../measure.ts';
import { Path } from '../ours.ts';
import { type Comparison, compareSides } from '../result.ts';
import { type Flavour, generateRules, toIptables } from '../rules.ts';
import { establishInKernel, KERNEL, openByKernel, sendByKernel } from './forwarding.ts';

export const FLAVOURS: readonly Flavour[] = ['acl', 'fw', 'ipc'];
const MANY = 10_000;
const FEW = 10;
const FLOWS = 64;
/** A burst of ours is soon over: so many take about as long as one of the kernel's. */
const TIMES = 48;

const MASQUERADE = `flush ruleset
table ip n {
  chain postrouting { type nat hook postrouting priority 100; oifname "g1" masquerade; }
}`;
const ESTABLISHED: Rule = { match: { state: ['established', 'related'] }, action: 'accept' };
const ACCEPT: Rule = { action: 'accept' };

interface Lists {
  readonly rules: readonly Rule[];
  /** Answers pass before the list is asked. */
  readonly established: boolean;
}

/** The name of the peer, for reports. */
export async function iptablesName(): Promise<string> {
  return `iptables-legacy ${await versionOf(['iptables-legacy', '--version'], /v[\d.]+/)}`;
}

async function loadKernel(stand: KernelStand, { rules, established }: Lists): Promise<void> {
  await stand.load('g', MASQUERADE);
  const { code, err } = await stand.run('g', ['iptables-legacy-restore'], toIptables(rules, { established }));
  if (code !== 0) throw new Error(`iptables-legacy-restore: ${err}`);
}

function pathWith({ rules, established }: Lists, record: 'full' | 'off'): Path {
  return new Path([...(established ? [ESTABLISHED] : []), ...rules, ACCEPT], record);
}

/** How many packets each rule of the kernel has decided, in order. */
async function deciding(stand: KernelStand): Promise<readonly number[]> {
  const { out } = await stand.run('g', ['iptables-legacy', '-L', 'FORWARD', '-v', '-n', '-x', '-Z']);
  return out
    .split('\n')
    .flatMap((line) => [...(/^\s*(\d+)\s+\d+\s+(?:ACCEPT|DROP)\s/.exec(line)?.slice(1, 2).map(Number) ?? [])]);
}

/** The last rule decides in both, and no other. */
async function agreeOnRule(stand: KernelStand, lists: Lists): Promise<string> {
  const rules = lists.rules.length + (lists.established ? 2 : 1);
  await deciding(stand);
  await stand.forget();
  await stand.send({ packets: FLOWS, flows: FLOWS });
  const counts = await deciding(stand);
  const told = pathWith(lists, 'full').trace(0);
  const last = `firewall.forward.rules[${rules - 1}]`;
  if (counts.length !== rules || counts.at(-1) !== FLOWS || counts.slice(0, -1).some((count) => count > 0)) {
    throw new Error(`the kernel has ${counts.length} rules, and not the last one alone decided`);
  }
  if (!told.includes(`forward    accept  [${last}]`)) throw new Error(`not ${last} decided:\n${told}`);
  return `${last} decides in both (the kernel's rule counters); every packet counted at the server`;
}

async function compareLists(flavour: Flavour, context: Context): Promise<Comparison> {
  const stand = await context.kernel('iptables-legacy');
  const lists = { rules: generateRules(flavour, MANY), established: true };
  const path = pathWith(lists, 'off');
  await loadKernel(stand, lists);
  const agreed = await agreeOnRule(stand, lists);
  const flows = context.size(10_000, 2000);
  const { ours, peer } = await alternate(
    { ours: () => path.send({ packets: flows, flows, times: TIMES }), peer: () => openByKernel(stand, flows) },
    context.amount.repeats,
  );
  return compareSides({
    id: `G4 ${flavour}`,
    title: `new connections, 10,000 first-match rules (${flavour})`,
    per: 'packet',
    ours,
    peer,
    peerName: `${await iptablesName()}, ${KERNEL}`,
    measure: 'speed',
    must: 50,
    moonshot: 150,
    agreed,
  });
}

const longLists: Case = {
  ids: ['G4'],
  title: '10,000 rules, every packet a new connection',
  async run(context) {
    const entries: Comparison[] = [];
    for (const flavour of FLAVOURS) entries.push(await compareLists(flavour, context));
    return entries;
  },
};

/** The kernel under both lists, loaded anew each time since it can hold only one. */
async function kernelWith(stand: KernelStand, lists: Lists, packets: number) {
  await loadKernel(stand, lists);
  await stand.forget();
  await establishInKernel(stand);
  return sendByKernel(stand, { packets, flows: FLOWS });
}

const flatness: Case = {
  ids: ['G5'],
  title: 'how much dearer 10,000 rules are than 10',
  async run(context) {
    const [many, few] = [MANY, FEW].map((count) => ({ rules: generateRules('acl', count), established: false }));
    if (many === undefined || few === undefined) throw new Error('two lists');
    const [long, short] = [pathWith(many, 'off'), pathWith(few, 'off')];
    const stand = await context.kernel('iptables-legacy');
    await loadKernel(stand, many);
    const agreed = await agreeOnRule(stand, many);
    for (const path of [long, short]) path.establish(FLOWS);
    const packets = context.size(20_000, 5000);
    const burst = { packets, flows: FLOWS };
    const measured = await alternate(
      {
        long: () => long.send(burst),
        short: () => short.send(burst),
        kernelLong: () => kernelWith(stand, many, packets),
        kernelShort: () => kernelWith(stand, few, packets),
      },
      context.amount.repeats,
    );
    const kernels = measured.kernelLong.cpuNs.median / measured.kernelShort.cpuNs.median;
    return [
      compareSides({
        id: 'G5',
        title: 'established, 10,000 rules before them against 10',
        per: 'packet',
        ours: measured.long,
        peer: measured.short,
        peerName: 'the engine with 10 rules',
        measure: 'cost',
        must: 3,
        moonshot: 1.5,
        agreed,
        notes: [`${await iptablesName()} in the same run: ${kernels.toFixed(1)}`],
      }),
    ];
  },
};

export const FILTERING: readonly Case[] = [longLists, flatness];
