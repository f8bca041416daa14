import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePath, showPath } from '../../../src/sim/base/path.ts';

describe('showPath', () => {
  it.each([
    [[], ''],
    [['nodes'], 'nodes'],
    [['nodes', 'gw', 'nat', 'rules', 1, 'to'], 'nodes.gw.nat.rules[1].to'],
    [['scenarios', 0, 'steps', 12], 'scenarios[0].steps[12]'],
    [[0, 'op'], '[0].op'],
    [['nodes', 'isp-1', 'x'], 'nodes.isp-1.x'],
    [['$schema'], '$schema'],
    [['groups', 'a.b'], 'groups["a.b"]'],
    [['groups', '1st', 0], 'groups["1st"][0]'],
    [['groups', ''], 'groups[""]'],
    [['groups', 'say "hi"'], 'groups["say \\"hi\\""]'],
    [['web servers', 'x'], '["web servers"].x'],
  ])('writes %j as %s', (path, text) => {
    expect(showPath(path)).toBe(text);
  });
});

describe('parsePath', () => {
  it.each([
    ['', []],
    ['firewall.forward.rules[2]', ['firewall', 'forward', 'rules', 2]],
    ['interfaces["lan.1"]', ['interfaces', 'lan.1']],
    ['["web servers"].x', ['web servers', 'x']],
    ['[0].op', [0, 'op']],
  ])('reads %s', (text, path) => {
    expect(parsePath(text)).toEqual(path);
  });

  it.each(['.a', 'a..b', 'a.', 'a[', 'a[01]', 'a[-1]', 'a["b]', 'a["\\x"]', 'a b', 'a[0]b', '1a'])(
    'refuses %s',
    (text) => {
      expect(parsePath(text)).toBeUndefined();
    },
  );

  it('reads back what showPath writes', () => {
    const step = fc.oneof(fc.string(), fc.constantFrom('nodes', 'gw', 'a-b', '$x', '0'), fc.nat());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), (path) => {
        expect(parsePath(showPath(path))).toEqual(path);
      }),
      { numRuns: 300 },
    );
  });
});
