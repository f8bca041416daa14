/** The parts of the benchmarks that can be wrong without being slow: what is measured, and how it is told. */
import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boxOf, firstMatch, masksOf, toMasked } from '../scripts/bench/box.ts';
import { chainOf, sightsOf } from '../scripts/bench/cases/lookup.ts';
import { readHistory, showChange } from '../scripts/bench/history.ts';
import { alternate, spreadOf, timed } from '../scripts/bench/measure.ts';
import { Path, packetOf } from '../scripts/bench/ours.ts';
import { updatePage } from '../scripts/bench/page.ts';
import { readBenchmark } from '../scripts/bench/peer/classifier.ts';
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

  it('decide alike as masks, as intervals and in the engine', () => {
    const [chain, sights] = [chainOf(rules), sightsOf(rules, 200)];
    const boxes = rules.map(({ match = {} }) => boxOf(match));
    const packets = sights.map(({ packet }) => packet);
    const found = matchMasked(toMasked(boxes, packets));
    expect(found).toEqual(packets.map((packet) => firstMatch(boxes, packet)));
    expect(found.map((number) => (number < 0 ? 'policy' : `rules[${number}]`))).toEqual(
      sights.map((sight) => chain.decide(sight).place?.replace('firewall.forward.', '')),
    );
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

/** What the peer is to find: lines stand in the order of their rules. */
function matchMasked(text: string): readonly number[] {
  const of = (kind: string): readonly (readonly number[])[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${kind} `))
      .map((line) => line.split(' ').slice(1).map(Number));
  const lines = of('rule');
  return of('packet').map((fields) => {
    const first = lines.find(([, ...words]) =>
      fields.every((field, i) => (field & (words[2 * i + 1] ?? 0)) >>> 0 === words[2 * i]),
    );
    return first?.[0] ?? -1;
  });
}

describe('masks', () => {
  it.each([
    [[80, 80], [[80, 0xffff]]],
    [[0, 65_535], [[0, 0]]],
    [
      [1024, 65_535],
      [
        [1024, 0xfc00],
        [2048, 0xf800],
        [4096, 0xf000],
        [8192, 0xe000],
        [16_384, 0xc000],
        [32_768, 0x8000],
      ],
    ],
  ] as const)('of the ports %j', (span, masks) => {
    expect(masksOf(span, 16)).toEqual(masks);
  });

  it('allow each number of a span once, and no other', () => {
    const port = fc.integer({ min: 0, max: 65_535 });
    fc.assert(
      fc.property(port, port, port, (a, b, asked) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const masks = masksOf([from, to], 16);
        for (const number of [from, to, asked, Math.max(0, from - 1), Math.min(65_535, to + 1)]) {
          const times = masks.filter(([value, mask]) => (number & mask) === value).length;
          expect(times).toBe(from <= number && number <= to ? 1 : 0);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("Open vSwitch's own benchmark", () => {
  const text = '\n{"rules":10,"subtables":1,"cpuNs":700,"wallNs":1400}\nhits: 5, misses: 2\nclassifier lookups: 1 ms\n';

  it('costs what its thread took for each of its lookups', () => {
    expect(readBenchmark(text, 7)).toMatchObject({ rules: 10, subtables: 1, timing: { cpuNs: 100, wallNs: 200 } });
  });

  it.each([
    ['other answers than were asked for', text, 8],
    ['no hit', text.replace('hits: 5, misses: 2', 'hits: 0, misses: 7'), 7],
    ['no cost', text.replace(/\{.*\}/, ''), 7],
    ['nothing', '', 0],
  ])('is void with %s', (_, said, lookups) => {
    expect(() => readBenchmark(said, lookups)).toThrow(`did not look up ${lookups} packets`);
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
