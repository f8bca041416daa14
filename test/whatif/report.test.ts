/** Matrices and diffs as text and data. */
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../src/whatif/matrix.ts';
import { storyToGithub } from '../../src/whatif/report/annotations.ts';
import { matrixToCsv } from '../../src/whatif/report/data.ts';
import { showStory } from '../../src/whatif/report/difference.ts';
import { showMatrix } from '../../src/whatif/report/table.ts';
import type { Story, ToldDifference } from '../../src/whatif/story.ts';

function cell(from: string, to: string, more: Partial<Cell> = {}): Cell {
  const flow = { from, to, address: '192.0.2.1', protocol: 'tcp', port: 80, app: 'http' } as const;
  return { ...flow, outcome: 'connected', reached: true, path: [from, to], ...more };
}

const blocked = (by: string): Partial<Cell> => ({ outcome: 'timeout', reached: false, blocked: { at: 'fw', by } });

describe('a matrix as text', () => {
  it('puts those who fare alike into one column, and counts those it does not name', () => {
    const many = Array.from({ length: 9 }, (_, i) => cell(`pc${i}`, 'web'));
    const text = showMatrix([...many, cell('guest', 'web', blocked('firewall.forward.policy')), cell('web', 'pc0')]);
    expect(text).toContain('    1  pc0, pc1, pc2, pc3, pc4, pc5 and 4 more\n    2  guest\n');
    expect(text).toContain('web  192.0.2.1:80 http  + a');
    expect(text).toContain('a  timeout, by fw firewall.forward.policy: 1 flow\n');
    expect(text).toContain('10 of 11 flows are answered.');
  });

  it('has letters for more blockers than the alphabet', () => {
    const cells = Array.from({ length: 30 }, (_, i) => cell(`pc${i}`, 'web', blocked(`firewall.forward.rules[${i}]`)));
    const text = showMatrix(cells, { internet: 'pc3' });
    expect(text).toContain(' ad  timeout, by fw firewall.forward.rules[29]: 1 flow');
    expect(text).toContain('pc3 (anything outside)');
    expect(text).toMatch(/web {2}192\.0\.2\.1:80 http {3}a {2}b .* ac ad\n/);
  });

  it('says that there is nothing', () => {
    expect(showMatrix([])).toBe('No node offers anything to another.\n');
  });
});

describe('a matrix as comma-separated values', () => {
  it('quotes what would be read as more than a value', () => {
    const by = 'firewall.chains["a, b"][0]';
    const text = matrixToCsv([cell('pc', 'web', blocked(by)), cell('pc', 'db', { port: 1, app: 'line\nbreak' })]);
    expect(text.split('\r\n')[1]).toBe(
      'pc,web,192.0.2.1,tcp,80,http,false,timeout,,,fw,"firewall.chains[""a, b""][0]",',
    );
    expect(text).toContain(',1,"line\nbreak",true,');
  });
});

describe('a diff', () => {
  const flow = { from: 'pc', to: 'web', address: '192.0.2.1', protocol: 'tcp', port: 80, app: 'http' } as const;
  const side = { outcome: 'connected', reached: true, path: ['pc', 'web'], translations: [] };
  const difference = (more: Partial<ToldDifference>): ToldDifference => ({
    kind: 'server',
    flow,
    before: { ...side, server: 'web' },
    after: { ...side, server: 'old' },
    causes: [],
    trace: 'middlebox trace',
    ...more,
  });
  const story = (differences: readonly ToldDifference[]): Story => ({
    expectations: [{ kind: 'gained', scenario: 's', message: 'outcome: expected "refused", got "connected"' }],
    networks: [
      { network: 'a', flows: 12, differences },
      { network: 'b', flows: 1, differences: [] },
    ],
  });
  const rewritten = [{ node: 'gw', side: 'source', from: '10.0.0.1', to: '192.0.2.9', place: 'nat.rules[0]' }] as const;

  it('tells what is another, by kind and cause', () => {
    const text = showStory(
      story([
        difference({}),
        difference({ kind: 'path', after: { ...side, path: ['pc', 'r', 'web'] } }),
        difference({ kind: 'translation', after: { ...side, translations: rewritten } }),
        difference({ kind: 'gained', before: { ...side, outcome: 'timeout' } }),
      ]),
    );
    expect(text).toContain('Expectations that hold now: 1\n  s\n      outcome: expected "refused", got "connected"\n');
    expect(text).toContain('tcp (http): web → old\n');
    expect(text).toContain('tcp (http): pc web → pc r web\n');
    expect(text).toContain('tcp (http): not translated → 10.0.0.1 as 192.0.2.9\n');
    expect(text.indexOf('Gained: 1')).toBeLessThan(text.indexOf('On another way: 1'));
    expect(text).toContain('a: 4 of 12 flows differ.\nb: 0 of 1 flows differ.\n');
  });

  it('lists some flows of one cause, and counts the rest', () => {
    const text = showStory(story(Array.from({ length: 11 }, () => difference({}))));
    expect(text).toContain('    and 3 more\n');
  });

  it('annotates what has no line without one', () => {
    expect(storyToGithub(story([difference({})]))).toBe(
      '::notice title=a%3A 1 flow changed (server)::pc → web 192.0.2.1:80 tcp (http)\n',
    );
  });
});
