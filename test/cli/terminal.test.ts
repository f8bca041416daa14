import { describe, expect, it } from 'vitest';
import { globMatcher } from '../../src/cli/glob.ts';
import { progressOn } from '../../src/cli/progress.ts';
import { quoteArgument } from '../../src/cli/quote.ts';
import { openTerminal, wantsColour } from '../../src/cli/terminal.ts';

/** A stream that remembers what was written. */
function sink(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, written, write: (text: string | Uint8Array) => written.push(String(text)) > 0 };
}

describe('wantsColour', () => {
  it.each<[string, Record<string, string>, boolean, boolean]>([
    ['on a terminal', {}, true, true],
    ['in a pipe', {}, false, false],
    ['on a terminal that cannot', { TERM: 'dumb' }, true, false],
    ['with NO_COLOR', { NO_COLOR: '1' }, true, false],
    ['with an empty NO_COLOR', { NO_COLOR: '' }, true, true],
    ['with FORCE_COLOR in a pipe', { FORCE_COLOR: '1' }, false, true],
    ['with an empty FORCE_COLOR', { FORCE_COLOR: '' }, false, true],
    ['with FORCE_COLOR=0 on a terminal', { FORCE_COLOR: '0' }, true, false],
    ['with FORCE_COLOR=false', { FORCE_COLOR: 'false' }, true, false],
    ['with both', { FORCE_COLOR: '1', NO_COLOR: '1' }, true, false],
    ['with FORCE_COLOR on a terminal that cannot', { FORCE_COLOR: '1', TERM: 'dumb' }, true, true],
  ])('%s', (_, env, isTTY, expected) => {
    expect(wantsColour(env, isTTY)).toBe(expected);
  });
});

describe('progress', () => {
  const run = (style: 'line' | 'lines' | 'none', times: readonly number[]) => {
    const out = sink(false);
    let now = 0;
    const progress = progressOn(out, style, () => now);
    for (const time of times) {
      now = time;
      progress.at(`at ${time}`);
    }
    progress.clear();
    progress.clear();
    return out.written;
  };

  it('is one line that changes, on a terminal, and is gone at the end', () => {
    expect(run('line', [0, 10, 60, 70, 200])).toEqual([
      '\r\u001b[2Kat 0',
      '\r\u001b[2Kat 60',
      '\r\u001b[2Kat 200',
      '\r\u001b[2K',
    ]);
  });

  it('is lines at widening intervals elsewhere, none in a run that is soon over', () => {
    const everyTenth = Array.from({ length: 100 }, (_, i) => i * 100);
    expect(run('lines', everyTenth)).toEqual(['at 1000\n', 'at 2000\n', 'at 4000\n', 'at 8000\n']);
    expect(run('lines', [0, 500, 999])).toEqual([]);
  });

  it('is nothing when quiet', () => {
    expect(run('none', [0, 1000, 10_000])).toEqual([]);
  });

  it.each<[string, boolean, boolean, readonly string[]]>([
    ['goes to standard error of a terminal', true, false, ['\r\u001b[2Khalf way']],
    ['waits where that is no terminal', false, false, []],
    ['keeps quiet', true, true, []],
  ])('%s', (_, isTTY, quiet, expected) => {
    const [out, err] = [sink(isTTY), sink(isTTY)];
    openTerminal(out, err, {}).progress(quiet).at('half way');
    expect(err.written).toEqual(expected);
    expect(out.written).toEqual([]);
  });
});

describe('openTerminal', () => {
  it('prints results to one stream and tells lines on the other', () => {
    const [out, err] = [sink(true), sink(false)];
    const terminal = openTerminal(out, err, {});
    terminal.print(terminal.paint.good('well'));
    terminal.tell('by the way');
    expect(out.written).toEqual(['\u001b[32mwell\u001b[39m']);
    expect(err.written).toEqual(['by the way\n']);
  });
});

describe('globMatcher', () => {
  it.each<[string, string, boolean]>([
    ['*', '', true],
    ['*', 'a b', true],
    ['ftp', 'ftp', true],
    ['ftp', 'ftp active', false],
    ['ftp*', 'ftp active', true],
    ['*active', 'ftp active', true],
    ['f?p', 'ftp', true],
    ['f?p', 'fp', false],
    ['a.c', 'abc', false],
    ['(x)[y]{z}+^$|', '(x)[y]{z}+^$|', true],
    ['a\\b', 'a\\b', true],
    ['*', 'two\nlines', true],
    ['?', '🔥', true],
  ])('%j on %j: %j', (pattern, name, expected) => {
    expect(globMatcher(pattern)(name)).toBe(expected);
  });
});

describe('quoteArgument', () => {
  it.each([
    ['scenarios.json', 'scenarios.json'],
    ['a b', "'a b'"],
    ["it's", "'it'\\''s'"],
    ['', "''"],
    ['$HOME', "'$HOME'"],
  ])('%s', (word, quoted) => {
    expect(quoteArgument(word)).toBe(quoted);
  });
});
