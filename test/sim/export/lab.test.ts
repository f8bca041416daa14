import { describe, expect, it } from 'vitest';
import type { Design } from '../../../src/sim/design/design.ts';
import { planLab } from '../../../src/sim/export/lab.ts';
import { linkCommands, routesCommand, ruleCommands, showScript } from '../../../src/sim/export/lab-script.ts';

const LONG = 'uplink-to-the-provider';
const design: Design = {
  nodes: {
    pc: { kind: 'host', interfaces: { eth0: ['192.168.0.10/24', 'fd00::10/64'] }, gateway: '192.168.0.1' },
    gw: {
      kind: 'gateway',
      interfaces: {
        lan: { addresses: ['192.168.0.1/24', 'fd00::1/64', 'fe80::1/64'], mtu: 1400 },
        [LONG]: '203.0.113.2/24',
        lo: { addresses: [], up: false },
      },
      nat: { behaviour: 'symmetric', rules: [{ action: 'masquerade', match: { outInterface: 'uplink*' } }] },
      tracking: { max: 5 },
    },
    isp: { kind: 'router', interfaces: { eth0: '203.0.113.1/24' } },
    web: { kind: 'host', interfaces: { eth0: '203.0.113.80/24' } },
  },
  links: [
    ['pc', 'gw:lan'],
    { between: [`gw:${LONG}`, 'isp', 'web'], latency: '5ms', loss: 0.01, bandwidth: '10Mbit', up: false },
  ],
  publicInternet: ['isp'],
};
const lab = planLab(design, { prefix: 'mbtest' });
const node = (name: string) => lab.nodes.find((each) => each.node === name);

describe('the plan of a lab', () => {
  it('has a namespace for every node and one for the cables', () => {
    expect([lab.wires, ...lab.nodes.map(({ namespace }) => namespace)]).toEqual([
      'mbtest-wires',
      'mbtest.pc',
      'mbtest.gw',
      'mbtest.isp',
      'mbtest.web',
    ]);
  });

  it('keeps the names of interfaces, as far as the kernel takes them', () => {
    expect([...(node('gw')?.devices ?? [])]).toEqual([
      ['lan', 'lan'],
      [LONG, 'if1_uplink-to-'],
      ['lo', 'if2_lo'],
    ]);
    for (const { ports } of lab.cables) for (const { device } of ports) expect(device.length).toBeLessThanOrEqual(15);
  });

  it('gives addresses, IPv6 ones without detection of duplicates', () => {
    expect(node('pc')?.addresses).toEqual([
      'link set lo up',
      'link set dev eth0 addrgenmode eui64',
      'address add 192.168.0.10/24 dev eth0',
      'address add fd00::10/64 nodad dev eth0',
      'link set dev eth0 up',
    ]);
  });

  it('derives a link-local address only where IPv6 is and none is written, and leaves down what is down', () => {
    expect(node('gw')?.addresses.filter((line) => !line.startsWith('address'))).toEqual([
      'link set lo up',
      'link set dev lan addrgenmode none',
      'link set dev lan up',
      'link set dev if1_uplink-to- addrgenmode none',
      'link set dev if1_uplink-to- up',
      'link set dev if2_lo addrgenmode none',
    ]);
  });

  it('joins the ends of each link in a bridge; what no link joins ends loose', () => {
    expect(lab.cables.map(({ link, bridge, up, ports }) => [link, bridge, up, ports.map(({ port }) => port)])).toEqual([
      [0, 'l0', true, ['l0p0', 'l0p1']],
      [1, 'l1', false, ['l1p0', 'l1p1', 'l1p2']],
      [undefined, undefined, false, ['loose0']],
    ]);
  });

  it('emulates what the design says of a link, and nothing else', () => {
    expect(lab.cables.map(({ netem }) => netem)).toEqual([undefined, 'delay 5ms loss 1% rate 10000000bit', undefined]);
    const written: Design = { ...design, links: [{ between: ['pc', 'gw:lan'], name: 'short' }] };
    expect(planLab(written, { prefix: 'x' }).cables[0]?.netem).toBeUndefined();
  });

  it('has a ruleset that speaks of the interfaces as the kernel does', () => {
    expect(node('gw')?.ruleset).toContain('oifname "if1_uplink-to-" counter masquerade comment "nat.rules[0]"');
    expect(node('isp')?.ruleset).toContain('comment "publicInternet"');
    expect(node('web')?.ruleset).not.toContain('publicInternet');
  });

  it('says what the kernel does otherwise', () => {
    expect(lab.gaps.map(({ place }) => place)).toEqual([
      'nodes.gw.nat.behaviour',
      'nodes.gw.tracking.max',
      'links[0]',
      'links[1].loss',
    ]);
  });

  it('says that its name server has no DNS64, and its kernel no NAT64', () => {
    const border: Design['nodes'][string] = {
      kind: 'gateway',
      services: ['http', { app: 'dns', dns64: '64:ff9b::/96' }, { app: 'dns', port: 54 }],
      nat: { rules: [{ action: 'nat64', prefix: '64:ff9b::/96', pool: ['203.0.113.9'] }] },
    };
    const { gaps } = planLab({ ...design, nodes: { ...design.nodes, border } }, { prefix: 'mbtest' });
    expect(gaps.map(({ place }) => place).filter((place) => place.startsWith('nodes.border'))).toEqual([
      'nodes.border.nat.rules[0]',
      'nodes.border.services[1].dns64',
    ]);
  });
});

describe('the commands of a lab', () => {
  const commands = [...linkCommands(lab), ...ruleCommands(lab)];

  it('make namespaces, settings, cables, addresses, routes and rules, in this order', () => {
    const order = commands.map(({ argv }) =>
      argv.includes('nft') ? 'nft' : argv.includes('sysctl') ? 'sysctl' : argv[0],
    );
    expect(order.join(' ')).toBe(
      [...Array(5).fill('ip'), ...Array(5).fill('sysctl'), 'ip ip tc tc tc ip ip ip ip ip nft nft'].flat().join(' '),
    );
  });

  it('make both ends of a cable where they belong', () => {
    const input = commands.map((command) => command.input ?? '').find((text) => text.includes('veth'));
    expect(input?.split('\n')[1]).toMatch(
      /^link add name lan netns mbtest\.gw address 02(:[0-9a-f]{2}){5} mtu 1400 type veth peer name l0p1 netns mbtest-wires mtu 65535$/,
    );
  });

  it('leave the ports of a cut cable down', () => {
    const input = commands.map((command) => command.input ?? '').find((text) => text.includes('type bridge'));
    expect(input?.match(/link set dev l0p\d up/g)).toHaveLength(2);
    expect(input?.match(/link set dev l1p\d up/g)).toBeNull();
  });

  it('may fail where the kernel may lack something', () => {
    expect(new Set(commands.filter(({ optional }) => optional !== undefined).map(({ argv }) => argv[0]))).toEqual(
      new Set(['tc', 'ip']),
    );
  });

  it('set no routes where there are none', () => {
    expect(lab.nodes.map((each) => routesCommand(each).length)).toEqual([1, 0, 0, 0]);
  });
});

describe('the script of a lab', () => {
  const text = showScript(lab);

  it('says how to enter the nodes, how to take it down, and what is not the same', () => {
    expect(text).toMatch(/^#!\/bin\/sh\n/);
    expect(text).toContain('#   pc: ip netns exec mbtest.pc sh');
    expect(text).toContain(
      'for n in mbtest-wires mbtest.pc mbtest.gw mbtest.isp mbtest.web; do ip netns del "$n"; done',
    );
    expect(text).toContain('# Not the same as the design: nodes.gw.nat.behaviour: ');
  });

  it('gives each command its input, and goes on where it may', () => {
    expect(text).toContain("ip -n mbtest.pc -batch - <<'END'\nlink set lo up\n");
    expect(text).toContain("ip -n mbtest.pc -force -batch - <<'END' || echo 'missing: a route' >&2\nroute append");
    expect(text).toMatch(
      /\ntc -n mbtest-wires qdisc .* delay 5ms loss 1% rate 10000000bit \|\| echo 'missing: latency/,
    );
  });
});
