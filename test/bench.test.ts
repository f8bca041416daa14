/** The parts of the benchmarks that can be wrong without being slow: what is measured, and how it is told. */
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { chainOf, sightsOf } from '../scripts/bench/cases/lookup.ts';
import { readHistory, showChange } from '../scripts/bench/history.ts';
import { alternate, spreadOf, timed } from '../scripts/bench/measure.ts';
import { Path, packetOf } from '../scripts/bench/ours.ts';
import { updatePage } from '../scripts/bench/page.ts';
import { type Comparison, compareSides, exponentOf, judge, type Report, type Scale } from '../scripts/bench/result.ts';
import { type Flavour, generateRules, toIptables } from '../scripts/bench/rules.ts';
import { showRatio, showReport, showTime } from '../scripts/bench/table.ts';
import { findProgram, missing } from '../src/lab/execute.ts';

const FLAVOURS: readonly Flavour[] = ['acl', 'fw', 'ipc'];

describe('measuring', () => {
  it.each([
    [[3], { median: 3, min: 3, max: 3 }],
    [[9, 1, 5], { median: 5, min: 1, max: 9 }],
    [[4, 1, 3, 2], { median: 2.5, min: 1, max: 4 }],
  ])('the spread of %j', (values, spread) => {
    expect(spreadOf(values)).toEqual(spread);
  });

  it('takes turns, and throws the first rounds away', async () => {
    const turns: string[] = [];
    let clock = 0;
    const side = (name: string) => () => {
      turns.push(name);
      clock += 1;
      return { cpuNs: clock, wallNs: clock * 10 };
    };
    const { a, b } = await alternate({ a: side('a'), b: side('b') }, 3);
    expect(turns.join('')).toBe('abababababab');
    expect(a.cpuNs).toEqual({ median: 9, min: 7, max: 11 });
    expect(b.wallNs).toEqual({ median: 100, min: 80, max: 120 });
  });

  it('counts the cost of one operation', () => {
    let worked = 0;
    const { cpuNs, wallNs } = timed(10, () => {
      worked += 1;
    });
    expect(worked).toBe(1);
    expect([cpuNs, wallNs].every((ns) => Number.isFinite(ns) && ns >= 0)).toBe(true);
  });
});

describe.each(FLAVOURS)('rules (%s)', (flavour) => {
  const rules = generateRules(flavour, 300);

  it('are the same for the same seed, and others for another', () => {
    expect(rules).toHaveLength(300);
    expect(generateRules(flavour, 300)).toEqual(rules);
    expect(generateRules(flavour, 300, 2)).not.toEqual(rules);
  });

  it('let the traffic of the benchmarks pass to the end', () => {
    const chain = chainOf(rules);
    const sights = [0, 1, 59_999, 60_000, 99_999].map((flow) => ({
      packet: packetOf(flow),
      in: 'lan',
      out: 'wan',
      state: 'new' as const,
      snat: false,
      dnat: false,
    }));
    expect(sights.map((sight) => chain.decide(sight).place)).toEqual(sights.map(() => 'firewall.forward.policy'));
  });

  it('are hit by what is drawn for looking up', () => {
    const chain = chainOf(rules);
    const hits = sightsOf(rules, 200).filter((sight) => chain.decide(sight).place !== 'firewall.forward.policy');
    expect(hits.length).toBeGreaterThan(100);
  });

  it('have a line each for iptables, between established and accept', () => {
    const lines = toIptables(rules, { established: true })
      .split('\n')
      .filter((line) => line.startsWith('-A'));
    expect(lines).toHaveLength(302);
    expect(lines[0]).toContain('ESTABLISHED');
    expect(lines.at(-1)).toBe('-A FORWARD -j ACCEPT');
    expect(toIptables(rules, { established: false })).not.toContain('ESTABLISHED');
  });
});

const lacking = [
  ...missing({ nodes: {} }),
  ...(findProgram('iptables-legacy') === undefined ? ['iptables-legacy'] : []),
];

describe.skipIf(lacking.length > 0)(`the kernel${lacking.length > 0 ? ` (needs ${lacking.join(', ')})` : ''}`, () => {
  it('loads the rules as they are written', () => {
    const name = `mbb-test-${process.pid}`;
    execFileSync('ip', ['netns', 'add', name]);
    try {
      const inside = (argv: readonly string[], input = '') =>
        spawnSync('ip', ['netns', 'exec', name, ...argv], { input, encoding: 'utf8' });
      for (const flavour of FLAVOURS) {
        const text = toIptables(generateRules(flavour, 100), { established: true });
        expect(inside(['iptables-legacy-restore'], text)).toMatchObject({ status: 0, stderr: '' });
        const { stdout } = inside(['iptables-legacy', '-S', 'FORWARD']);
        expect(stdout.split('\n').filter((line) => line.startsWith('-A'))).toHaveLength(102);
      }
    } finally {
      execFileSync('ip', ['netns', 'del', name]);
    }
  });
});

describe('the path', () => {
  it('translates as the kernel does while ports are free, and counts what arrives', () => {
    const path = new Path();
    path.establish(3);
    expect(path.translations(2)).toEqual([
      '10.0.0.2:1024 198.18.1.1:1024',
      '10.0.0.2:1025 198.18.1.1:1025',
      '10.0.0.2:1026 198.18.1.1:1026',
    ]);
    expect(path.send({ packets: 70, flows: 3 }).cpuNs).toBeGreaterThan(0);
    expect(path.trace(7)).toContain('source 10.0.0.2:1031 → 198.18.1.1:1031');
    expect(path.translations(1)).toHaveLength(3);
  });

  it('does not take a dropped packet for one that arrived', () => {
    const path = new Path([{ action: 'drop' }]);
    expect(() => path.send({ packets: 5, flows: 1 })).toThrow('only 0 of 5 packets arrived');
  });
});

const flat = (ns: number) => ({ median: ns, min: ns, max: ns });
const cost = (ns: number) => ({ cpuNs: flat(ns), wallNs: flat(2 * ns) });

function compared(ours: number, peer: number, more: Partial<Comparison> = {}): Comparison {
  return compareSides({
    id: 'G1',
    title: 'packets',
    per: 'packet',
    ours: cost(ours),
    peer: cost(peer),
    peerName: 'a|b 1.0',
    measure: 'speed',
    must: 3,
    moonshot: 20,
    agreed: 'all counted',
    ...more,
  });
}

describe('ratios', () => {
  it.each([
    ['not met', compared(2000, 4000)],
    ['must met', compared(1000, 3000)],
    ['moonshot met', compared(100, 2000)],
    ['no goal', compareSides({ ...compared(1, 2), must: undefined, moonshot: undefined } as never)],
    ['not met', compared(4000, 1000, { measure: 'cost', must: 3, moonshot: 1.5 })],
    ['must met', compared(2000, 1000, { measure: 'cost', must: 3, moonshot: 1.5 })],
    ['moonshot met', compared(1000, 1000, { measure: 'cost', must: 3, moonshot: 1.5 })],
  ])('%s', (verdict, entry) => {
    expect(judge(entry)).toBe(verdict);
  });

  it('grow with a power of the size', () => {
    const point = (size: number, cpuMs: number) => ({ size, cpuMs, wallMs: cpuMs, peakMb: 1, says: '' });
    expect(exponentOf([point(10, 1), point(100, 7), point(1000, 100)])).toBeCloseTo(1);
    expect(exponentOf([point(10, 3), point(100, 300)])).toBeCloseTo(2);
    expect(exponentOf([point(10, 3)])).toBeUndefined();
  });

  it.each([
    [0.5, '0.5 ns'],
    [226.4, '226 ns'],
    [4712, '4.71 µs'],
    [12_345_678, '12.3 ms'],
    [3.2e9, '3.2 s'],
  ])('%d ns are %s', (ns, text) => {
    expect(showTime(ns)).toBe(text);
  });

  it.each([
    [0.05261, '0.0526×'],
    [7.1359, '7.14×'],
    [1234.5, '1235×'],
  ])('%d is %s', (ratio, text) => {
    expect(showRatio(ratio)).toBe(text);
  });
});

const scale: Scale = {
  kind: 'scale',
  id: 'rules',
  title: 'rules compiled',
  of: 'rule',
  exponent: 1.02,
  points: [
    { size: 1000, cpuMs: 12, wallMs: 13, peakMb: 20, bytesEach: 512, says: 'compiled' },
    { size: 10_000, cpuMs: 126, wallMs: 140, peakMb: 90, bytesEach: 20_480, says: 'compiled' },
  ],
};

function reportOf(commit: string, ...entries: Report['entries']): Report {
  return { version: 1, commit, date: '2026-01-02', machine: 'a machine', repeats: 5, quick: false, entries };
}

describe('reports', () => {
  const skipped = { kind: 'skipped', id: 'G7', title: 'chains', why: 'not installed: g++' } as const;
  const report = reportOf('abc1234', compared(1000, 3000), scale, skipped);
  const page =
    'by hand\n<!-- measured: npm run bench -- --page -->\nold\n<!-- end of what was measured -->\nalso by hand\n';

  it('are lines for people', () => {
    const text = showReport(report);
    expect(text).toContain('packets: 3× times as fast (≥ 3×, ≥ 20×): must met');
    expect(text).toContain('10000: 126 ms of CPU, 140 ms, peak 90 MiB, 20.0 KiB live a rule; compiled');
    expect(text).toContain('chains: skipped, not installed: g++');
  });

  it('are put into the page between the marks, and again without a trace of the last', () => {
    const made = updatePage(page, report);
    expect(made).toMatch(/^by hand\n<!-- measured[\s\S]*<!-- end of what was measured -->\nalso by hand\n$/);
    expect(made).not.toContain('old');
    expect(made).toContain(
      '| G1 | packets, a packet | 1 µs (2 µs) | 3 µs (6 µs) | a\\|b 1.0 | 3× | ≥ 3×, ≥ 20× | must met |',
    );
    expect(made).toContain('| rules compiled | 1,000 | 12 ms (13 ms) | 20 MiB | 512 B a rule |  | compiled |');
    expect(made).toContain('n^1.02');
    expect(made).toContain('- G7, chains: skipped, not installed: g++');
    const later = reportOf('def5678', compared(10, 3000));
    expect(updatePage(made, later)).toBe(updatePage(page, later));
  });

  it('have no place on a page without marks', () => {
    expect(() => updatePage('nothing', report)).toThrow('the page has no');
  });

  it('of two commits are compared by their ratios', () => {
    const history = [report, reportOf('def5678', compared(500, 3000))].map((each) => JSON.stringify(each)).join('\n');
    const text = showChange(readHistory(`${history}\n`), 'abc', 'def');
    expect(text).toContain('abc1234 (2026-01-02) → def5678 (2026-01-02)');
    expect(text).toContain('3× → 6×, 2× as good');
    expect(() => showChange(readHistory(history), 'abc', 'eee')).toThrow('no run of eee; there are abc1234, def5678');
  });
});
