import { type Draft, produce } from 'immer';
import { describe, expect, it } from 'vitest';
import { parseIp, showIp } from '../../../src/sim/addr/ip.ts';
import { parsePrefix } from '../../../src/sim/addr/prefix.ts';
import type { Design, Node } from '../../../src/sim/design/design.ts';
import type { Rule } from '../../../src/sim/design/rule.ts';
import { compile, compileNode } from '../../../src/sim/program/compile.ts';
import { macOf } from '../../../src/sim/program/interface.ts';
import type { NodeProgram, Surroundings } from '../../../src/sim/program/program.ts';

const ip = (text: string) => parseIp(text) ?? expect.unreachable(text);
const prefix = (text: string) => parsePrefix(text) ?? expect.unreachable(text);

const OFFICE: Design = {
  groups: { servers: ['10.0.0.80'] },
  nodes: {
    laptop: { kind: 'host', interfaces: { eth0: '192.168.1.10/24' }, gateway: '192.168.1.1' },
    gw: {
      kind: 'gateway',
      interfaces: { lan: '192.168.1.1/24', wan: '203.0.113.2/24' },
      gateway: '203.0.113.1',
      firewall: {
        forward: {
          policy: 'drop',
          rules: [
            { match: { destination: '@servers' }, action: 'accept' },
            { match: { inInterface: 'lan' }, action: 'accept' },
          ],
        },
      },
      nat: { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' }] },
    },
    isp: { kind: 'router', interfaces: { cust: '203.0.113.1/24' }, firewall: { forward: {} } },
    printer: { kind: 'host', interfaces: { eth0: '192.168.1.20/24' } },
  },
  links: [
    ['laptop', 'gw:lan', 'printer'],
    ['gw:wan', 'isp:cust'],
  ],
  publicInternet: ['isp'],
};

function node(parts: Partial<Node>): NodeProgram {
  return compileNode({ nodes: { n: { kind: 'router', ...parts } } }, 'n');
}

function edited(recipe: (draft: Draft<Design>) => void): Design {
  return produce(OFFICE, recipe);
}

/** Which nodes of the edited design are not the same object as before. */
function recompiled(after: Design): string[] {
  const before = compile(OFFICE);
  return [...compile(after)].filter(([name, program]) => before.get(name) !== program).map(([name]) => name);
}

describe('a program', () => {
  it('has every node, with what its kind and the design say', () => {
    const program = compile(OFFICE);
    expect([...program.keys()]).toEqual(['laptop', 'gw', 'isp', 'printer']);
    expect(program.get('laptop')).toMatchObject({
      name: 'laptop',
      kind: 'host',
      forwards: false,
      publicInternet: false,
    });
    expect(program.get('isp')).toMatchObject({ kind: 'router', forwards: true, publicInternet: true });
  });

  it('knows which link each interface is on', () => {
    const interfaces = compile(OFFICE).get('gw')?.interfaces;
    expect([interfaces?.get('lan')?.link, interfaces?.get('wan')?.link]).toEqual([0, 1]);
    expect(node({ interfaces: { lan: '10.0.0.1/24' } }).interfaces.get('lan')?.link).toBeUndefined();
  });

  it('has the defaults of the kernel where the design says nothing', () => {
    expect(node({})).toMatchObject({
      reversePathFilter: 'off',
      icmpRateLimit: false,
      firewall: { raw: undefined, input: undefined, forward: undefined, output: undefined },
      nat: undefined,
      tracking: {
        max: 262_144,
        loose: true,
        timeouts: { tcpEstablished: 432_000_000, udp: 30_000, udpStream: 120_000, icmp: 30_000, generic: 600_000 },
      },
    });
  });

  it('has what the design says instead', () => {
    const program = node({
      reversePathFilter: 'strict',
      icmpRateLimit: true,
      tracking: { max: 10, loose: false, timeouts: { udp: '2s' } },
      nat: { helpers: ['ftp'] },
    });
    expect(program).toMatchObject({
      reversePathFilter: 'strict',
      icmpRateLimit: true,
      tracking: { max: 10, loose: false, timeouts: { udp: 2000, udpStream: 120_000 } },
      helpers: new Set(['ftp']),
    });
  });

  it('owns the addresses of all interfaces, and loopback', () => {
    const program = node({ interfaces: { a: '10.0.0.1/24', b: ['10.1.0.1/24', '2001:db8::1/64'] } });
    for (const own of ['10.0.0.1', '10.1.0.1', '2001:db8::1', '127.0.0.1', '127.9.9.9', '::1']) {
      expect(program.owns(ip(own))).toBe(true);
    }
    for (const other of ['10.0.0.2', '10.0.0.255', '2001:db8::', '0.0.0.0'])
      expect(program.owns(ip(other))).toBe(false);
  });

  it('hears what is meant for everyone', () => {
    const { isBroadcast } = node({ interfaces: { a: '10.0.0.1/24' } });
    for (const all of ['255.255.255.255', '10.0.0.255', '224.0.0.1', 'ff02::1', 'ff01::1']) {
      expect(isBroadcast(ip(all))).toBe(true);
    }
    for (const few of ['10.0.0.1', '10.0.0.0', '10.0.1.255', '224.0.0.5', 'ff02::2']) {
      expect(isBroadcast(ip(few))).toBe(false);
    }
  });

  it('of a node that is not there, or of text that no check would pass, is a broken invariant', () => {
    expect(() => compileNode(OFFICE, 'nobody')).toThrow('no node "nobody"');
    expect(() => compileNode(OFFICE, 'toString')).toThrow('no node');
    expect(() => node({ resolver: ['nowhere'] })).toThrow('not an address');
    expect(() => node({ gateway: 'nowhere' })).toThrow('not an address');
    expect(() => node({ routes: [{ to: 'nowhere', via: '10.0.0.1' }] })).toThrow('not a prefix');
    expect(() => node({ tracking: { timeouts: { udp: 'soon' } } })).toThrow('no duration');
  });
});

describe('MAC addresses', () => {
  it('are unicast, locally administered and fit 48 bits', () => {
    for (const name of ['eth0', 'wan', 'x'.repeat(40)]) {
      const mac = macOf('gw', name);
      expect(Math.floor(mac / 2 ** 40)).toBe(2);
      expect(Number.isInteger(mac)).toBe(true);
    }
  });

  it('differ by node and by interface, and so do the link-local addresses they give', () => {
    const names = ['a', 'b', 'aa', 'ab', 'b:a', ''];
    const all = names.flatMap((node) => names.map((name) => macOf(node, `${name}0`)));
    expect(new Set(all).size).toBe(all.length);
    const program = node({ interfaces: { a: '2001:db8:a::1/64', b: '2001:db8:b::1/64' } });
    const derived = [...program.interfaces.values()].map(({ addresses }) => addresses.at(-1)?.ip);
    expect(new Set(derived).size).toBe(2);
    expect(showIp(derived[0] ?? ip('::'))).toMatch(/^fe80::[0-9a-f]{1,2}:[0-9a-f]+:fe[0-9a-f]{2}:[0-9a-f]+$/);
  });
});

describe('tracking', () => {
  const accept = (state: 'established' | 'snat'): Rule => ({ match: { state }, action: 'accept' });

  it.each<[why: string, parts: Partial<Node>, tracked: number[], translated: number[]]>([
    ['nothing asks for it', { firewall: { forward: { rules: [{ action: 'drop' }] } } }, [], []],
    ['a rule asks for a state', { firewall: { forward: { rules: [accept('established')] } } }, [4, 6], []],
    ['a rule in a user chain does', { firewall: { chains: { mine: [accept('snat')] } } }, [4, 6], []],
    [
      'a rule asks for another state',
      { firewall: { input: { rules: [{ match: { not: { state: 'new' } }, action: 'drop' }] } } },
      [4, 6],
      [],
    ],
    ['notrack alone does not', { firewall: { raw: { rules: [{ action: 'notrack' }] } } }, [], []],
    ['a translation of IPv4 needs it', { nat: { rules: [{ action: 'masquerade' }] } }, [4], [4]],
    ['a translation of IPv6 needs it', { nat: { rules: [{ action: 'masquerade', family: 'ipv6' }] } }, [6], [6]],
    [
      'a translation asks for a state, which it can only of its own family',
      { nat: { rules: [{ match: { state: 'dnat' }, action: 'masquerade' }] } },
      [4],
      [4],
    ],
    ['a helper needs it', { nat: { helpers: ['ftp'] } }, [4, 6], []],
    ['an empty list of translations does not', { nat: { rules: [] } }, [], []],
  ])('where %s', (_, parts, tracked, translated) => {
    const program = node(parts);
    expect([...program.tracks]).toEqual(tracked);
    expect([...program.translates]).toEqual(translated);
    expect(program.nat === undefined).toBe(translated.length === 0);
  });
});

describe('compiling again', () => {
  it('gives the same objects for the same design', () => {
    expect(recompiled(OFFICE)).toEqual([]);
  });

  it('after an edit of a rule compiles that node only, and not its routes', () => {
    const after = edited((draft) => {
      draft.nodes.gw?.firewall?.forward?.rules?.push({ action: 'reject' });
    });
    expect(recompiled(after)).toEqual(['gw']);
    const [before, now] = [compileNode(OFFICE, 'gw'), compileNode(after, 'gw')];
    expect(now.fib).toBe(before.fib);
    expect(now.interfaces).toBe(before.interfaces);
    expect(now.nat).toBe(before.nat);
    expect(now.firewall.forward).not.toBe(before.firewall.forward);
  });

  it('after an edit of a route keeps chains and translations', () => {
    const after = edited((draft) => {
      if (draft.nodes.gw) draft.nodes.gw.routes = [{ to: '10.0.0.0/8', type: 'blackhole' }];
    });
    expect(recompiled(after)).toEqual(['gw']);
    const [before, now] = [compileNode(OFFICE, 'gw'), compileNode(after, 'gw')];
    expect(now.fib).not.toBe(before.fib);
    expect(now.interfaces).toBe(before.interfaces);
    expect(now.firewall).toBe(before.firewall);
  });

  it('after an edit of a group compiles the nodes that have rules', () => {
    const after = edited((draft) => {
      draft.groups?.servers?.push('10.0.0.81');
    });
    expect(recompiled(after)).toEqual(['gw', 'isp']);
    expect(compileNode(after, 'gw').fib).toBe(compileNode(OFFICE, 'gw').fib);
  });

  it('after a link is added or gone compiles the nodes whose interfaces moved', () => {
    const first = edited((draft) => {
      draft.links?.shift();
    });
    expect(recompiled(first)).toEqual(['laptop', 'gw', 'isp', 'printer']);
    const last = edited((draft) => {
      draft.links?.pop();
    });
    expect(recompiled(last)).toEqual(['gw', 'isp']);
    expect(compileNode(last, 'gw').fib).toBe(compileNode(OFFICE, 'gw').fib);
  });

  it('after the public Internet shrank compiles the router that is out', () => {
    const after = edited((draft) => {
      draft.publicInternet = [];
    });
    expect(recompiled(after)).toEqual(['isp']);
  });

  it('keeps nodes apart that share one object', () => {
    const shared: Node = { kind: 'host', interfaces: { eth0: '2001:db8::1/64' } };
    const design: Design = { nodes: { a: shared, b: shared } };
    const [a, b] = [compileNode(design, 'a'), compileNode(design, 'b')];
    expect(a.name).toBe('a');
    expect(a.interfaces.get('eth0')?.mac).not.toBe(b.interfaces.get('eth0')?.mac);
    expect(compileNode(design, 'a')).toBe(a);
  });
});

describe('surroundings', () => {
  const design: Design = { nodes: { r: { kind: 'router', interfaces: { wan: 'dhcp', lan: '10.0.0.1/24' } } } };
  const lease = { address: ip('192.0.2.50'), prefix: prefix('192.0.2.0/24'), resolver: [ip('192.0.2.53')] };
  const learned = [{ prefix: prefix('10.9.0.0/16'), via: ip('10.0.0.9'), interface: 'lan', cost: 1 }];
  const world = (more: Partial<Surroundings> = {}): Surroundings => ({
    leases: new Map([['wan', lease]]),
    learned,
    ...more,
  });
  const before = compileNode(design, 'r', world());

  it('that are equal give the same program', () => {
    expect(compileNode(design, 'r', world({ leases: new Map([['wan', { ...lease }]]), learned: [...learned] }))).toBe(
      before,
    );
    expect(compileNode(design, 'r', world({ learned: learned.map((route) => ({ ...route })) }))).toBe(before);
    expect(compile(design, () => world()).get('r')).toBe(before);
  });

  it.each<[what: string, more: Partial<Surroundings>]>([
    ['no lease', { leases: new Map() }],
    ['a lease of another interface', { leases: new Map([['lan', lease]]) }],
    ['another address', { leases: new Map([['wan', { ...lease, address: ip('192.0.2.51') }]]) }],
    ['another prefix', { leases: new Map([['wan', { ...lease, prefix: prefix('192.0.2.0/25') }]]) }],
    ['a router', { leases: new Map([['wan', { ...lease, router: ip('192.0.2.1') }]]) }],
    ['another resolver', { leases: new Map([['wan', { ...lease, resolver: [ip('192.0.2.54')] }]]) }],
    ['no resolver', { leases: new Map([['wan', { ...lease, resolver: [] }]]) }],
    ['nothing learned', { learned: [] }],
    ['another next hop', { learned: [{ ...learned[0], via: ip('10.0.0.8') }] as typeof learned }],
    ['another cost', { learned: [{ ...learned[0], cost: 2 }] as typeof learned }],
    ['another way', { learned: [{ ...learned[0], interface: 'wan' }] as typeof learned }],
    ['another destination', { learned: [{ ...learned[0], prefix: prefix('10.8.0.0/16') }] as typeof learned }],
  ])('that differ give another: %s', (_, more) => {
    compileNode(design, 'r', world());
    const after = compileNode(design, 'r', world(more));
    expect(after).not.toBe(before);
    expect(after.firewall).toBe(before.firewall);
  });

  it('are taken as they stand: leases may change in place afterwards', () => {
    const leases = new Map([['wan', lease]]);
    const first = compileNode(design, 'r', { leases, learned: [] });
    leases.set('wan', { ...lease, address: ip('192.0.2.99') });
    const second = compileNode(design, 'r', { leases, learned: [] });
    expect([first, second].map((program) => program.owns(ip('192.0.2.99')))).toEqual([false, true]);
  });
});
