/**
 * One rule of a network of a thousand nodes is edited, and what it changes is asked: from what is known already, and
 * anew, with every node compiled and every flow run. Both must say the same before either is timed.
 *
 *   npm run bench:whatif -- [--nodes N] [--repeats N] [--json]
 */
import { parseArgs } from 'node:util';
import { fork } from '../../src/sim/design/change.ts';
import type { Design } from '../../src/sim/design/design.ts';
import { type Analysis, analyse } from '../../src/whatif/analysis.ts';
import { type Difference, differencesOf } from '../../src/whatif/diff.ts';
import { alternate, timed } from './measure.ts';
import { campusOf } from './network.ts';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000' },
    repeats: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});

const { design, flows } = campusOf({ nodes: Number(values.nodes) });
const before = analyse(design, { flows });
for (const flow of flows) before.probe(flow);

/** Another edit each time, so that nothing made for the last one is of use: the rule about the web moves up. */
let edits = 0;
function edited(): Design {
  edits += 1;
  return fork(design, (draft) => {
    const rules = draft.nodes['site-1']?.firewall?.forward?.rules;
    const web = rules?.pop();
    if (web === undefined) throw new Error('no rule to edit');
    web.match = { ...web.match, destinationPort: [8080, 10_000 + edits] };
    rules?.push(web);
  }).design;
}

function again(after: Design): { readonly analysis: Analysis; readonly found: readonly Difference[] } {
  const analysis = before.with(after);
  return { analysis, found: differencesOf(before, analysis) };
}

/** Nothing is shared with what was compiled before. */
function anew(after: Design): readonly Difference[] {
  return differencesOf(before, analyse(structuredClone(after), { flows }));
}

function told(found: readonly Difference[]): string {
  return JSON.stringify(found.map(({ kind, flow, causes }) => ({ kind, flow, causes })));
}

/** Nodes whose tables are not the very ones from before. */
function recompiled(analysis: Analysis): number {
  return Object.keys(analysis.whole.nodes).filter(
    (name) => analysis.start().program(name) !== before.start().program(name),
  ).length;
}

const example = edited();
const { analysis, found } = again(example);
if (told(found) !== told(anew(example))) throw new Error('asking again and asking anew do not say the same');
if (found.length === 0) throw new Error('the edit changes nothing');

/** How many edits one round asks about. */
const EDITS = 10;

async function compare(): Promise<void> {
  const measured = await alternate(
    {
      // short enough for what the other side left to the garbage collector to show: several edits a round
      again: () => {
        const all = Array.from({ length: EDITS }, edited);
        return timed(EDITS, () => all.forEach(again));
      },
      anew: () => {
        const after = edited();
        return timed(1, () => void anew(after));
      },
    },
    Number(values.repeats),
  );

  const ratio = measured.anew.cpuNs.median / measured.again.cpuNs.median;
  const facts = {
    nodes: Object.keys(design.nodes).length,
    flows: flows.length,
    differences: found.length,
    recompiled: recompiled(analysis),
    rerun: analysis.runs,
    ratio,
  };
  const ms = (ns: number): string => `${(ns / 1e6).toFixed(1)} ms`;
  console.log(
    values.json
      ? JSON.stringify({ version: 1, ...facts, measured }, null, 2)
      : [
          `${facts.nodes} nodes, ${facts.flows} flows; one rule edited, ${facts.differences} flows differ`,
          `again: ${ms(measured.again.cpuNs.median)} of CPU, ${facts.recompiled} node compiled, ${facts.rerun} flows run`,
          `anew:  ${ms(measured.anew.cpuNs.median)} of CPU, ${facts.nodes} nodes compiled, ${facts.flows} flows run`,
          `ratio: ${ratio.toFixed(0)}`,
        ].join('\n'),
  );
}

void compare();
