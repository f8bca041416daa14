/** What a sweep tries, and what it makes of it. */
import { describe, expect, it } from 'vitest';
import { applyOperations, changeItems, type Operation } from '../../../src/sim/design/change.ts';
import type { Design } from '../../../src/sim/design/design.ts';
import { analyse } from '../../../src/whatif/analysis.ts';
import { differencesOf } from '../../../src/whatif/diff.ts';
import { Evaluator } from '../../../src/whatif/sweep/evaluate.ts';
import type { Outcome } from '../../../src/whatif/sweep/outcome.ts';
import { Ranker } from '../../../src/whatif/sweep/rank.ts';
import { parseSettings, type Variant, variantsOf, type Wanted } from '../../../src/whatif/sweep/variants.ts';

/** Two ways from the office to the web: over a, or over b; the firewall has a rule that no flow needs. */
const OFFICE: Design = {
  routing: 'shortest-path',
  nodes: {
    pc: { kind: 'host', interfaces: { eth0: '10.0.0.2/24' }, gateway: '10.0.0.1' },
    fw: {
      kind: 'firewall',
      interfaces: { lan: '10.0.0.1/24', a: '10.1.0.1/30', b: '10.2.0.1/30' },
      firewall: {
        forward: {
          policy: 'drop',
          rules: [
            { match: { state: ['established', 'related'] }, action: 'accept' },
            { match: { protocol: 'tcp', destinationPort: 80 }, action: 'accept' },
            { match: { protocol: 'tcp', destinationPort: 9999 }, action: 'accept' },
          ],
        },
      },
    },
    ra: { kind: 'router', interfaces: { fw: '10.1.0.2/30', core: '10.3.0.1/30' } },
    rb: { kind: 'router', interfaces: { fw: '10.2.0.2/30', core: '10.4.0.1/30' } },
    core: { kind: 'router', interfaces: { a: '10.3.0.2/30', b: '10.4.0.2/30', web: '10.9.0.1/24' } },
    web: { kind: 'host', interfaces: { eth0: '10.9.0.80/24' }, gateway: '10.9.0.1', services: ['http'] },
  },
  links: [
    ['pc', 'fw:lan'],
    { between: ['fw:a', 'ra:fw'], name: 'way a' },
    { between: ['fw:b', 'rb:fw'], name: 'way b', cost: 10 },
    ['ra:core', 'core:a'],
    ['rb:core', 'core:b'],
    ['core:web', 'web'],
  ],
};

const NOTHING: Wanted = { failures: 0, rules: false, settings: [], changes: new Map() };
/** The flow that matters: the office to the web. */
const WEB = { from: (name: string) => name === 'pc', to: (name: string) => name === 'web' };

function outcomes(wanted: Partial<Wanted>, design: Design = OFFICE): ReadonlyMap<string, Outcome> {
  const variants = variantsOf(design, { ...NOTHING, ...wanted });
  const evaluator = new Evaluator(design, variants, WEB);
  return new Map(variants.map(({ id }, i) => [id, evaluator.judge(i)]));
}

/** Everything that can be tried of it, tried once. */
const ALL = outcomes({ failures: 2, rules: true });

function settings(...texts: string[]) {
  const parsed = parseSettings(texts, OFFICE);
  if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.settings;
}

describe('what is tried', () => {
  it('is every link and node alone, then every pair', () => {
    const single = variantsOf(OFFICE, { ...NOTHING, failures: 1 });
    expect(single.map(({ id }) => id)).toEqual([
      'link pc - fw:lan',
      'link way a',
      'link way b',
      'link ra:core - core:a',
      'link rb:core - core:b',
      'link core:web - web',
      ...['pc', 'fw', 'ra', 'rb', 'core', 'web'].map((name) => `node ${name}`),
    ]);
    const all = variantsOf(OFFICE, { ...NOTHING, failures: 2 });
    expect(all).toHaveLength(12 + (12 * 11) / 2);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  });

  it('is each rule of each list', () => {
    const rules = variantsOf(OFFICE, { ...NOTHING, rules: true });
    expect(rules.map(({ id }) => id)).toEqual([0, 1, 2].map((i) => `fw firewall.forward.rules[${i}]`));
    const after = applyOperations(OFFICE, changeItems(rules[2]?.change ?? []) as Operation[]) as Design;
    expect(after.nodes.fw?.firewall?.forward?.rules).toHaveLength(2);
  });

  it('is every combination of values, at places that need not be written yet', () => {
    const variants = variantsOf(OFFICE, {
      ...NOTHING,
      settings: settings('nodes.fw.firewall.forward.policy=accept,drop', 'nodes.web.services=["http"],[]'),
    });
    expect(variants.map(({ id }) => id)).toEqual([
      'nodes.fw.firewall.forward.policy=accept, nodes.web.services=["http"]',
      'nodes.fw.firewall.forward.policy=accept, nodes.web.services=[]',
      'nodes.fw.firewall.forward.policy=drop, nodes.web.services=["http"]',
      'nodes.fw.firewall.forward.policy=drop, nodes.web.services=[]',
    ]);
    const [missing] = variantsOf(OFFICE, { ...NOTHING, settings: settings('nodes.pc.description=old') });
    expect(missing?.change).toEqual([{ op: 'add', path: '/nodes/pc/description', value: 'old' }]);
  });

  it.each([
    ['nodes.fw.nat', 'sets nothing'],
    ['nodes.fv.kind=host', 'there is no fv there'],
    ['nodes..kind=host', 'is not a place'],
    ['nodes.fw.kind=', 'an empty value'],
    ['nodes.fw.kind.x=1', 'below a single value'],
  ])('says what is wrong with %s', (text, message) => {
    const parsed = parseSettings([text], OFFICE);
    expect('issues' in parsed && parsed.issues[0]?.message).toContain(message);
  });
});

describe('what comes of it', () => {
  it('says which flows are lost, and at what', () => {
    expect(ALL.get('node fw')).toMatchObject({ lost: 1, lostBetweenOthers: 1 });
    expect(ALL.get('node web')).toMatchObject({ lost: 1, lostBetweenOthers: 0 });
    expect(ALL.get('link way a')).toMatchObject({ lost: 0, changed: 1 });
    expect(ALL.get('link way b')).toMatchObject({ lost: 0, changed: 0 });
    expect(ALL.get('fw firewall.forward.rules[1]')?.examples).toEqual([
      expect.objectContaining({ from: 'pc', to: 'web', port: 80, outcome: 'timeout', blockedAt: 'fw' }),
    ]);
  });

  it('finds what only two failures together break', () => {
    expect(ALL.get('link way a + link way b')).toMatchObject({ lost: 1, lostBetweenOthers: 1 });
    expect(ALL.get('link way a + node rb')).toMatchObject({ lost: 1 });
    expect(ALL.get('link way a + node ra')).toMatchObject({ lost: 0 });
  });

  it('is what the difference of two designs tried from nothing is', () => {
    const variants = variantsOf(OFFICE, { ...NOTHING, failures: 2, rules: true });
    const evaluator = new Evaluator(OFFICE, variants, WEB);
    const alone = (variant: Variant) =>
      differencesOf(analyse(OFFICE, WEB), analyse(OFFICE, { ...WEB, change: variant.change }));
    // in an order of its own, so that nothing can depend on what was tried before
    for (const index of [77, 3, 40, 12, 70, 80, 0, 79].filter((i) => i < variants.length)) {
      const lost = alone(variants[index] as Variant).filter(({ kind }) => kind === 'lost');
      expect(evaluator.judge(index).lost, variants[index]?.id).toBe(lost.length);
    }
  });
});

describe('the ranking', () => {
  it('names single points of failure and rules that nothing depends on', () => {
    const ranker = new Ranker(2);
    for (const outcome of [...ALL.values()].filter(({ kind }) => kind !== 'failures')) ranker.add(outcome);
    const { tried, worst, singlePoints, idleRules } = ranker.ranking;
    expect(tried).toBe(15);
    expect(worst.map(({ id }) => id)).toEqual(['node fw', 'node core']);
    expect(singlePoints.map(({ id }) => id)).toEqual(['node fw', 'node core']);
    expect(idleRules.map(({ id }) => id)).toEqual(['fw firewall.forward.rules[2]']);
  });

  it('is the same in whatever order outcomes come, however few are kept', () => {
    const all = [...ALL.values()];
    const ranked = (list: readonly Outcome[], top: number) => {
      const ranker = new Ranker(top);
      for (const outcome of list) ranker.add(outcome);
      return ranker.ranking;
    };
    const few = ranked(all, 5);
    expect(ranked(all.toReversed(), 5)).toEqual(few);
    expect(ranked([...all, ...all, ...all, ...all].slice(0, 300), 5).worst[0]).toEqual(few.worst[0]);
    expect(ranked(all, 1000).worst.slice(0, 5)).toEqual(few.worst);
  });
});
