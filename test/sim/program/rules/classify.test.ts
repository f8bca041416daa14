import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIp } from '../../../../src/sim/addr/ip.ts';
import type { Firewall, Match, Rule } from '../../../../src/sim/design/rule.ts';
import { fragment } from '../../../../src/sim/packet/fragment.ts';
import { echo, FLAG, icmp, other, type Packet, tcp, udp } from '../../../../src/sim/packet/packet.ts';
import type { ChainProgram, Sight } from '../../../../src/sim/program/program.ts';
import { compileFirewall, JUMP_DEPTH } from '../../../../src/sim/program/rules/classify.ts';
import { anyFirewall, anyGroups, anySight } from '../../../arbitraries/rule.ts';
import { decideNaively, type Groups } from './first-match.ts';

const ip = (text: string) => parseIp(text) ?? expect.unreachable(text);

function chain(firewall: Firewall, groups: Groups = {}): ChainProgram {
  return compileFirewall(firewall, groups).chains.forward ?? expect.unreachable('there is a forward chain');
}

function seen(packet: Packet, more: Partial<Sight> = {}): Sight {
  return { packet, in: 'lan0', out: 'wan', state: 'new', snat: false, dnat: false, ...more };
}

describe('a compiled rule set', () => {
  it('decides as the first match does when the design is read rule by rule', () => {
    fc.assert(
      fc.property(
        anyFirewall,
        anyGroups,
        fc.array(anySight, { minLength: 5, maxLength: 20 }),
        (firewall, groups, sights) => {
          const { forward } = compileFirewall(firewall, groups).chains;
          for (const sight of sights) expect(forward?.decide(sight)).toEqual(decideNaively(firewall, groups, sight));
        },
      ),
      { numRuns: 300 },
    );
  });
});

const ENDS = { src: ip('10.0.0.5'), dst: ip('203.0.113.80') };
const ENDS6 = { src: ip('2001:db8::5'), dst: ip('2001:db8:1::80') };
const syn = { seq: 1, flags: FLAG.syn };
const web = tcp({ ...ENDS, ...syn, sport: 40000, dport: 80, payload: new Uint8Array(60) });
const [firstPiece = web, laterPiece = web] = fragment(web, 60);
const PACKETS = {
  web,
  web6: tcp({ ...ENDS6, ...syn, sport: 40000, dport: 80 }),
  dns: udp({ ...ENDS, sport: 40000, dport: 53 }),
  ping: echo({ ...ENDS, id: 80, seq: 80 }),
  ping6: echo({ ...ENDS6, id: 80, seq: 80 }),
  noPort: icmp({ ...ENDS, type: 3, code: 3 }),
  sctp: other({ ...ENDS, protocol: 132, payload: Uint8Array.of(0x9c, 0x40, 0, 80, 0, 0, 0, 0) }),
  esp: other({ ...ENDS, protocol: 50, payload: new Uint8Array(20) }),
  firstPiece,
  laterPiece,
} as const;
type Name = keyof typeof PACKETS;
const NAMES = Object.keys(PACKETS) as Name[];
const IPV6: readonly Name[] = ['web6', 'ping6'];
const IPV4 = NAMES.filter((name) => !IPV6.includes(name));

interface Row {
  readonly on: string;
  readonly match: Match;
  readonly hits: readonly Name[];
}

/** As nftables 1.0.6 on kernel 6.18 matches with the corresponding rule. */
const ROWS: readonly Row[] = [
  { on: 'nothing', match: {}, hits: NAMES },
  { on: 'tcp', match: { protocol: 'tcp' }, hits: ['web', 'web6', 'firstPiece', 'laterPiece'] },
  { on: 'a protocol by number', match: { protocol: 50 }, hits: ['esp'] },
  {
    on: 'any other protocol',
    match: { not: { protocol: ['tcp', 'udp'] } },
    hits: ['ping', 'ping6', 'noPort', 'sctp', 'esp'],
  },
  {
    on: 'the ports of two protocols, by number and name',
    match: { protocol: ['tcp', 'udp'], destinationPort: ['http', 53] },
    hits: ['web', 'web6', 'dns', 'firstPiece'],
  },
  { on: 'a port of SCTP', match: { protocol: 'sctp', destinationPort: 80, sourcePort: '1024-65535' }, hits: ['sctp'] },
  {
    on: 'any other port, where there are ports to read',
    match: { protocol: ['tcp', 'udp'], not: { destinationPort: 53 } },
    hits: ['web', 'web6', 'firstPiece'],
  },
  {
    on: 'a port, which an echo identifier is not',
    match: { protocol: ['tcp', 'icmp'], destinationPort: 80 },
    hits: ['web', 'web6', 'firstPiece'],
  },
  { on: 'an IPv4 prefix', match: { source: '10.0.0.0/8' }, hits: IPV4 },
  { on: 'any other IPv4 address', match: { not: { source: '192.168.0.0/16' } }, hits: IPV4 },
  { on: 'any other IPv6 address', match: { not: { source: '2001:db8:ff::/48' } }, hits: IPV6 },
  { on: 'addresses of both kinds', match: { source: ['10.0.0.0/8', '2001:db8::/64'] }, hits: NAMES },
  {
    on: 'any other address of either kind',
    match: { not: { destination: ['203.0.113.80', '2001:db8:9::/64'] } },
    hits: IPV6,
  },
  {
    on: 'a source of one family and a destination of both',
    match: { source: '10.0.0.1-10.0.0.9', not: { destination: ['1.1.1.1', '::1'] } },
    hits: IPV4,
  },
  { on: 'a group in a group', match: { destination: '@servers' }, hits: NAMES },
  { on: 'an empty group', match: { source: '@nobody' }, hits: [] },
  { on: 'anyone but an empty group', match: { not: { source: '@nobody' } }, hits: NAMES },
  {
    on: 'a SYN',
    match: { protocol: 'tcp', tcpFlags: { mask: ['syn', 'ack'], set: ['syn'] } },
    hits: ['web', 'web6', 'firstPiece'],
  },
  {
    on: 'TCP that is no SYN',
    match: { not: { tcpFlags: { mask: ['syn', 'ack'], set: ['ack'] } } },
    hits: ['web', 'web6', 'firstPiece'],
  },
  { on: 'flags of what is not TCP', match: { protocol: 'udp', tcpFlags: { mask: ['syn'], set: [] } }, hits: [] },
  { on: 'an echo request by name', match: { protocol: 'icmp', icmpType: 'echo-request' }, hits: ['ping'] },
  {
    on: 'an echo request of either family',
    match: { protocol: ['icmp', 'icmpv6'], icmpType: 'echo-request' },
    hits: ['ping', 'ping6'],
  },
  { on: 'an ICMPv6 type by number', match: { protocol: 'icmpv6', icmpType: 128 }, hits: ['ping6'] },
  { on: 'a number that the other family uses', match: { protocol: 'icmpv6', icmpType: 8 }, hits: [] },
  {
    on: 'any other ICMP',
    match: { protocol: 'icmp', not: { icmpType: ['echo-request', 'echo-reply'] } },
    hits: ['noPort'],
  },
  { on: 'interfaces by prefix', match: { inInterface: 'lan*' }, hits: NAMES },
  { on: 'an interface that is longer', match: { inInterface: 'lan' }, hits: [] },
  { on: 'any other interface', match: { not: { inInterface: ['wan', 'dmz*'] } }, hits: NAMES },
];

const GROUPS: Groups = { servers: ['@web', '2001:db8:1::/48'], web: ['203.0.113.0/24'], nobody: [] };

describe('a match', () => {
  it.each(ROWS)('on $on', ({ match, hits }) => {
    const program = chain({ forward: { rules: [{ match, action: 'drop' }] } }, GROUPS);
    expect(NAMES.filter((name) => program.decide(seen(PACKETS[name])).verdict === 'drop')).toEqual(hits);
  });

  it.each<[match: Match, sight: Partial<Sight>, hit: boolean]>([
    [{ state: ['established', 'related'] }, { state: 'established' }, true],
    [{ state: ['established', 'related'] }, { state: 'new' }, false],
    [{ state: 'new' }, { state: undefined }, false],
    [{ state: 'invalid' }, { state: undefined }, true],
    [{ state: 'invalid' }, { state: 'untracked' }, false],
    [{ not: { state: 'new' } }, { state: undefined }, true],
    [{ not: { state: ['invalid', 'untracked'] } }, { state: 'untracked' }, false],
    [{ state: 'dnat' }, { state: 'new', dnat: true }, true],
    [{ state: 'snat' }, { state: 'new', dnat: true }, false],
    [{ state: ['established', 'dnat'] }, { state: 'established' }, true],
    [{ not: { state: 'snat' } }, { state: 'established', snat: true }, false],
    [{ not: { state: 'dnat' } }, { state: 'untracked' }, true],
    [{ inInterface: 'l*' }, { in: undefined }, false],
    [{ not: { inInterface: 'wan' } }, { in: undefined }, true],
    [{ outInterface: ['dmz', 'wan'] }, {}, true],
    [{ not: { outInterface: 'wan' } }, {}, false],
  ])('%j of %j: %s', (match, sight, hit) => {
    const { verdict } = chain({ forward: { rules: [{ match, action: 'drop' }] } }).decide(seen(web, sight));
    expect(verdict).toBe(hit ? 'drop' : 'accept');
  });

  it.each<[what: string, match: Match]>([
    ['an address', { source: '10.0.0.1/8' }],
    ['a port', { protocol: 'tcp', sourcePort: 'no-such-service' }],
  ])('with %s that no check would pass is a broken invariant', (_, match) => {
    expect(() => chain({ forward: { rules: [{ match, action: 'drop' }] } })).toThrow(/names no/);
  });
});

describe('a chain', () => {
  it('that is not written is not there', () => {
    expect(compileFirewall({ input: {} }, undefined).chains).toMatchObject({ raw: undefined, forward: undefined });
  });

  it('accepts what no rule decides, unless its policy is drop', () => {
    expect(chain({ forward: {} }).decide(seen(web))).toMatchObject({
      verdict: 'accept',
      place: 'firewall.forward.policy',
    });
    expect(chain({ forward: { policy: 'drop' } }).decide(seen(web)).verdict).toBe('drop');
  });

  it('says which rule decided and by what name', () => {
    const rules: Rule[] = [
      { match: { protocol: 'udp' }, action: 'accept' },
      { name: 'no web', action: 'drop' },
    ];
    expect(chain({ forward: { rules } }).decide(seen(web))).toEqual({
      verdict: 'drop',
      place: 'firewall.forward.rules[1]',
      name: 'no web',
      passed: [],
      notrack: false,
    });
  });

  it('rejects with port unreachable unless the rule says otherwise', () => {
    expect(chain({ forward: { rules: [{ action: 'reject' }] } }).decide(seen(web)).with).toBe('icmp-port-unreachable');
    const reset = chain({ forward: { rules: [{ action: 'reject', with: 'tcp-reset' }] } });
    expect(reset.decide(seen(web)).with).toBe('tcp-reset');
  });

  it('goes on after log and notrack, and through the chains it jumps to', () => {
    const firewall: Firewall = {
      raw: {
        rules: [
          { action: 'log', prefix: 'web: ' },
          { action: 'jump', chain: 'untracked' },
          { action: 'jump', chain: 'empty' },
          { action: 'drop' },
        ],
      },
      chains: { untracked: [{ action: 'notrack' }, { action: 'return' }, { action: 'accept' }], empty: [] },
    };
    expect(compileFirewall(firewall, undefined).chains.raw?.decide(seen(web))).toEqual({
      verdict: 'drop',
      place: 'firewall.raw.rules[3]',
      passed: [
        { place: 'firewall.raw.rules[0]', action: 'log', prefix: 'web: ' },
        { place: 'firewall.raw.rules[1]', action: 'jump' },
        { place: 'firewall.chains.untracked[0]', action: 'notrack' },
        { place: 'firewall.chains.untracked[1]', action: 'return' },
        { place: 'firewall.raw.rules[2]', action: 'jump' },
      ],
      notrack: true,
    });
  });

  it('leaves it to the policy when it returns itself', () => {
    const rules: Rule[] = [{ action: 'return' }, { action: 'accept' }];
    const decision = chain({ forward: { policy: 'drop', rules } }).decide(seen(web));
    expect(decision).toMatchObject({
      verdict: 'drop',
      place: 'firewall.forward.policy',
      passed: [{ action: 'return' }],
    });
  });

  it('drops a packet that jumps deeper than the kernel can count', () => {
    const deep = (count: number) => {
      const chains = Object.fromEntries(
        Array.from({ length: count }, (_, i): [string, Rule[]] => [
          `c${i}`,
          [i + 1 < count ? { action: 'jump', chain: `c${i + 1}` } : { action: 'accept' }],
        ]),
      );
      return chain({ forward: { rules: [{ action: 'jump', chain: 'c0' }] }, chains }).decide(seen(web));
    };
    expect(deep(JUMP_DEPTH)).toMatchObject({ verdict: 'accept', place: `firewall.chains.c${JUMP_DEPTH - 1}[0]` });
    expect(deep(JUMP_DEPTH + 1)).toMatchObject({ verdict: 'drop', place: `firewall.chains.c${JUMP_DEPTH - 1}[0]` });
  });

  it('that is not there cannot be jumped to', () => {
    expect(() => chain({ forward: { rules: [{ action: 'jump', chain: 'gone' }] } })).toThrow('"gone"');
  });
});
