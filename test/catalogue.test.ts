/** The shipped catalogue: it holds what it promises, teaches with every step, and never leaves space for examples. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OUTCOMES } from '../src/scenarios/expect.ts';
import { load } from '../src/scenarios/load.ts';
import { runScenario, type ScenarioReport, verbOf } from '../src/scenarios/run.ts';
import type { Scenario, Step } from '../src/scenarios/schema.ts';
import { extract, WELL_KNOWN_PREFIX } from '../src/sim/addr/embed.ts';
import { isIp6, parseIp, showIp } from '../src/sim/addr/ip.ts';
import { special } from '../src/sim/addr/special.ts';
import type { Trace } from '../src/sim/trace/trace.ts';

const NAME = 'scenarios.json';
const TEXT = readFileSync(new URL(`../${NAME}`, import.meta.url), 'utf8');
const { file } = load(TEXT, NAME);
const scenarios: readonly Scenario[] = file.scenarios ?? [];
const steps: { readonly step: Step; readonly at: string }[] = [];
for (const scenario of scenarios) {
  scenario.steps.forEach((step, i) => {
    steps.push({ step, at: `${scenario.name} [${i}]` });
  });
}

describe('the catalogue', () => {
  it('names each scenario once', () => {
    const names = scenarios.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('says what each scenario and each network is about', () => {
    for (const { name, description } of scenarios) expect(description, name).toMatch(/[.]$/);
    for (const [name, { description }] of Object.entries(file.networks ?? {}))
      expect(description, name).toMatch(/[.]$/);
  });

  it('uses every network', () => {
    const used = new Set(scenarios.map(({ network }) => network));
    expect(Object.keys(file.networks ?? {}).filter((name) => !used.has(name))).toEqual([]);
  });

  it('expects something of every step that asks something', () => {
    const asking = ({ step }: { step: Step }) => Object.hasOwn(OUTCOMES, verbOf(step)) || 'inspect' in step;
    expect(steps.filter((each) => asking(each) && !('expect' in each.step)).map(({ at }) => at)).toEqual([]);
  });

  it('uses every verb that is simulated', () => {
    const used = new Set(steps.map(({ step }) => verbOf(step)));
    const all = [...Object.keys(OUTCOMES), 'wait', 'change', 'restart', 'inspect'];
    expect(all.filter((verb) => ![...used].some((other) => other === verb))).toEqual([]);
  });

  it('keeps to private and documentation addresses', () => {
    const found = TEXT.match(/\b\d+\.\d+\.\d+\.\d+\b|\b[0-9a-f]+:[0-9a-f:]*:[0-9a-f]*\b/g) ?? [];
    const masks = new Set(['255.255.255.0', '0.0.0.0']);
    // the well-known prefix is for everyone, and stands for the IPv4 address behind it
    const ips = found.flatMap((text) => parseIp(text) ?? []).filter((ip) => ip !== WELL_KNOWN_PREFIX.ip);
    const meant = ips.map((ip) => (isIp6(ip) ? (extract(WELL_KNOWN_PREFIX, ip) ?? ip) : ip));
    const foreign = meant.filter((ip) => !masks.has(showIp(ip)));
    expect(foreign.filter((ip) => special(ip) === undefined || special(ip)?.global).map(showIp)).toEqual([]);
    expect(foreign.length).toBeGreaterThan(100);
  });
});

describe('each scenario holds, loses no packet, and runs alike twice', () => {
  it.each(scenarios)('$name', (scenario) => {
    const report = runScenario(file, scenario);
    expect(failures(report)).toEqual([]);
    expect(report.status).toBe('passed');
    expect(strays(report.trace)).toEqual([]);
    expect(write(runScenario(file, scenario))).toBe(write(report));
  });
});

function failures({ steps, issues = [] }: ScenarioReport): string[] {
  const failed = steps.flatMap(({ verb, message, result }, i) =>
    message === undefined ? [] : [`[${i}] ${verb}: ${message}\n${result.explanation}`],
  );
  return [...failed, ...issues.map(({ path, message }) => `${path.join('.')}: ${message}`)];
}

/** Packets without a fate, or with more than one. */
function strays(trace: Trace): number[] {
  const fates = new Map<number, number>();
  for (const event of trace) {
    if (event.kind === 'born') fates.set(event.packet, 0);
    if (event.kind === 'fate') fates.set(event.packet, (fates.get(event.packet) ?? Number.NaN) + 1);
  }
  return [...fates].flatMap(([packet, count]) => (count === 1 ? [] : [packet]));
}

/** As text, for which IPv6 addresses (big integers) and payloads need a form of their own. */
function write(report: ScenarioReport): string {
  return JSON.stringify(report, (_, value: unknown) => {
    if (typeof value === 'bigint') return `${value}n`;
    return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
  });
}
