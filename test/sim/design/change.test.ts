import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyDesign } from '../../../src/arbitraries/design.ts';
import { InternalError } from '../../../src/sim/base/fail.ts';
import { applyOperations, changeItems, fork, type Operation, replay } from '../../../src/sim/design/change.ts';
import type { Design } from '../../../src/sim/design/design.ts';
import type { Json } from '../../../src/sim/design/patch.ts';
import { parsePointer, showPointer } from '../../../src/sim/design/pointer.ts';
import { placesOf } from '../../arbitraries/mutation.ts';

const BASE: Design = {
  nodes: {
    gw: {
      kind: 'gateway',
      interfaces: { lan: '192.168.0.1/24' },
      routes: [
        { to: '10.0.0.0/8', via: '192.168.0.2' },
        { to: '10.1.0.0/16', via: '192.168.0.3' },
      ],
    },
    'a.b': { kind: 'host', description: 'x' },
  },
};

function issuesOf(...operations: Operation[]): string[] {
  const after = applyOperations(BASE, operations);
  return Array.isArray(after)
    ? after.map(({ path, message, hint }) => `${path.join('.')}: ${message}${hint === undefined ? '' : ` (${hint})`}`)
    : [];
}

function edited(...operations: Operation[]): Design {
  const result = applyOperations(BASE, operations);
  if (Array.isArray(result)) throw new Error(JSON.stringify(result));
  return result;
}

const route = (to: string) => ({ to, via: '192.168.0.9' });
const destinations = (design: Design) => design.nodes.gw?.routes?.map(({ to }) => to);

describe('RFC 6902 operations', () => {
  it.each<[string, Operation[], string[]]>([
    [
      'add puts an item before another',
      [{ op: 'add', path: '/nodes/gw/routes/1', value: route('1.0.0.0/8') }],
      ['10.0.0.0/8', '1.0.0.0/8', '10.1.0.0/16'],
    ],
    [
      'add to "-" appends',
      [{ op: 'add', path: '/nodes/gw/routes/-', value: route('1.0.0.0/8') }],
      ['10.0.0.0/8', '10.1.0.0/16', '1.0.0.0/8'],
    ],
    [
      'add at the length appends',
      [{ op: 'add', path: '/nodes/gw/routes/2', value: route('1.0.0.0/8') }],
      ['10.0.0.0/8', '10.1.0.0/16', '1.0.0.0/8'],
    ],
    ['add replaces a member', [{ op: 'add', path: '/nodes/gw/routes', value: [] }], []],
    ['remove', [{ op: 'remove', path: '/nodes/gw/routes/0' }], ['10.1.0.0/16']],
    ['replace', [{ op: 'replace', path: '/nodes/gw/routes/0/to', value: '2.0.0.0/8' }], ['2.0.0.0/8', '10.1.0.0/16']],
    [
      'move to the end',
      [{ op: 'move', from: '/nodes/gw/routes/0', path: '/nodes/gw/routes/-' }],
      ['10.1.0.0/16', '10.0.0.0/8'],
    ],
    [
      'move onto itself',
      [{ op: 'move', from: '/nodes/gw/routes/0', path: '/nodes/gw/routes/0' }],
      ['10.0.0.0/8', '10.1.0.0/16'],
    ],
    [
      'copy',
      [{ op: 'copy', from: '/nodes/gw/routes/1', path: '/nodes/gw/routes/0' }],
      ['10.1.0.0/16', '10.0.0.0/8', '10.1.0.0/16'],
    ],
    [
      'test that holds, members in any order',
      [{ op: 'test', path: '/nodes/gw/routes/0', value: { via: '192.168.0.2', to: '10.0.0.0/8' } }],
      ['10.0.0.0/8', '10.1.0.0/16'],
    ],
    [
      'several in order',
      [
        { op: 'remove', path: '/nodes/gw/routes/0' },
        { op: 'add', path: '/nodes/gw/routes/0', value: route('1.0.0.0/8') },
        { op: 'replace', path: '/nodes/gw/routes/0/to', value: '3.0.0.0/8' },
      ],
      ['3.0.0.0/8', '10.1.0.0/16'],
    ],
  ])('%s', (_, operations, expected) => {
    expect(destinations(edited(...operations))).toEqual(expected);
  });

  it('replace the whole document', () => {
    expect(edited({ op: 'replace', path: '', value: { nodes: {} } })).toEqual({ nodes: {} });
  });

  it('reach names with escapes', () => {
    const server = { app: 'http', pages: { '/a~b': 'old' } };
    const design = edited(
      { op: 'add', path: '/nodes/a.b/services', value: [server] },
      { op: 'replace', path: '/nodes/a.b/services/0/pages/~1a~0b', value: 'new' },
    );
    expect(design.nodes['a.b']?.services).toEqual([{ app: 'http', pages: { '/a~b': 'new' } }]);
  });

  it('keep copies apart', () => {
    const design = edited(
      { op: 'copy', from: '/nodes/gw', path: '/nodes/gw2' },
      { op: 'remove', path: '/nodes/gw2/routes/0' },
      { op: 'copy', from: '/nodes/gw2', path: '/nodes/gw3' },
      { op: 'remove', path: '/nodes/gw2/routes' },
    );
    expect([design.nodes.gw?.routes?.length, design.nodes.gw2?.routes, design.nodes.gw3?.routes?.length]).toEqual([
      2,
      undefined,
      1,
    ]);
  });

  it('leave the values they were given alone', () => {
    const value = { kind: 'host', routes: [] as Json[] };
    edited(
      { op: 'add', path: '/nodes/x', value },
      { op: 'add', path: '/nodes/x/routes/-', value: { to: '10.0.0.0/8', type: 'blackhole' } },
    );
    expect(value.routes).toEqual([]);
  });

  it.each<[string, Operation, string]>([
    ['an unknown member', { op: 'remove', path: '/nodes/gww' }, '0.path: there is no "gww" here (did you mean "gw"?)'],
    [
      'a member of what is not there',
      { op: 'add', path: '/nodes/printer/kind', value: 'host' },
      '0.path: there is no "printer" here',
    ],
    ['an inherited member', { op: 'remove', path: '/nodes/constructor' }, '0.path: there is no "constructor" here'],
    [
      'an item that is not there',
      { op: 'remove', path: '/nodes/gw/routes/2' },
      '0.path: there is no item 2 in this list of 2',
    ],
    [
      'an item "-"',
      { op: 'replace', path: '/nodes/gw/routes/-', value: 1 },
      '0.path: there is no item - in this list of 2',
    ],
    [
      'an index with a leading zero',
      { op: 'replace', path: '/nodes/gw/routes/00', value: 1 },
      '0.path: there is no item 00 in this list of 2',
    ],
    [
      'a place past the end',
      { op: 'add', path: '/nodes/gw/routes/3', value: 1 },
      '0.path: a list of 2 has no place 3: write 0 to 2, or "-"',
    ],
    [
      'a place by name',
      { op: 'add', path: '/nodes/gw/routes/x', value: 1 },
      '0.path: a list of 2 has no place x: write 0 to 2, or "-"',
    ],
    [
      'a part of a text',
      { op: 'add', path: '/nodes/gw/kind/x', value: 1 },
      '0.path: "/nodes/gw/kind/x" goes into "gateway", which has no parts',
    ],
    ['the whole', { op: 'remove', path: '' }, '0.path: the whole cannot be removed'],
    [
      'into itself',
      { op: 'move', from: '/nodes', path: '/nodes/gw/x' },
      '0.path: "/nodes/gw/x" lies inside "/nodes", which is to be moved',
    ],
    ['from nowhere', { op: 'move', from: '/nodes/x', path: '/nodes/y' }, '0.from: there is no "x" here'],
    ['from nowhere, copied', { op: 'copy', from: '/links/0', path: '/nodes/y' }, '0.from: there is no "links" here'],
    [
      'to nowhere',
      { op: 'move', from: '/nodes/gw', path: '/nodes/gw2/x' },
      '0.path: there is no "gw2" here (did you mean "gw"?)',
    ],
    [
      'to a place that goes away with it',
      { op: 'move', from: '/nodes/gw/routes/0', path: '/nodes/gw/routes/2' },
      '0.path: a list of 1 has no place 2: write 0 to 1, or "-"',
    ],
    ['a prototype', { op: 'add', path: '/nodes/__proto__', value: {} }, '0.path: "__proto__" is not a name'],
    [
      'no pointer',
      { op: 'remove', path: 'nodes' },
      '0.path: "nodes" is not a JSON pointer: write "/nodes/gw/routes/0"',
    ],
    [
      'a wrong escape',
      { op: 'remove', path: '/a~2' },
      '0.path: "/a~2" is not a JSON pointer: write "/nodes/gw/routes/0"',
    ],
    [
      'a test that fails',
      { op: 'test', path: '/nodes/gw/kind', value: 'host' },
      '0.value: the test fails: the value is "gateway"',
    ],
    [
      'a test of an object that fails',
      { op: 'test', path: '/nodes', value: { gw: {}, 'a.b': [] } },
      '0.value: the test fails: the value is {"gw":{"kind":"gateway","interfaces":{"lan":"192.168.0.1/...',
    ],
    [
      'a test of a list that fails',
      { op: 'test', path: '/nodes/gw/routes', value: {} },
      '0.value: the test fails: the value is [{"to":"10.0.0.0/8","via":"192.168.0.2"},{"to":"10.1.0.0/...',
    ],
    [
      'a value that is no design',
      { op: 'add', path: '/nodes/x', value: { kind: 'hst' } },
      '0.value.kind: "hst" is not one of "host", "router", "gateway", "firewall" (did you mean "host"?)',
    ],
    [
      'an item that is no route',
      { op: 'add', path: '/nodes/gw/routes/-', value: { to: 'x' } },
      '0.value.to: "x" is not an IP address',
    ],
    [
      'a member that must be there',
      { op: 'remove', path: '/nodes/gw/kind' },
      '0.path: nodes.gw.kind: missing: it must be one of "host", "router", "gateway", "firewall"',
    ],
  ])('refuse %s', (_, operation, expected) => {
    expect(issuesOf(operation)).toEqual([expected]);
  });

  it('stop at the first that does not apply, and change nothing', () => {
    expect(
      issuesOf({ op: 'remove', path: '/nodes/gw' }, { op: 'remove', path: '/nodes/gw' }, { op: 'remove', path: '/x' }),
    ).toEqual(['1.path: there is no "gw" here']);
    expect(Object.keys(BASE.nodes)).toEqual(['gw', 'a.b']);
  });

  it('are blamed one by one for what is no design', () => {
    const edits: Operation[] = [
      { op: 'add', path: '/nodes/x', value: { kind: 'host', mtu: 5 } },
      { op: 'replace', path: '/nodes/gw/kind', value: 'host' },
      { op: 'move', from: '/nodes/gw/routes/0/to', path: '/nodes/gw/routes/0/too' },
    ];
    expect(issuesOf(...edits)).toEqual([
      '2.path: nodes.gw.routes[0].to: missing: it must be text',
      '2.path: nodes.gw.routes[0].too: unknown field "too" (did you mean "to"?)',
      '0.value.mtu: unknown field "mtu"',
    ]);
  });

  it('share what they do not touch with the design before', () => {
    const design = edited({ op: 'replace', path: '/nodes/gw/kind', value: 'router' });
    expect(design.nodes['a.b']).toBe(BASE.nodes['a.b']);
    expect(design.nodes.gw?.routes).toBe(BASE.nodes.gw?.routes);
    expect(design.nodes.gw).not.toBe(BASE.nodes.gw);
  });
});

describe('JSON pointers', () => {
  it.each<[string, string[]]>([
    ['', []],
    ['/', ['']],
    ['/nodes/gw', ['nodes', 'gw']],
    ['/a~1b/m~0n/~01', ['a/b', 'm~n', '~1']],
    ['//', ['', '']],
  ])('%j', (text, steps) => {
    expect(parsePointer(text)).toEqual(steps);
    expect(showPointer(steps)).toBe(text);
  });

  it('are read back as written, whatever the names', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (steps) => {
        expect(parsePointer(showPointer(steps))).toEqual(steps);
      }),
    );
  });
});

/** An edit in place: where, counted round all places, and what. */
const anyEdit = fc.record({
  place: fc.nat({ max: 5000 }),
  other: fc.nat({ max: 5000 }),
  kind: fc.constantFrom('delete', 'set', 'reverse', 'splice', 'insert', 'move', 'swap'),
});
type Edit = typeof anyEdit extends fc.Arbitrary<infer T> ? T : never;
type Tree = { [key: string]: unknown } | unknown[];

function containerAt(root: unknown, path: readonly (string | number)[]): Tree {
  let at = root as Tree;
  for (const step of path) {
    const next = (at as Record<string, unknown>)[String(step)];
    if (typeof next !== 'object' || next === null) return at;
    at = next as Tree;
  }
  return at;
}

/** Changes a draft the way people do; what comes out need not be a design. */
function edit(draft: unknown, { place, other, kind }: Edit): void {
  const places = placesOf(JSON.parse(JSON.stringify(draft)) as Json);
  const path = places[place % Math.max(1, places.length)] ?? [];
  const container = containerAt(draft, path.slice(0, -1));
  const key = path.at(-1) ?? '';
  if (Array.isArray(container)) {
    if (kind === 'reverse') container.reverse();
    else if (kind === 'delete') container.splice(Number(key), 1);
    else if (kind === 'splice') container.splice(Number(key), 2, 'new', { fresh: [1] });
    else if (kind === 'insert') container.unshift({ added: true });
    else if (kind === 'swap') [container[0], container[container.length - 1]] = [container.at(-1), container[0]];
    else container.push(other);
    return;
  }
  if (kind === 'delete') delete container[key];
  else if (kind === 'move') {
    container[`${key}-moved`] = container[key];
    delete container[key];
  } else container[key] = kind === 'set' ? other : { made: [other] };
}

describe('fork', () => {
  const anyEdits = fc.array(anyEdit, { minLength: 1, maxLength: 4 });

  it('tells the operations that lead there, and those that lead back', () => {
    fc.assert(
      fc.property(anyDesign({ nodes: 4 }), anyEdits, (design, edits) => {
        const before = structuredClone(design);
        const forked = fork(design, (draft) => {
          for (const each of edits) edit(draft, each);
        });
        expect(design).toEqual(before);
        expect(replay(design, forked.changes)).toEqual(forked.design);
        expect(replay(forked.design, forked.undo)).toEqual(design);
        const sent = JSON.parse(JSON.stringify(forked)) as typeof forked;
        expect(replay(design, sent.changes)).toEqual(sent.design);
        expect(replay(forked.design, sent.undo)).toEqual(before);
      }),
      { numRuns: 300 },
    );
  });

  it('shares the nodes that the recipe does not touch', () => {
    fc.assert(
      fc.property(anyDesign(), fc.nat(), (design, n) => {
        const names = Object.keys(design.nodes);
        const touched = names[n % names.length] ?? '';
        const { design: touchedDesign, changes } = fork(design, (draft) => {
          const node = draft.nodes[touched];
          if (node !== undefined) node.description = 'touched';
        });
        for (const name of names) expect(touchedDesign.nodes[name] === design.nodes[name]).toBe(name !== touched);
        expect(touchedDesign.links).toBe(design.links);
        const again = replay(design, changes);
        for (const name of names) expect(again.nodes[name] === design.nodes[name]).toBe(name !== touched);
      }),
      { numRuns: 100 },
    );
  });

  it('freezes what comes out', () => {
    const { design } = fork(BASE, (draft) => {
      draft.routing = 'shortest-path';
    });
    expect(Object.isFrozen(design)).toBe(true);
    expect(Object.isFrozen(design.nodes.gw?.routes)).toBe(true);
  });

  it('comes to nothing when the recipe does nothing', () => {
    expect(fork(BASE, () => undefined)).toEqual({ design: BASE, changes: [], undo: [] });
    expect(fork(BASE, () => undefined).design).toBe(BASE);
  });

  it('takes a member set to undefined for one that is removed', () => {
    const { changes } = fork(BASE, (draft) => {
      Object.assign(draft.nodes['a.b'] ?? {}, { description: undefined });
    });
    expect(changes).toEqual([{ op: 'remove', path: '/nodes/a.b/description' }]);
  });
});

describe('replay', () => {
  it('fails on operations of another design', () => {
    expect(() => replay(BASE, [{ op: 'remove', path: '/nodes/x' }])).toThrow(InternalError);
    expect(() => replay(BASE, [{ op: 'remove', path: '/nodes/x' }])).toThrow('changes[0]: there is no "x" here');
  });
});

describe('a change', () => {
  it('is one item or a list', () => {
    expect(changeItems({ nodeDown: 'gw' })).toEqual([{ nodeDown: 'gw' }]);
    expect(changeItems([{ nodeDown: 'gw' }, { linkUp: 'x' }])).toEqual([{ nodeDown: 'gw' }, { linkUp: 'x' }]);
    expect(changeItems([])).toEqual([]);
  });
});
