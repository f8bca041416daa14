/** A change asked about again gives what asking anew would give. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyChange } from '../../src/arbitraries/change.ts';
import { anyDesign } from '../../src/arbitraries/design.ts';
import { type Analysis, analyse } from '../../src/whatif/analysis.ts';
import type { Flow } from '../../src/whatif/flows.ts';

/** Few enough flows for many networks. */
function someOf(flows: readonly Flow[]): readonly Flow[] {
  const step = Math.ceil(flows.length / 25);
  return flows.filter((_, i) => i % step === 0);
}

function tried(analysis: Analysis, flows: readonly Flow[]) {
  return flows.map((flow) => {
    const probe = analysis.probe(flow);
    return probe === undefined ? undefined : { ...probe, touched: [...probe.touched], used: [...probe.used] };
  });
}

const design = anyDesign({ nodes: 6, dhcp: true, faults: true, learned: true });

describe('asking again after a change', () => {
  it('gives for every flow what asking anew gives', () => {
    let [kept, asked] = [0, 0];
    fc.assert(
      fc.property(
        design.chain((network) => fc.tuple(fc.constant(network), anyChange(network))),
        ([network, change]) => {
          const before = analyse(network);
          for (const flow of someOf(before.flows)) before.probe(flow);
          const after = before.after(change);
          const anew = analyse(network, { change });
          const flows = someOf([...before.flows, ...anew.flows]);
          expect(after.flows).toEqual(anew.flows);
          expect(tried(after, flows)).toEqual(tried(anew, flows));
          kept += flows.length - after.runs;
          asked += flows.length;
        },
      ),
      { numRuns: 40 },
    );
    // or nothing was tested
    expect(kept).toBeGreaterThan(asked / 10);
  });
});
