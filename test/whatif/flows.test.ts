/** Which flows there are, and where the outside is. */
import { describe, expect, it } from 'vitest';
import { check } from '../../src/sim/design/check.ts';
import type { Design, Node } from '../../src/sim/design/design.ts';
import type { NatRule } from '../../src/sim/design/nat.ts';
import { analyse } from '../../src/whatif/analysis.ts';
import { showFlow } from '../../src/whatif/flows.ts';
import { withInternet } from '../../src/whatif/internet.ts';
import { HOME, SQUARE } from './nets.ts';

function flowsFrom(design: Design, from: string): string[] {
  return analyse(design, { from: (name) => name === from }).flows.map(showFlow);
}

describe('the flows of a design', () => {
  it('are each node to each service and ping of the others', () => {
    expect(flowsFrom(HOME, 'two')).toEqual([
      'two → one 192.168.0.2:80 tcp (http)',
      'two → one 203.0.113.5:80 tcp (http)',
      'two → one 192.168.0.2 ping',
      'two → gw 192.168.0.1 ping',
      'two → gw 203.0.113.5 ping',
      'two → isp 203.0.113.1 ping',
      'two → internet 198.51.100.2:80 tcp (http)',
      'two → internet 198.51.100.2:443 tcp (http)',
      'two → internet 198.51.100.2:53 udp (dns)',
      'two → internet 198.51.100.2:53 tcp (dns)',
      'two → internet 198.51.100.2 ping',
    ]);
  });

  it('ask from outside for what is public', () => {
    expect(flowsFrom(HOME, 'internet')).toEqual([
      'internet → one 203.0.113.5:80 tcp (http)',
      'internet → gw 203.0.113.5 ping',
      'internet → isp 203.0.113.1 ping',
    ]);
  });

  const lead = (rule: NatRule, services: Node['services'] = ['tcp/8080']): string[] => {
    const { one, gw } = HOME.nodes;
    if (one === undefined || gw === undefined) throw new Error('no such nodes');
    const nodes = { ...HOME.nodes, one: { ...one, services }, gw: { ...gw, nat: { rules: [rule] } } };
    const design = { ...HOME, nodes };
    expect(check(design)).toEqual([]);
    return flowsFrom(design, 'internet').filter((line) => line.includes('→ one') || line.includes('(http)'));
  };

  it.each<[what: string, rule: NatRule, flows: string[]]>([
    [
      'a port that becomes another',
      { match: { inInterface: 'w*', protocol: 'tcp', destinationPort: 80 }, action: 'dnat', to: '192.168.0.2:8080' },
      ['internet → one 203.0.113.5:80 tcp (echo)'],
    ],
    [
      'an address of its own, given whole',
      { match: { destination: '203.0.113.77' }, action: 'dnat', to: '192.168.0.2' },
      ['internet → one 203.0.113.77:8080 tcp (echo)', 'internet → one 203.0.113.77 ping'],
    ],
    [
      'an address mapped one to one',
      { action: 'static', inside: '192.168.0.2/32', outside: '203.0.113.88/32' },
      ['internet → one 203.0.113.88:8080 tcp (echo)', 'internet → one 203.0.113.88 ping'],
    ],
    [
      'a pool that holds it',
      { match: { inInterface: 'wan', protocol: 'tcp' }, action: 'dnat', to: '192.168.0.2-192.168.0.9' },
      ['internet → one 203.0.113.5:8080 tcp (echo)', 'internet → two 203.0.113.5:80 tcp (http)'],
    ],
    [
      'a rule for another port',
      { match: { protocol: 'tcp', destinationPort: 80 }, action: 'dnat', to: '192.168.0.2' },
      [],
    ],
    ['a rule for another protocol', { match: { protocol: 'udp' }, action: 'dnat', to: '192.168.0.2' }, []],
    ['a rule to another port', { match: { protocol: 'tcp' }, action: 'dnat', to: '192.168.0.2:9' }, []],
  ])('follow %s', (_, rule, flows) => {
    expect(lead(rule)).toEqual(flows);
  });

  it('follow a redirect to the box itself', () => {
    const { gw } = HOME.nodes;
    if (gw === undefined) throw new Error('no gateway');
    const rule: NatRule = { match: { protocol: 'tcp', destinationPort: 80 }, action: 'redirect', to: ':3128' };
    const nodes = { ...HOME.nodes, gw: { ...gw, services: ['tcp/3128'], nat: { rules: [rule] } } };
    expect(flowsFrom({ ...HOME, nodes }, 'one').filter((line) => line.includes('→ gw'))).toEqual([
      'one → gw 192.168.0.1:3128 tcp (echo)',
      'one → gw 192.168.0.1:80 tcp (echo)',
      'one → gw 203.0.113.5:80 tcp (echo)',
      'one → gw 203.0.113.5:3128 tcp (echo)',
      'one → gw 192.168.0.1 ping',
      'one → gw 203.0.113.5 ping',
    ]);
  });

  it('end at a name server with an answer, and at a STUN server with a measurement', () => {
    const { one } = HOME.nodes;
    if (one === undefined) throw new Error('no host');
    const services: Node['services'] = [{ app: 'dns', records: { 'a.example': ['192.0.2.1'] } }, 'stun'];
    const analysis = analyse(
      { ...HOME, nodes: { ...HOME.nodes, one: { ...one, services } } },
      { from: (name) => name === 'two', to: (name) => name === 'one' },
    );
    const outcomes = analysis.flows.map(
      (flow) => `${flow.app} ${flow.protocol}: ${analysis.probe(flow)?.result.outcome}`,
    );
    expect(outcomes).toEqual(['dns udp: resolved', 'dns tcp: connected', 'stun udp: measured', 'ping icmp: replied']);
  });
});

describe('the outside', () => {
  const at = (design: Design) => {
    const outside = withInternet(design);
    if (outside === undefined) return undefined;
    expect(check(outside.design)).toEqual([]);
    return {
      name: outside.name,
      links: outside.design.links?.slice(design.links?.length ?? 0),
      scaffold: [...outside.scaffold],
    };
  };

  it('is behind a router of the public Internet', () => {
    expect(at(HOME)).toEqual({
      name: 'internet',
      links: [['isp:internet', 'internet:eth0']],
      scaffold: ['isp:internet'],
    });
  });

  it('is behind the router where default routes end', () => {
    const { publicInternet, ...design } = HOME;
    expect(at(design)?.links).toEqual([['gw:internet', 'internet:eth0']].map(() => ['isp:internet', 'internet:eth0']));
  });

  it('is behind a next hop that nobody has, and reached there', () => {
    const { isp, ...nodes } = HOME.nodes;
    const design: Design = { nodes, links: [['one', 'two', 'gw:lan']] };
    expect(at(design)).toEqual({
      name: 'internet',
      links: [
        ['gw:wan', 'internet-edge:in'],
        ['internet-edge:out', 'internet:eth0'],
      ],
      scaffold: ['internet-edge'],
    });
    const analysis = analyse(design, { from: (name) => name === 'one' || name === 'internet' });
    const reached = analysis.flows.filter((flow) => analysis.probe(flow)?.reached).map(showFlow);
    expect(reached).toContain('one → internet 198.51.100.2:443 tcp (http)');
    expect(reached).toContain('internet → one 203.0.113.5:80 tcp (http)');
    expect(reached.join()).not.toContain('edge');
  });

  it('joins a link that is there', () => {
    const { isp, ...nodes } = HOME.nodes;
    const design: Design = {
      nodes: { ...nodes, spy: { kind: 'host', interfaces: { eth0: '203.0.113.9/24' } } },
      links: [['one', 'two', 'gw:lan'], { between: ['gw:wan', 'spy'] }],
    };
    expect(withInternet(design)?.design.links?.[1]).toEqual({ between: ['gw:wan', 'spy', 'internet-edge:in'] });
  });

  it('is called otherwise where that name is taken, and takes free addresses', () => {
    const design: Design = {
      ...HOME,
      groups: { partners: ['198.51.100.0/24'] },
      nodes: { ...HOME.nodes, internet: { kind: 'host', interfaces: { eth0: '192.168.0.9/24' } } },
      links: [
        ['one', 'two', 'gw:lan', 'internet'],
        ['gw:wan', 'isp'],
      ],
    };
    expect(withInternet(design)?.name).toBe('outside');
    expect(withInternet(design)?.design.nodes.outside?.interfaces).toEqual({ eth0: ['192.0.2.2/24'] });
  });

  it('is nowhere in a network without a way out', () => {
    const { a, b, ...routers } = SQUARE.nodes;
    expect(at({ nodes: routers })).toBeUndefined();
  });
});
