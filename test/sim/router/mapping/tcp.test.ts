import { describe, expect, it } from 'vitest';
import { Box, ends, PUBLIC } from './box.ts';

const A = '192.168.0.2:5000';
const S = '198.51.100.9:80';
const T = '198.51.100.77:80';
const AT = `${PUBLIC}:5000`;
const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A connection's segments, `> syn` from inside and `< syn ack` from outside; the state after each. */
function states(talk: readonly string[], box = new Box('full-cone')): (string | undefined)[] {
  return talk.map((line, i) => {
    const [way, ...flags] = line.split(' ');
    const passed =
      way === '>' ? box.segment('lan', A, S, flags.join(' '), i) : box.segment('wan', S, AT, flags.join(' '), i);
    expect(passed.verdict).toBeUndefined();
    return box.node.conntrack.rows(i)[0]?.tcpState;
  });
}

describe('TCP goes through the states of RFC 6146 §3.5.2.2', () => {
  it.each([
    [
      'a session begun inside',
      ['> syn', '> syn', '< syn ack', '> ack'],
      ['INSIDE_INIT', 'INSIDE_INIT', 'ESTABLISHED', 'ESTABLISHED'],
    ],
    [
      'a simultaneous open',
      ['> syn', '< syn', '> syn ack', '< syn ack'],
      ['INSIDE_INIT', 'ESTABLISHED', 'ESTABLISHED', 'ESTABLISHED'],
    ],
    ['nothing but a SYN opens', ['> syn', '< ack', '< rst'], ['INSIDE_INIT', 'INSIDE_INIT', 'INSIDE_INIT']],
    [
      'closed from inside',
      ['> syn', '< syn ack', '> fin ack', '< ack', '< fin ack', '> ack'],
      ['INSIDE_INIT', 'ESTABLISHED', 'INSIDE_FIN', 'INSIDE_FIN', 'BOTH_FIN', 'BOTH_FIN'],
    ],
    [
      'closed from outside',
      ['> syn', '< syn ack', '< fin ack', '< fin ack', '> fin ack'],
      ['INSIDE_INIT', 'ESTABLISHED', 'OUTSIDE_FIN', 'OUTSIDE_FIN', 'BOTH_FIN'],
    ],
    [
      'reset, and alive after all',
      ['> syn', '< syn ack', '< rst', '< rst', '> ack'],
      ['INSIDE_INIT', 'ESTABLISHED', 'TRANS', 'TRANS', 'ESTABLISHED'],
    ],
  ] as const)('%s', (_, talk, expected) => {
    expect(states(talk)).toEqual(expected);
  });

  it('a session begun outside waits for a SYN from inside', () => {
    const box = new Box('full-cone');
    box.segment('lan', A, S);
    const state = () => box.node.conntrack.rows(9).at(-1)?.tcpState;
    expect(ends(box.segment('wan', T, AT, 'syn', 1), 'destination')).toBe(A);
    expect(state()).toBe('OUTSIDE_INIT');
    expect(ends(box.segment('lan', A, T, 'syn ack', 2), 'source')).toBe(AT);
    expect(state()).toBe('ESTABLISHED');
  });
});

describe('lifetimes', () => {
  it.each([
    ['opening', ['> syn'], 0, 4 * MINUTE],
    ['established', ['> syn', '< syn ack'], 1, 124 * MINUTE],
    ['closing on one side', ['> syn', '< syn ack', '> fin ack'], 1, 124 * MINUTE],
    ['closed', ['> syn', '< syn ack', '> fin ack', '< fin ack'], 3, 4 * MINUTE],
    ['reset', ['> syn', '< syn ack', '> rst'], 2, 4 * MINUTE],
  ] as const)('%s: the mapping lives to the last moment, and no longer', (_, talk, refreshed, life) => {
    const box = new Box('full-cone');
    states(talk, box);
    expect(box.rows(refreshed + life - 1)).toHaveLength(1);
    expect(box.rows(refreshed + life)).toEqual([]);
  });
});

describe('a SYN from outside that may not pass', () => {
  const unsolicited = (how: 'hold' | 'drop' | 'reset' | 'reject') =>
    new Box({ profile: 'restricted-cone', tcp: { unsolicited: how } });

  it.each([
    ['hold', 'hold', undefined],
    ['drop', 'DROP natFiltered', undefined],
    ['reset', 'DROP natFiltered', 'tcp'],
    ['reject', 'DROP natFiltered', 'icmp'],
  ] as const)('%s', (how, verdict, answer) => {
    for (const box of [unsolicited(how)]) {
      expect(box.segment('wan', S, AT)).toMatchObject({ verdict });
      expect(box.segment('wan', S, AT).answer?.kind).toBe(answer);
      box.segment('lan', A, T);
      expect(box.segment('wan', S, AT)).toMatchObject({ verdict });
    }
  });

  it('a segment that is no SYN passes where a mapping is, and begins nothing', () => {
    const box = new Box('full-cone');
    expect(box.segment('lan', A, S, 'ack')).toMatchObject({ verdict: 'DROP natFiltered' });
    expect(box.segment('wan', S, AT, 'rst')).toMatchObject({ verdict: 'DROP natFiltered' });
    box.segment('lan', A, S);
    expect(ends(box.segment('wan', T, AT, 'rst'), 'destination')).toBe(A);
    expect(ends(box.segment('wan', T, AT, 'ack'), 'destination')).toBe(A);
    expect(ends(box.segment('lan', A, T, 'fin ack'), 'source')).toBe(AT);
    expect(ends(box.segment('lan', A, T, 'ack'), 'source')).toBe(AT);
    expect(box.node.conntrack.rows(0)).toHaveLength(1);
    const strict = new Box('restricted-cone');
    strict.segment('lan', A, S);
    expect(strict.segment('wan', T, AT, 'ack')).toMatchObject({ verdict: 'DROP natFiltered' });
  });

  it('reaches a service of this node', () => {
    const box = new Box('full-cone', { listens: (_, { port }) => port === 22 });
    expect(box.segment('wan', S, `${PUBLIC}:22`)).toMatchObject({ verdict: 'deliver' });
    expect(box.segment('wan', S, `${PUBLIC}:22`, 'ack')).toMatchObject({ verdict: 'deliver' });
  });

  it('in answer to one from inside is refused where both may not open at once', () => {
    const box = new Box({ profile: 'full-cone', tcp: { simultaneousOpen: false } });
    box.segment('lan', A, S);
    expect(box.segment('wan', S, AT)).toMatchObject({ verdict: 'DROP natFiltered', place: 'nat.filtering' });
    expect(ends(box.segment('wan', S, AT, 'syn ack'), 'destination')).toBe(A);
  });

  it('that was held opens the session that a SYN from inside begins meanwhile', () => {
    const box = unsolicited('hold');
    box.segment('wan', S, AT);
    box.segment('lan', A, S);
    expect(box.node.conntrack.rows(0)[0]?.tcpState).toBe('ESTABLISHED');
  });
});
