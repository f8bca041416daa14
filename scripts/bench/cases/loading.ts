/** G14 and start-up: from text to tables, and from nothing to a result. */

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { STARTER } from '../../../src/cli/starter.ts';
import { load } from '../../../src/scenarios/load.ts';
import { compileNode } from '../../../src/sim/program/compile.ts';
import { type Case, type Context, inFolder, timedProgram } from '../context.ts';
import type { KernelStand } from '../kernel/stand.ts';
import { alternate, timed } from '../measure.ts';
import { gatewayDesign } from '../ours.ts';
import { ROOT } from '../place.ts';
import { type Comparison, compareSides, Skipped } from '../result.ts';
import { type Flavour, generateRules, toIptables } from '../rules.ts';
import { FLAVOURS, iptablesName } from './filtering.ts';

const RULES = 10_000;
const CLI = join(ROOT, 'dist/cli/main.js');

/** Text to tables of the gateway; how many rules its chain has. */
function compileText(text: string): number {
  const { file } = load(text, 'rules.json');
  const design = file.networks?.rules;
  if (design === undefined) throw new Error('the network is not in the file');
  compileNode(design, 'gateway');
  return design.nodes.gateway?.firewall?.forward?.rules?.length ?? 0;
}

async function loadedBy(stand: KernelStand): Promise<number> {
  const { out } = await stand.run('g', ['iptables-legacy', '-S', 'FORWARD']);
  return out.split('\n').filter((line) => line.startsWith('-A')).length;
}

async function compareLoading(flavour: Flavour, context: Context): Promise<Comparison> {
  const stand = await context.kernel('iptables-legacy');
  const rules = generateRules(flavour, RULES);
  const text = JSON.stringify({ networks: { rules: gatewayDesign(rules) } });
  const restore = toIptables(rules, { established: false });
  const argv = stand.within('g', ['iptables-legacy-restore']);
  await timedProgram(argv, restore);
  // the kernel's list ends with a rule in the place of the policy
  const [ours, kernels] = [compileText(text), (await loadedBy(stand)) - 1];
  if (ours !== RULES || kernels !== RULES) throw new Error(`${ours} rules here, ${kernels} in the kernel`);
  const measured = await alternate(
    { ours: () => timed(1, () => void compileText(text)), peer: () => timedProgram(argv, restore) },
    context.amount.repeats,
  );
  return compareSides({
    id: `G14 ${flavour}`,
    title: `10,000 rules from text to tables (${flavour})`,
    per: 'list',
    ...measured,
    peerName: `${await iptablesName()} restore`,
    measure: 'speed',
    must: 1,
    moonshot: 5,
    agreed: `${RULES} rules in both, as iptables-legacy -S lists them`,
    notes: ['the engine is warm, and checks the whole file; the peer is a new process each time'],
  });
}

const compiling: Case = {
  ids: ['G14'],
  title: '10,000 rules from text to tables',
  async run(context) {
    const entries: Comparison[] = [];
    for (const flavour of FLAVOURS) entries.push(await compareLoading(flavour, context));
    return entries;
  },
};

const starting: Case = {
  ids: ['startup'],
  title: 'the command line on a small file',
  async run({ amount }) {
    if (!existsSync(CLI)) throw new Skipped('not built (npm run build)');
    return inFolder(async (folder) => {
      const file = join(folder, 'scenarios.jsonc');
      writeFileSync(file, STARTER);
      const { ours, peer } = await alternate(
        {
          ours: () => timedProgram([process.execPath, CLI, 'run', file]),
          peer: () => timedProgram([process.execPath, '-e', '0']),
        },
        amount.repeats,
      );
      return [
        compareSides({
          id: 'startup',
          title: '`middlebox run` on a small file',
          per: 'run',
          ours,
          peer,
          peerName: `node ${process.version} -e 0`,
          measure: 'cost',
          agreed: 'every scenario of the file passes',
        }),
      ];
    });
  },
};

export const LOADING: readonly Case[] = [compiling, starting];
