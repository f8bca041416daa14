import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyDesign } from '../../src/arbitraries/design.ts';
import { InputError, showIssue, showLocated } from '../../src/scenarios/issue.ts';
import { MAX_DEPTH, MAX_LENGTH } from '../../src/scenarios/json.ts';
import { load, tryLoad } from '../../src/scenarios/load.ts';
import { positionOf, showPlace } from '../../src/scenarios/locate.ts';
import { validate } from '../../src/scenarios/validate.ts';
import type { Json } from '../../src/sim/design/patch.ts';
import { anyMutation, mutate } from '../arbitraries/mutation.ts';
import { EXAMPLE } from './example.ts';
import { CASES } from './load-cases.ts';

function linesOf(text: string): string[] {
  const result = tryLoad(text, 'f.json');
  return 'issues' in result ? result.issues.map((issue) => showLocated(issue).replace(/^f\.json:/, '')) : [];
}

describe('tryLoad', () => {
  for (const [title, rows, wrap] of CASES) {
    describe(`says what is wrong with ${title}:`, () => {
      it.each(rows)('%s', (text, lines) => {
        expect(linesOf(wrap(text))).toEqual(lines);
      });
    });
  }

  it('reports everything in the order of the text, wherever it is', () => {
    const text = `// two networks
{
  "networks": {
    "one": { "nodes": { "a": { "kind": "hst" } } },
    "two": {
      "nodes": { "gw": { "kind": "router", "interfaces": { "lan": "10.0.0.1/24" }, "gateway": "10.0.1.1" } },
      "links": [["gw", "lan"]]
    }
  },
  "scenarios": [
    { "name": "x", "network": "one", "steps": [{ "ping": { "from": "a", "to": "zz" } }] },
    { "name": "x", "network": "two", "steps": [{ "ping": { "from": "g", "to": "gw" } }, { "ping": {} }] },
    { "name": "y", "network": "two", "steps": [{ "ping": { "from": "gww", "to": "gw" } }] },
    { "name": "z", "network": "two", "steps": [{ "restart": "gw" }], "seeds": 1 }
  ]
}`;
    expect(linesOf(text)).toEqual([
      '4:40: networks.one.nodes.a.kind: "hst" is not one of "host", "router", "gateway", "firewall" (did you mean "host"?)',
      '6:95: networks.two.nodes.gw.gateway: 10.0.1.1 is not on a prefix that gw is connected to',
      '7:24: networks.two.links[0][1]: there is no node "lan"',
      '12:15: scenarios[1].name: scenarios[0] is called "x" too',
      '12:99: scenarios[1].steps[1].ping.from: missing: it must be text',
      '12:99: scenarios[1].steps[1].ping.to: missing: it must be text',
      '13:68: scenarios[2].steps[0].ping.from: there is no node "gww" (did you mean "gw"?)',
      '14:70: scenarios[3].seeds: unknown field "seeds" (did you mean "seed"?)',
    ]);
  });

  it('reads the example, as it is written and as people write it', () => {
    for (const text of [
      JSON.stringify(EXAMPLE),
      `\uFEFF// mine\r\n${JSON.stringify(EXAMPLE, null, '\t')} /* end */\n`,
    ]) {
      const result = tryLoad(text, 'f.json');
      expect('issues' in result ? result.issues.map(showLocated) : result.file).toEqual(EXAMPLE);
    }
  });

  it('reads files as deep as the limit, and no deeper', () => {
    const nested = (depth: number) => `{"scenarios": ${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    expect(linesOf(nested(MAX_DEPTH))).toEqual(['1:16: scenarios[0]: a list is not an object']);
    expect(linesOf(nested(MAX_DEPTH + 1))).toEqual(['1:114: nested more than 100 deep']);
    expect(linesOf('['.repeat(1_000_000))).toEqual(['1:101: nested more than 100 deep']);
  });

  it('reads no file that is too large', () => {
    const text = `{"$schema": "${'x'.repeat(MAX_LENGTH)}"}`;
    expect(linesOf(text)).toEqual([`1:1: the file is too large: ${text.length} characters, of at most ${MAX_LENGTH}`]);
  });

  it('says no more of a text without structure than is of use', () => {
    expect(linesOf('?'.repeat(1000)).length).toBeLessThanOrEqual(20);
    expect(linesOf('? '.repeat(1000)).length).toBe(20);
  });
});

describe('load', () => {
  it('throws all issues at once, worded as they are printed', () => {
    const text = '{"networsk": 1,\n "scenarioes": 2}';
    expect(() => load(text, 'a/b.json')).toThrow(InputError);
    expect(() => load(text, 'a/b.json')).toThrow(
      'a/b.json:1:2: networsk: unknown field "networsk" (did you mean "networks"?)\na/b.json:2:2: scenarioes: unknown field "scenarioes" (did you mean "scenarios"?)',
    );
  });

  it('knows the place of everything in the text', () => {
    const { file, source } = load('{\n "networks": {\n  "n": {\n   "nodes": {"a": {"kind": "host"}}}}}', 'x.json');
    expect(file.networks?.n?.nodes.a?.kind).toBe('host');
    expect(positionOf(source, [])).toEqual({ line: 1, column: 1 });
    expect(positionOf(source, ['networks', 'n', 'nodes', 'a', 'kind'])).toEqual({ line: 4, column: 28 });
    expect(positionOf(source, ['networks', 'n', 'nodes', 'b', 'kind'])).toEqual({ line: 4, column: 13 });
    expect(positionOf(source, ['networks', 0])).toEqual({ line: 2, column: 14 });
    expect(positionOf(source, ['networks', 'n', 'nodes', 'a', 'kind', 'x'])).toEqual({ line: 4, column: 28 });
    expect(showPlace(source, ['networks', 'n'])).toBe('x.json:3');
  });
});

/** A text in which something is wrong, or nothing: issues that make sense, and never an exception. */
function expectSense(text: string): void {
  const result = tryLoad(text, 'f.json');
  if (!('issues' in result)) return;
  expect(result.issues.length).toBeGreaterThan(0);
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  for (const { line, column, message, code, file } of result.issues) {
    expect([message, code, file]).not.toContain('');
    expect(message).not.toMatch(/Invalid input|undefined|\[object|NaN/);
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(lines.length);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
  }
}

describe('whatever the text', () => {
  const anyFile = anyDesign({ nodes: 5, faults: true, dhcp: true }).map((design): Json => {
    const [name = ''] = Object.keys(design.nodes);
    const steps = [{ ping: { from: name, to: name } }, { change: { op: 'remove', path: `/nodes/${name}/routes/0` } }];
    return { networks: { n: design as unknown as Json }, scenarios: [{ name: 'x', network: 'n', steps }] };
  });

  it('tryLoad makes sense of random characters', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ unit: fc.constantFrom(...'{}[]:,"\\/*0e-. \n\ttruefalsn\uFEFF\u0000\r'), maxLength: 60 }),
    );
    fc.assert(fc.property(anyText, expectSense), { numRuns: 1000 });
  });

  it('tryLoad makes sense of random JSON', () => {
    fc.assert(fc.property(fc.json({ maxDepth: 4 }), expectSense), { numRuns: 300 });
    const anyKey = fc.constantFrom(
      'networks',
      'scenarios',
      'nodes',
      'links',
      'steps',
      'name',
      'network',
      'change',
      'a',
    );
    const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6, withCrossShrink: true },
        fc.constantFrom<Json[]>('a', 'host', 1, null, true),
        fc.dictionary(anyKey, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
        fc.array(tie('tree'), { maxLength: 3 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => expectSense(JSON.stringify(value))),
      { numRuns: 300 },
    );
  });

  it('tryLoad makes sense of sound files that were spoilt', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.constant(EXAMPLE), anyFile),
        fc.array(anyMutation(), { maxLength: 3 }),
        (file, mutations) => {
          const document = mutations.reduce((value, mutation) => mutate(value, mutation), file);
          expectSense(JSON.stringify(document, null, 1));
        },
      ),
      { numRuns: 120 },
    );
  });

  it('tryLoad makes sense of files with a few characters changed', () => {
    const text = JSON.stringify(EXAMPLE, null, 1);
    const anyEdit = fc.tuple(fc.nat({ max: text.length }), fc.nat({ max: 3 }), fc.string({ maxLength: 3 }));
    fc.assert(
      fc.property(fc.array(anyEdit, { minLength: 1, maxLength: 3 }), (edits) => {
        expectSense(edits.reduce((all, [at, cut, put]) => all.slice(0, at) + put + all.slice(at + cut), text));
      }),
      { numRuns: 150 },
    );
  });

  it('tryLoad accepts generated networks', () => {
    fc.assert(
      fc.property(anyDesign(), (design) => {
        expect(linesOf(JSON.stringify({ networks: { n: design } }))).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });
});

describe('validate', () => {
  const cyclic: { networks?: unknown } = {};
  cyclic.networks = cyclic;
  it.each<[unknown, string]>([
    [undefined, 'undefined is not a JSON value'],
    [() => 1, '() => 1 is not a JSON value'],
    [10n, '10 is not a JSON value'],
    [{ scenarios: [undefined] }, 'scenarios[0]: undefined is not a JSON value'],
    [{ networks: new Map() }, 'networks: this object is not plain data'],
    [{ networks: Number.NaN }, 'networks: NaN is not a JSON number'],
    [JSON.parse('{"__proto__": 1}'), '__proto__: "__proto__" is not a name'],
    [{ networks: { x: Symbol.iterator } }, 'networks.x: Symbol(Symbol.iterator) is not a JSON value'],
    [cyclic, `networks${'.networks'.repeat(100)}: nested more than 100 deep`],
  ])('refuses %s', (value, line) => {
    expect(validate(value).map(showIssue)).toEqual([line]);
  });

  it('takes members that are undefined for left out', () => {
    expect(validate({ networks: undefined, scenarios: [] })).toEqual([]);
    expect(validate(Object.assign(Object.create(null), { networks: {} }))).toEqual([]);
  });

  it('accepts the example', () => {
    expect(validate(EXAMPLE)).toEqual([]);
  });
});
