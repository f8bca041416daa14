/** The named profiles: complete, sound, and published as they are. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { showProfiles } from '../scripts/profiles/page.ts';
import { check } from '../src/sim/design/check.ts';
import { ACCOUNTED } from '../src/sim/design/profile/profile.ts';
import { SOURCES } from '../src/sim/design/profile/source.ts';
import { ALL_PROFILES, PROFILE_NAMES } from '../src/sim/design/profiles.ts';
import { SECTIONS } from './rfc/requirement/catalogue.ts';
import { countCells, showPage } from './rfc/requirement/page.ts';
import { networkOf } from './rfc/requirement/stand.ts';

const page = (name: string) => readFileSync(new URL(`../docs/${name}.md`, import.meta.url), 'utf8');
const ids = Object.values(SECTIONS).flatMap(({ rows }) => rows.map(({ id }) => id));

describe('a profile', () => {
  it.each(PROFILE_NAMES)('%s is sound, and gives account of every axis', (name) => {
    expect(check(networkOf(name))).toEqual([]);
    expect(Object.keys(ALL_PROFILES[name]?.accounts ?? {}).toSorted()).toEqual([...ACCOUNTED].toSorted());
  });

  it.each(PROFILE_NAMES)('%s explains requirements that there are, each once', (name) => {
    const explained = Object.keys(ALL_PROFILES[name]?.deviates ?? {}).flatMap((each) => each.split(' '));
    expect(explained.filter((id) => !ids.includes(id))).toEqual([]);
    expect(new Set(explained).size).toBe(explained.length);
  });

  it('cites every source that is listed', () => {
    const accounts = Object.values(ALL_PROFILES).flatMap((profile) => Object.values(profile.accounts));
    const cited = new Set(accounts.flatMap((account) => ('source' in account ? [account.source] : [])));
    // the firewall of an IPv6 customer edge is told of on the page alone
    expect(Object.keys(SOURCES).filter((source) => !cited.has(source as keyof typeof SOURCES))).toEqual(['rfc6092']);
  });

  it('is published as it is (npm run profiles)', () => {
    expect(page('profiles')).toBe(showProfiles());
  });
});

describe('the page of requirements', () => {
  it('has every requirement once, and no cell without an answer', () => {
    expect(new Set(ids).size).toBe(ids.length);
    const { meets, deviates, nothing } = countCells(page('requirements'));
    expect(meets + deviates + nothing).toBe(ids.length * PROFILE_NAMES.length);
  });

  it('counts what its tables say (npm run requirements)', () => {
    const [, ...sections] = page('requirements').split(/^(?=## )/m);
    expect(page('requirements')).toBe(showPage(sections.map((each) => `${each.trimEnd()}\n`)));
  });
});
