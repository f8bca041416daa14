/** One rule of a large network edited: asked again from what is known, and anew. */

import { execute } from '../../../src/lab/execute.ts';
import type { Case } from '../context.ts';
import type { Measured } from '../measure.ts';
import { argvOf } from '../place.ts';
import { compareSides } from '../result.ts';

interface Told {
  readonly nodes: number;
  readonly flows: number;
  readonly differences: number;
  readonly measured: Readonly<Record<'again' | 'anew', Measured>>;
}

const editing: Case = {
  ids: ['whatif'],
  title: 'what one edit changes in a large network',
  async run({ amount }) {
    const nodes = amount.quick ? '100' : '1000';
    const options = ['--nodes', nodes, '--repeats', String(Math.min(3, amount.repeats)), '--json'];
    const { code, out, err } = await execute({ argv: [process.execPath, ...argvOf('whatif'), ...options] });
    if (code !== 0) throw new Error(err);
    const told = JSON.parse(out) as Told;
    return [
      compareSides({
        id: 'whatif',
        title: `one rule of ${told.nodes} nodes edited, ${told.flows} flows asked about`,
        per: 'question',
        ours: told.measured.again,
        peer: told.measured.anew,
        peerName: 'the engine, everything anew',
        measure: 'speed',
        agreed: `the same ${told.differences} flows differ, for the same causes`,
      }),
    ];
  },
};

export const EDITING: readonly Case[] = [editing];
