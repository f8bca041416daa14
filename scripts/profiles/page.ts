/** The page of profiles, made from their data. */
import { ACCOUNTED, type Account, type Profile } from '../../src/sim/design/profile/profile.ts';
import { SOURCES, type SourceName } from '../../src/sim/design/profile/source.ts';
import { ALL_PROFILES } from '../../src/sim/design/profiles.ts';

/** A list of axes, short enough to be read in a line. */
function showAxes({ axes }: Profile): string {
  return Object.keys(axes).length === 0
    ? ''
    : ['```jsonc nat', JSON.stringify({ behaviour: axes }, undefined, 2), '```', ''].join('\n');
}

function showAccount(account: Account): string {
  if ('assumed' in account) return `assumed: ${account.assumed}`;
  const { published, source, section } = account;
  return `${published} ([${shortName(source)}](${SOURCES[source].address}), ${section})`;
}

function shortName(source: SourceName): string {
  const { title } = SOURCES[source];
  return title.split(', ')[0] ?? title;
}

function showProfile([name, profile]: readonly [string, Profile]): string {
  const { title, description, accounts, deviates, missing } = profile;
  const rows = ACCOUNTED.map((axis) => `| \`${axis}\` | ${showAccount(accounts[axis])} |`);
  const unmet = Object.entries(deviates).map(([ids, why]) => `- ${ids.split(' ').join(', ')}: ${why}.`);
  return [
    `## \`${name}\``,
    '',
    `**${title}.** ${description}`,
    '',
    showAxes(profile),
    '| axis | what it is, and how that is known |',
    '| --- | --- |',
    ...rows,
    '',
    ...(missing.length === 0 ? [] : ['Not simulated:', '', ...missing.map((each) => `- ${each}`), '']),
    ...(unmet.length === 0
      ? []
      : ['[Requirements](requirements.md) that it does not meet, and why:', '', ...unmet, '']),
  ].join('\n');
}

function showIndex(): string {
  const rows = Object.entries(ALL_PROFILES).map(
    ([name, { title, description }]) => `| [\`${name}\`](#${name}) | ${title} | ${description} |`,
  );
  return ['| name | is | in a sentence |', '| --- | --- | --- |', ...rows].join('\n');
}

function showSources(): string {
  return Object.values(SOURCES)
    .map(({ title, address }) => `- [${title}](${address})`)
    .join('\n');
}

/** The whole page. */
export function showProfiles(): string {
  return `# Profiles

The NATs that people meet, by name: \`"nat": { "behaviour": "home-router", "rules": [ … ] }\`. A profile is a set of axes; each of them can be written
beside it and wins: \`{ "profile": "home-router", "hairpin": true }\`. Without any name it is \`linux\`. What each axis means is told in the
[format](format.md). This page is made from the data of the profiles: \`npm run profiles\`.

Every figure says where it is published. What is not published says what is assumed instead, and why. Whether a profile does what it says is
measured, requirement by requirement: see [requirements](requirements.md).

${showIndex()}

Docker bridges, Kubernetes nodes and routers that run Linux masquerade as the kernel does: write \`linux\`.

An IPv6 customer edge (RFC 6092) translates nothing, so it is no profile but a firewall: the chain \`forward\` drops what it does not know, lets
out everything, and lets in what belongs to it; timeouts are those of \`tracking\`. The scenario "IPv6 customer edge" in \`scenarios.json\` is one.
RFC 6092 would filter UDP by the inside endpoint alone (REC-17); connection tracking, here as in the kernel, filters by both endpoints.

${Object.entries(ALL_PROFILES).map(showProfile).join('\n')}
## Sources

${showSources()}
`;
}
