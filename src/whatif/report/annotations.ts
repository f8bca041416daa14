/** A diff for machines: JSON with a version, and annotations of GitHub Actions. */
import { annotation } from '../../scenarios/report/github.ts';
import type { Flip } from '../expectations.ts';
import { showFlow } from '../flows.ts';
import { countKinds, groupsOf, type Story, showCause, type ToldDifference } from '../story.ts';

/** The document that `diff --reporter json` prints. */
export function storyToJson(story: Story) {
  const flips = (kind: Flip['kind']) => story.expectations.filter((each) => each.kind === kind).length;
  return {
    version: 1,
    summary: { expectations: { lost: flips('lost'), gained: flips('gained') }, flows: countKinds(story) },
    expectations: story.expectations,
    networks: story.networks,
  };
}

/** An error for each expectation that is lost, a warning for each cause that loses flows, a notice for every other. */
export function storyToGithub({ expectations, networks }: Story): string {
  const flips = expectations
    .filter(({ kind }) => kind === 'lost')
    .map(({ scenario, step, message, spot }) =>
      annotation(spot, step === undefined ? scenario : `${scenario}: ${step}`, message),
    );
  const groups = networks.flatMap(({ network, differences }) =>
    groupsOf(differences).map((group) => annotate(network, group)),
  );
  return [...flips, ...groups].map((line) => `${line}\n`).join('');
}

function annotate(network: string, group: readonly ToldDifference[]): string {
  const [example] = group;
  const spot = example?.causes.flatMap(({ where }) => spotOf(where) ?? [])[0];
  const kind = example?.kind ?? 'lost';
  const flows = group.map(({ flow }) => showFlow(flow));
  const causes = (example?.causes ?? []).map((cause) => `${cause.side}: ${showCause(cause)}`);
  const title = `${network}: ${group.length} flow${group.length === 1 ? '' : 's'} ${kind === 'lost' || kind === 'gained' ? kind : `changed (${kind})`}`;
  return annotation(spot, title, [...causes, ...flows].join('\n'), kind === 'lost' ? 'warning' : 'notice');
}

/** Reads `scenarios.json:57` back. */
function spotOf(where: string | undefined): { readonly file: string; readonly line: number } | undefined {
  const [, file, line] = /^(.*):(\d+)$/.exec(where ?? '') ?? [];
  return file === undefined ? undefined : { file, line: Number(line) };
}
