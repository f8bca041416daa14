import { describe, expect, it } from 'vitest';
import { ANY4 } from '../../../../../src/sim/addr/ip.ts';
import type { AppCommand, AppEvent } from '../../../../../src/sim/host/app/app.ts';
import { attend, wait, welcome } from '../../../../../src/sim/host/app/stream/server.ts';

const STREAMS = new Map([
  ['tcp#1', 'one'],
  ['tcp#2', 'two'],
]);
const BOTH = ['tcp#1', 'tcp#2'];

describe('connections of a server', () => {
  it('are taken up with the patience that the server has', () => {
    const { state, commands } = welcome(STREAMS, 'tcp#3', 'three', 500);
    expect([[...state.keys()], state.get('tcp#3'), commands]).toEqual([
      [...BOTH, 'tcp#3'],
      'three',
      [{ kind: 'timer', name: 'tcp#3', after: 500 }],
    ]);
    expect([...STREAMS.keys()]).toEqual(BOTH);
    expect(wait('tcp#3', 500)).toEqual(commands[0]);
  });

  it.each<[string, AppEvent, AppCommand[], string[]]>([
    ['closed when their peer is done', { kind: 'ended', socket: 'tcp#1' }, [{ kind: 'close', socket: 'tcp#1' }], BOTH],
    ['closed when they are silent', { kind: 'timer', name: 'tcp#2' }, [{ kind: 'close', socket: 'tcp#2' }], BOTH],
    ['left alone once they are gone', { kind: 'timer', name: 'tcp#9' }, [], BOTH],
    [
      'forgotten when they are closed',
      { kind: 'closed', socket: 'tcp#1' },
      [{ kind: 'cancel', name: 'tcp#1' }],
      ['tcp#2'],
    ],
    [
      'forgotten when they fail',
      { kind: 'failed', socket: 'tcp#2', error: 'reset' },
      [{ kind: 'cancel', name: 'tcp#2' }],
      ['tcp#1'],
    ],
    [
      'not there at all where the port is taken, which is said',
      { kind: 'failed', socket: 'tcp', error: 'in-use' },
      [{ kind: 'note', text: 'tcp: in-use' }],
      BOTH,
    ],
    ['as they were after any other news', { kind: 'bound', socket: 'tcp', local: { ip: ANY4, port: 53 } }, [], BOTH],
  ])('are %s', (_, event, commands, left) => {
    const after = attend(STREAMS, event);
    expect([after.commands, [...after.state.keys()]]).toEqual([commands, left]);
  });
});
