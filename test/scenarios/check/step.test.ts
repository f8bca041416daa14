import { describe, expect, it } from 'vitest';
import { checkChange, checkScenario } from '../../../src/scenarios/check/scenario.ts';
import { checkStep } from '../../../src/scenarios/check/step.ts';
import { showIssue } from '../../../src/scenarios/issue.ts';
import type { Change, Scenario, Step } from '../../../src/scenarios/schema.ts';
import type { Design } from '../../../src/sim/design/design.ts';

const DESIGN: Design = {
  nodes: {
    a: { kind: 'host', interfaces: { e: '10.0.0.1/24' } },
    b: { kind: 'host', interfaces: { e: '10.0.0.2/24', f: '10.1.0.2/24' }, resolver: ['10.0.0.1'] },
    c: { kind: 'host', interfaces: { e: 'dhcp' } },
  },
  links: [{ between: ['a', 'b:e', 'c'], name: 'lan' }],
};

describe('checkStep', () => {
  it.each<Step>([
    { connect: { from: 'a', to: 'b', port: 80 } },
    { connect: { from: 'a', to: 'b:f', port: 80, protocol: 'udp' } },
    { ping: { from: 'a', to: '2001:db8::1' } },
    { ping: { from: 'a', to: 'www.example.com' } },
    { ping: { from: 'b', to: 'printer' } },
    { traceroute: { from: 'c', to: 'printer' } },
    { fetch: { from: 'a', url: 'http://b' } },
    { fetch: { from: 'a', url: 'http://b:8080/x?y=http://z' } },
    { fetch: { from: 'a', url: 'https://[2001:db8::1]:8443/' } },
    { resolve: { from: 'a', name: 'whatever' } },
    { ftp: { from: 'a', to: 'b', mode: 'passive' } },
    { send: { from: 'a', to: 'b', protocol: 'gre' } },
    { send: { from: 'a', to: 'b', protocol: 6, port: 0, tcpFlags: [] } },
    { send: { from: 'a', to: 'b', protocol: 'icmpv6', icmpType: 'packet-too-big' } },
    { send: { from: 'a', to: 'b', protocol: 'icmp', icmpType: 42 } },
    { wait: '5s' },
    { restart: 'a' },
    { inspect: 'a', expect: { connections: [] } },
  ])('finds nothing wrong with %j', (step) => {
    expect(checkStep(step, DESIGN)).toEqual([]);
  });

  it.each<[Step, string[]]>([
    [
      { ping: { from: 'x1', to: 'printer' } },
      ['ping.from: there is no node "x1"', 'ping.to: there is no node "printer"'],
    ],
    [
      { ping: { from: 'a', to: 'a:b:c:d:e' } },
      ['ping.to: "a:b:c:d:e" is not an IPv6 address: it has 5 groups instead of 8'],
    ],
    [{ ping: { from: 'a', to: '1.2.3' } }, ['ping.to: "1.2.3" is not an IPv4 address: it has 3 numbers instead of 4']],
    [{ ping: { from: 'a', to: '@lan' } }, ['ping.to: "@lan" is neither a node nor an address nor a DNS name']],
    [{ fetch: { from: 'a', url: 'http://b:http/' } }, ['fetch.url: "http" is not a port: write 1 to 65535']],
    [{ fetch: { from: 'a', url: 'http://b:0/' } }, ['fetch.url: "0" is not a port: write 1 to 65535']],
    [
      { send: { from: 'a', to: 'b', protocol: 'esp', port: 1, sourcePort: 2 } },
      ['send.port: esp has no ports', 'send.sourcePort: esp has no ports'],
    ],
    [{ send: { from: 'a', to: 'b', protocol: 17 } }, ['send: 17 needs a "port" to send to']],
  ])('%j', (step, lines) => {
    expect(checkStep(step, DESIGN).map(showIssue)).toEqual(lines);
  });
});

describe('checkChange', () => {
  it.each<[Change, string[]]>([
    [{ linkDown: 'lan' }, []],
    [[{ linkUp: ['a', 'c'] }, { nodeDown: 'a' }, { nodeUp: 'a' }], []],
    [[{ op: 'remove', path: '/links' }, { linkDown: 'lan' }], ['[1].linkDown: there is no link "lan"']],
    [{ linkUp: 'lna' }, ['linkUp: there is no link "lna" (did you mean "lan"?)']],
    [{ linkUp: ['a', 'b:f'] }, ['linkUp: there is no link between a and b:f']],
    [{ nodeUp: 'd' }, ['nodeUp: there is no node "d" (did you mean "a"?)']],
    [
      [
        { nodeDown: 'a' },
        { op: 'add', path: '/publicInternet', value: ['a'] },
        { op: 'add', path: '/nodes/a/gateway', value: '10.9.9.9' },
      ],
      [
        '[2].value: 10.9.9.9 is not on a prefix that a is connected to',
        '[1].value[0]: a is a host, which forwards nothing: name a router',
      ],
    ],
    [
      [
        { op: 'remove', path: '/nodes/c' },
        { op: 'test', path: '/nodes/b/kind', value: 'host' },
      ],
      ['[1].path: links[0].between[2]: there is no node "c" (did you mean "a"?)'],
    ],
  ])('%j', (change, lines) => {
    const after = checkChange(change, DESIGN);
    expect(Array.isArray(after) ? after.map(showIssue) : []).toEqual(lines);
  });

  it('is the design afterwards', () => {
    const after = checkChange({ op: 'remove', path: '/nodes/b/resolver' }, DESIGN) as Design;
    expect(after.nodes.b).toEqual({ kind: 'host', interfaces: { e: '10.0.0.2/24', f: '10.1.0.2/24' } });
    expect(checkChange([], DESIGN)).toBe(DESIGN);
  });
});

describe('checkScenario', () => {
  const issues = (rest: Omit<Scenario, 'name' | 'network'>) =>
    checkScenario({ name: 's', network: DESIGN, ...rest }, DESIGN).map(showIssue);

  it('meets the design as the changes before leave it', () => {
    const steps: Step[] = [
      { restart: 'd' },
      { change: { op: 'move', from: '/nodes/c', path: '/nodes/d' } },
      { restart: 'd' },
    ];
    const moved: Change = [
      { op: 'move', from: '/nodes/c', path: '/nodes/d' },
      { op: 'replace', path: '/links/0/between/2', value: 'd' },
    ];
    expect(issues({ steps: [{ restart: 'd' }, { change: moved }, { restart: 'd' }, { restart: 'c' }] })).toEqual([
      'steps[0].restart: there is no node "d" (did you mean "a"?)',
      'steps[3].restart: there is no node "c" (did you mean "a"?)',
    ]);
    expect(issues({ steps })).toEqual([
      'steps[0].restart: there is no node "d" (did you mean "a"?)',
      'steps[1].change.path: links[0].between[2]: there is no node "c" (did you mean "a"?)',
    ]);
  });

  it('says no more after a change before the first step that fails', () => {
    expect(issues({ change: { nodeDown: 'x1' }, steps: [{ restart: 'nobody' }] })).toEqual([
      'change.nodeDown: there is no node "x1"',
    ]);
  });
});
