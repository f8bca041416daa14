/** `middlebox sweep` and `middlebox merge`, as users run them. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CATALOGUE, folderWith, middlebox } from './middlebox.ts';

const SWEEP = ['sweep', CATALOGUE, '--network', 'office', '--to', 'w*', '--failures', '1', '--rules', '--quiet'];

describe('middlebox sweep', () => {
  it('ranks what-ifs, and is the same whatever the number of workers', () => {
    const one = middlebox([...SWEEP, '--jobs', '1']);
    const two = middlebox([...SWEEP, '--jobs', '2']);
    expect(one.err).toBe('');
    expect(one.code).toBe(0);
    expect(two.out).toBe(one.out);
    expect(one.out).toMatch(/^office: \d+ what-ifs tried on \d+ flows: \d+ lose a flow/);
    expect(one.out).toContain('Single points of failure');
  });

  it('goes on where its journal ends, and shards merge to the whole', () => {
    const folder = folderWith({});
    const whole = join(folder, 'whole.jsonl');
    middlebox([...SWEEP, '--jobs', '1', '--out', whole]);
    const text = readFileSync(whole, 'utf8');
    const lines = text.trimEnd().split('\n');
    // cut in the middle of a line, as when the power fails
    writeFileSync(whole, `${lines.slice(0, 5).join('\n')}\n${lines[5]?.slice(0, 20)}`);
    middlebox([...SWEEP, '--jobs', '1', '--out', whole], { again: true });
    expect(readFileSync(whole, 'utf8')).toBe(text);

    const shards = [1, 2].map((i) => join(folder, `${i}.jsonl`));
    for (const [i, out] of shards.entries())
      middlebox([...SWEEP, '--jobs', '1', '--shard', `${i + 1}/2`, '--out', out]);
    const merged = join(folder, 'merged.jsonl');
    const { code, out } = middlebox(['merge', ...shards, '--out', merged]);
    expect(code).toBe(0);
    expect(readFileSync(merged, 'utf8')).toBe(text);
    expect(out.split('\n')[0]).toBe(middlebox([...SWEEP, '--jobs', '1']).out.split('\n')[0]);

    const half = middlebox(['merge', shards[0] ?? '']);
    expect(half.code).toBe(1);
    expect(half.err).toMatch(/^\d+ of \d+ what-ifs are in none of these journals\n$/);
  });

  it('refuses a journal of another sweep, and files that are none', () => {
    const folder = folderWith({ 'other.jsonl': '' });
    const file = join(folder, 'journal.jsonl');
    writeFileSync(file, '{"middlebox":"sweep","version":1,"question":"another"}\n');
    const other = middlebox([...SWEEP, '--out', file]);
    expect(other.code).toBe(2);
    expect(other.err).toContain('is the journal of another sweep');
    appendFileSync(file, 'no JSON\n');
    expect(middlebox(['merge', file]).err).toContain("journal.jsonl:2: not a line of a sweep's journal");
    expect(middlebox(['merge', CATALOGUE]).code).toBe(2);
    expect(existsSync(join(folder, 'merged.jsonl'))).toBe(false);
  });

  it.each([
    ['a place that is not there', ['--set', 'nodes.fv.kind=host'], 'did you mean "fw"?'],
    ['a value that is no network', ['--set', 'nodes.fw.kind=bridge'], 'nodes.fw.kind=bridge'],
    ['a shard that cannot be', ['--shard', '3/2'], 'which part of how many'],
    ['a number of failures that is not done', ['--failures', '3'], '0 to 2'],
    ['a file that is not there', ['--changes', 'none.json'], 'there is no file none.json'],
  ])('ends with 2 for %s', (_, more, message) => {
    const { code, err } = middlebox(['sweep', CATALOGUE, '--network', 'office', '--quiet', ...more]);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });

  it('tries changes of a file, and names what does not fit', () => {
    const folder = folderWith({
      'changes.json': {
        'web off': [{ op: 'replace', path: '/nodes/www/services', value: [] }],
        'no fw': { nodeDown: 'fw' },
      },
      'wrong.json': { 'no such': { nodeDown: 'nobody' } },
    });
    const args = ['sweep', CATALOGUE, '--network', 'office', '--to', 'www', '--quiet', '--reporter', 'json'];
    const { out } = middlebox([...args, '--changes', join(folder, 'changes.json')]);
    const { tried, worst } = JSON.parse(out) as { tried: number; worst: { id: string; lost: number }[] };
    expect(tried).toBe(2);
    expect(worst.map(({ id }) => id).sort()).toEqual(['no fw', 'web off']);
    const wrong = middlebox([...args, '--changes', join(folder, 'wrong.json')]);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain('there is no node "nobody"');
  });
});
