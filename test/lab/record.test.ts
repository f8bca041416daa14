import { describe, expect, it } from 'vitest';
import { findBlock } from '../../src/lab/blocked.ts';
import { expectationOf } from '../../src/lab/record.ts';
import type { Step } from '../../src/scenarios/schema.ts';

const connect = (sourcePort?: number): Step => ({
  connect: { from: 'a', to: 'b', port: 80, ...(sourcePort === undefined ? {} : { sourcePort }) },
});
const seenAs = { address: '203.0.113.2', port: 40000 };

describe('what of a result can be expected', () => {
  it.each<[string, Step, Readonly<Record<string, unknown>>, unknown]>([
    ['the outcome alone, for short', connect(), { outcome: 'timeout', errno: 'EPERM' }, 'timeout'],
    [
      'a port that the step names and NAT leaves alone',
      connect(40000),
      { outcome: 'connected', server: 'b', seenAs },
      { outcome: 'connected', server: 'b', seenAs },
    ],
    [
      'no port that was chosen by chance',
      connect(),
      { outcome: 'connected', server: 'b', seenAs },
      { outcome: 'connected', server: 'b', seenAs: { address: '203.0.113.2' } },
    ],
    [
      'no port that NAT chose',
      connect(5000),
      { outcome: 'connected', seenAs },
      { outcome: 'connected', seenAs: { address: '203.0.113.2' } },
    ],
    [
      'an address without a port',
      { ping: { from: 'a', to: 'b' } },
      { outcome: 'replied', seenAs: { address: '10.0.0.1' }, sent: 1, received: 1 },
      { outcome: 'replied', seenAs: { address: '10.0.0.1' } },
    ],
    [
      'who stopped it and how',
      connect(),
      { outcome: 'unreachable', blockedAt: 'gw', blockedBy: 'x', icmp: { type: 3, code: 1, from: '10.0.0.1' } },
      { outcome: 'unreachable', blockedAt: 'gw', blockedBy: 'x', icmp: { type: 3, code: 1, from: '10.0.0.1' } },
    ],
    ['nothing', { wait: '1s' }, {}, undefined],
    ['an empty table', { inspect: 'a' }, { connections: [], expectations: [] }, { connections: [] }],
    [
      'one row, without what is chance',
      { inspect: 'a' },
      {
        connections: [
          {
            protocol: 'icmp',
            original: { source: 'x', id: 1 },
            reply: { source: 'y', id: 1 },
            status: [],
            timeout: '9s',
          },
        ],
      },
      { connections: [{ protocol: 'icmp', original: { source: 'x' }, reply: { source: 'y' }, status: [] }] },
    ],
    [
      'the state of TCP',
      { inspect: 'a' },
      {
        connections: [{ protocol: 'tcp', state: 'CLOSE', original: {}, reply: {}, status: ['ASSURED'], timeout: '9s' }],
      },
      { connections: [{ protocol: 'tcp', state: 'CLOSE', original: {}, reply: {}, status: ['ASSURED'] }] },
    ],
    ['no table of several rows: they come in any order', { inspect: 'a' }, { connections: [{}, {}] }, undefined],
  ])('%s', (_, step, result, expected) => {
    expect(expectationOf(step, result)).toEqual(expected);
  });
});

describe('which rule stopped a packet', () => {
  const counts = (entries: Readonly<Record<string, number>>) => new Map([['gw', new Map(Object.entries(entries))]]);

  it.each([
    ['the one that counted', { 'input.policy': 1, 'rules[0]': 4 }, { 'input.policy': 1, 'rules[0]': 5 }, 'rules[0]'],
    ['one that is new', {}, { 'rules[0]': 1 }, 'rules[0]'],
    ['none', { 'rules[0]': 4 }, { 'rules[0]': 4 }, undefined],
    ['nobody knows which of two', { a: 0, b: 0 }, { a: 1, b: 1 }, undefined],
  ])('%s', (_, before, after, place) => {
    expect(findBlock(counts(before), counts(after))).toEqual(
      place === undefined ? undefined : { blockedAt: 'gw', blockedBy: place },
    );
  });
});
