import { describe, expect, it } from 'vitest';
import type { Node } from '../../../src/sim/design/design.ts';
import type { Rule } from '../../../src/sim/design/rule.ts';
import { showRuleset } from '../../../src/sim/export/nft.ts';

const scope = { groups: undefined, devices: new Map([['lan', 'lan']]) };
const HEADERS = /^(delete )?table \S+ \S+$/;

function show(node: Partial<Node>, isPublicInternet = false): string[] {
  const { text } = showRuleset({ kind: 'router', ...node }, scope, isPublicInternet);
  return text.split('\n').filter((line) => line !== '' && !HEADERS.test(line));
}

function action(rule: Rule): string[] {
  const lines = show({ firewall: { forward: { rules: [rule] }, chains: { 'a.b': [] } } });
  return lines.filter((line) => line.includes('rules[0]')).map((line) => line.trim().replace(/ comment .*/, ''));
}

describe('a ruleset', () => {
  it('replaces every table, also where it sets none', () => {
    expect(showRuleset({ kind: 'host' }, scope, false).text.split('\n')).toEqual([
      ...['inet mbpublic', 'inet mb', 'inet mbhelper', 'ip mbnat', 'ip6 mbnat'].flatMap((table) => [
        `table ${table}`,
        `delete table ${table}`,
      ]),
      '',
    ]);
  });

  it('is chains with their policies, each rule with its place', () => {
    const firewall = {
      raw: { rules: [{ action: 'notrack' }] },
      input: { policy: 'drop', rules: [{ match: { inInterface: 'lan' }, action: 'accept' }] },
      forward: { rules: [{ action: 'jump', chain: 'web' }] },
      chains: { web: [{ action: 'return' }] },
    } as const;
    expect(show({ firewall })).toEqual([
      'table inet mb {',
      '  chain user0_web {}',
      '  chain user0_web {',
      '    counter return comment "firewall.chains.web[0]"',
      '  }',
      '  chain raw {',
      '    type filter hook prerouting priority -300; policy accept;',
      '    icmpv6 type { 130-137, 143 } accept',
      '    counter notrack comment "firewall.raw.rules[0]"',
      '  }',
      '  chain input {',
      '    type filter hook input priority 0; policy drop;',
      '    icmpv6 type { 130-137, 143 } accept',
      '    iifname "lan" counter accept comment "firewall.input.rules[0]"',
      '    counter drop comment "firewall.input.policy"',
      '  }',
      '  chain forward {',
      '    type filter hook forward priority 0; policy accept;',
      '    counter jump user0_web comment "firewall.forward.rules[0]"',
      '  }',
      '}',
    ]);
  });

  it.each<[string, Rule, string[]]>([
    ['drop', { action: 'drop' }, ['counter drop']],
    ['jump to a name that nft would not take', { action: 'jump', chain: 'a.b' }, ['counter jump user0_a_b']],
    ['log', { action: 'log', prefix: 'say "x"\n' }, ['counter log prefix "say  x  "']],
    ['log without a prefix', { action: 'log' }, ['counter log prefix ""']],
    ['reject', { action: 'reject' }, ['counter reject with icmpx port-unreachable']],
    ['reject, 3/0', { action: 'reject', with: 'icmp-net-unreachable' }, ['counter reject with icmpx no-route']],
    [
      'reject, 3/1',
      { action: 'reject', with: 'icmp-host-unreachable' },
      ['counter reject with icmpx host-unreachable'],
    ],
    [
      'reject, 3/13',
      { action: 'reject', with: 'icmp-admin-prohibited' },
      ['counter reject with icmpx admin-prohibited'],
    ],
    ['reset', { action: 'reject', with: 'tcp-reset' }, ['meta l4proto 6 counter reject with tcp reset']],
    [
      'reset where it can be',
      { match: { protocol: ['tcp', 'udp'] }, action: 'reject', with: 'tcp-reset' },
      ['meta l4proto 6 counter reject with tcp reset'],
    ],
    ['reset what is not TCP', { match: { protocol: 'udp' }, action: 'reject', with: 'tcp-reset' }, []],
  ])('says %s', (_, rule, lines) => {
    expect(action(rule)).toEqual(lines);
  });

  it('assigns the FTP helper between tracking and translation', () => {
    expect(show({ nat: { helpers: ['ftp'] } })).toEqual([
      'table inet mbhelper {',
      '  ct helper ftp {',
      '    type "ftp" protocol tcp;',
      '  }',
      '  chain assign {',
      '    type filter hook prerouting priority -150;',
      '    tcp dport 21 ct helper set "ftp"',
      '  }',
      '}',
    ]);
  });

  it('translates each family in a table of its own', () => {
    const rules = [{ action: 'masquerade', family: 'both' }] as const;
    expect(show({ nat: { rules } })).toEqual(
      ['ip', 'ip6'].flatMap((table) => [
        `table ${table} mbnat {`,
        '  chain prerouting {',
        '    type nat hook prerouting priority -100;',
        '  }',
        '  chain postrouting {',
        '    type nat hook postrouting priority 100;',
        '    counter masquerade comment "nat.rules[0]"',
        '  }',
        '}',
      ]),
    );
  });

  it('keeps special-purpose addresses off the public Internet, but not those of examples and links', () => {
    const [, ...lines] = show({}, true).filter((line) => line.includes('publicInternet'));
    const v4 = lines[0] ?? '';
    for (const text of ['10.0.0.0/8', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16']) expect(v4).toContain(text);
    for (const text of ['203.0.113', '198.51.100', '192.0.2', '224.0.0.0']) expect(v4).not.toContain(text);
    expect(lines.join()).toContain('fc00::/7');
    expect(lines.join()).not.toContain('fe80');
    expect(lines).toHaveLength(3);
  });
});
