import { describe, expect, it } from 'vitest';
import { showPath } from '../../../src/sim/base/path.ts';

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
