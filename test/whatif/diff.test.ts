/** Changes with known answers. */
import { describe, expect, it } from 'vitest';
import { type Change, fork } from '../../src/sim/design/change.ts';
import type { Design } from '../../src/sim/design/design.ts';
import { analyse } from '../../src/whatif/analysis.ts';
import { type DifferenceKind, differencesOf } from '../../src/whatif/diff.ts';
import { showFlow } from '../../src/whatif/flows.ts';
import { HOME, SQUARE } from './nets.ts';

/** A line for each flow that differs, with what made it so. */
function told(design: Design, change: Change, only?: DifferenceKind): string[] {
  const before = analyse(design);
  return differencesOf(before, before.after(change))
    .filter(({ kind }) => only === undefined || kind === only)
    .map(({ kind, flow, causes }) => {
      const why = causes.map(({ side, node, place, name, says }) =>
        [side, node, place, name === undefined ? undefined : `"${name}"`, says]
          .filter((part) => part !== undefined)
          .join(' '),
      );
      return `${kind}: ${showFlow(flow)}; ${why.join('; ')}`;
    });
}

const rules = '/nodes/gw/firewall/forward/rules';

describe('a change', () => {
  it('without effect makes no difference', () => {
    expect(told(HOME, [])).toEqual([]);
    const first = { match: { source: '198.18.0.0/15' }, action: 'drop' };
    expect(told(HOME, { op: 'add', path: `${rules}/0`, value: first })).toEqual([]);
  });

  it('that removes a rule loses its flows, and names it', () => {
    expect(told(HOME, { op: 'remove', path: `${rules}/2` })).toEqual([
      'lost: isp → one 203.0.113.5:80 tcp (http); before gw firewall.forward.rules[2] "our web" accept; after gw firewall.forward.policy drop',
      'lost: internet → one 203.0.113.5:80 tcp (http); before gw firewall.forward.rules[2] "our web" accept; after gw firewall.forward.policy drop',
    ]);
  });

  it('that adds a rule gains flows, and names what stopped them', () => {
    const closed = fork(HOME, (draft) => {
      draft.nodes.gw?.firewall?.forward?.rules?.pop();
    }).design;
    const rule = { name: 'open', match: { protocol: 'tcp', destinationPort: 80 }, action: 'accept' };
    expect(told(closed, { op: 'add', path: `${rules}/-`, value: rule }, 'gained')[0]).toBe(
      'gained: isp → one 203.0.113.5:80 tcp (http); before gw firewall.forward.policy drop; after gw firewall.forward.rules[2] "open" accept',
    );
  });

  it('that leads a public port elsewhere changes the server', () => {
    const moved = told(HOME, { op: 'replace', path: '/nodes/gw/nat/rules/1/to', value: '192.168.0.3' });
    expect(moved).toContain(
      'server: internet → one 203.0.113.5:80 tcp (http); before gw nat.rules[1] translate; after gw nat.rules[1] translate',
    );
  });

  it('that gives another public address changes the translation', () => {
    const change = [
      { op: 'replace', path: '/nodes/gw/interfaces/wan', value: ['203.0.113.5/24', '203.0.113.6/24'] },
      {
        op: 'replace',
        path: '/nodes/gw/nat/rules/0',
        value: { match: { outInterface: 'wan' }, action: 'snat', to: '203.0.113.6' },
      },
    ] as const;
    expect(told(HOME, change, 'translation')).toContain(
      'translation: one → isp 203.0.113.1 ping; before gw nat.rules[0] translate; after gw nat.rules[0] translate',
    );
  });

  it('that translates what was not translated names the rule alone', () => {
    const rule = { match: { outInterface: 'wan' }, action: 'masquerade' };
    const plain = fork(HOME, (draft) => {
      draft.nodes.gw?.nat?.rules?.shift();
      delete draft.publicInternet;
    }).design;
    const lines = told(plain, { op: 'add', path: '/nodes/gw/nat/rules/0', value: rule });
    expect(lines).toContain(
      'gained: one → internet 198.51.100.2 ping; before isp routes noRoute; after gw nat.rules[0] translate',
    );
  });

  it('that cuts a link sends flows another way, and names link and routes', () => {
    const [first] = told(SQUARE, { linkDown: 'high road' }, 'path').filter((line) => line.includes('a → b 10'));
    expect(first).toBe(
      'path: a → b 10.2.0.2:22 tcp (echo); before left routing 10.2.0.0/24 via 10.9.1.2 by up; after left routing 10.2.0.0/24 via 10.9.2.2 by down; before links[2] link high road, down after',
    );
  });

  it('that stops a flow elsewhere tells both places', () => {
    const shut = fork(HOME, (draft) => {
      draft.nodes.gw?.firewall?.forward?.rules?.pop();
    }).design;
    const rule = { name: 'loud', match: { protocol: 'tcp', destinationPort: 80 }, action: 'reject' };
    expect(told(shut, { op: 'add', path: `${rules}/-`, value: rule })).toContain(
      'stopped: internet → one 203.0.113.5:80 tcp (http); before gw firewall.forward.policy drop; after gw firewall.forward.rules[2] "loud" reject',
    );
  });

  it('that takes a node or a service away loses what it had', () => {
    const gone = told(HOME, [
      { op: 'remove', path: '/nodes/two' },
      { op: 'replace', path: '/links/0', value: ['one', 'gw:lan'] },
    ]);
    expect(gone).toContain('lost: two → one 192.168.0.2:80 tcp (http); after nodes.two there is no node two');
    const idle = told(HOME, { op: 'remove', path: '/nodes/two/services' });
    expect(idle).toContain('lost: one → two 192.168.0.3:80 tcp (http); after two services refused');
  });
});

describe('asking again', () => {
  it('runs only what an edit may have changed', () => {
    const before = analyse(SQUARE);
    for (const flow of before.flows) before.probe(flow);
    const after = before.after({ op: 'add', path: '/nodes/b/services/-', value: 'http' });
    for (const flow of after.flows) after.probe(flow);
    const touching = after.flows.filter(({ from, to }) => from === 'b' || to === 'b').length;
    expect(after.runs).toBe(touching);
    expect(after.runs).toBeLessThan(after.flows.length);
  });

  it('leaves the tables of other nodes as they are', () => {
    const before = analyse(HOME);
    const after = before.with(
      fork(HOME, (draft) => {
        draft.nodes.gw?.firewall?.forward?.rules?.pop();
      }).design,
    );
    const names = Object.keys(before.whole.nodes);
    expect(names.filter((name) => before.start().program(name) !== after.start().program(name))).toEqual(['gw']);
  });

  it('refuses a change that does not fit, and says where', () => {
    expect(() => analyse(HOME).after({ linkDown: 'nowhere' })).toThrow('linkDown: there is no link "nowhere"');
  });
});
