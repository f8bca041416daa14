import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyDesign } from '../../../src/arbitraries/design.ts';
import { showIp } from '../../../src/sim/addr/ip.ts';
import { showPrefix } from '../../../src/sim/addr/prefix.ts';
import { InternalError } from '../../../src/sim/base/fail.ts';
import type { Design, InterfaceSpec } from '../../../src/sim/design/design.ts';
import { expandGroups } from '../../../src/sim/design/group.ts';
import {
  findLink,
  interfaceOf,
  interfacesOf,
  linksOf,
  nodeNamed,
  resolveEnd,
  sameEnd,
} from '../../../src/sim/design/topology.ts';

const DESIGN: Design = {
  groups: { web: ['10.0.0.1', '@all'], all: ['10.1.0.0/16', '@web', '@none'], empty: [] },
  nodes: {
    laptop: { kind: 'host', interfaces: { eth0: '192.168.0.4/24' } },
    phone: { kind: 'host', interfaces: { wlan0: 'dhcp' } },
    gw: { kind: 'gateway', interfaces: { lan: '192.168.0.1/24', wan: ['203.0.113.2/30', '2001:db8::2/64'] } },
    isp: { kind: 'router', interfaces: { cust: '203.0.113.1/30' } },
    bare: { kind: 'host' },
  },
  links: [
    ['laptop', 'gw:lan', 'phone'],
    { between: ['gw:wan', 'isp'], name: 'uplink', latency: '8ms', loss: 0.5, bandwidth: '10Mbit', cost: 7, up: false },
  ],
};

describe('linksOf', () => {
  it('fills in every default', () => {
    expect(linksOf(DESIGN)).toEqual([
      {
        index: 0,
        name: 'laptop - gw:lan - phone',
        ends: [
          { node: 'laptop', interface: 'eth0' },
          { node: 'gw', interface: 'lan' },
          { node: 'phone', interface: 'wlan0' },
        ],
        latencyMs: 1,
        loss: 0,
        cost: 1,
        up: true,
      },
      {
        index: 1,
        name: 'uplink',
        ends: [
          { node: 'gw', interface: 'wan' },
          { node: 'isp', interface: 'cust' },
        ],
        latencyMs: 8,
        loss: 0.5,
        bandwidth: 10e6,
        cost: 7,
        up: false,
      },
    ]);
    expect(linksOf({ nodes: {} })).toEqual([]);
  });

  it('fails where an end names no interface', () => {
    expect(() => linksOf({ ...DESIGN, links: [['gw', 'isp']] })).toThrow(InternalError);
  });

  it('names an interface of the design at every end of a generated network', () => {
    fc.assert(
      fc.property(anyDesign(), (design) => {
        for (const { ends } of linksOf(design)) {
          for (const end of ends) expect(design.nodes[end.node]?.interfaces).toHaveProperty([end.interface]);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('resolveEnd', () => {
  it.each([
    ['laptop', 'laptop:eth0'],
    ['laptop:eth0', 'laptop:eth0'],
    ['gw:lan', 'gw:lan'],
    ['gw', undefined],
    ['gw:eth0', undefined],
    ['gw:constructor', undefined],
    ['bare', undefined],
    ['printer', undefined],
    ['toString', undefined],
    ['gw:lan:x', undefined],
    ['', undefined],
  ])('%s is %s', (text, expected) => {
    const end = resolveEnd(DESIGN, text);
    expect(end && `${end.node}:${end.interface}`).toBe(expected);
  });
});

describe('findLink', () => {
  it.each<[string | string[], number | undefined]>([
    ['uplink', 1],
    ['laptop - gw:lan - phone', 0],
    ['upling', undefined],
    [['gw:wan', 'isp:cust'], 1],
    [['isp', 'gw:wan'], 1],
    [['laptop', 'phone'], 0],
    [['laptop', 'isp'], undefined],
    [['gw', 'isp'], undefined],
    [['gw:lan'], 0],
    [[], undefined],
  ])('%j is links[%s]', (which, index) => {
    expect(findLink(DESIGN, which)?.index).toBe(index);
  });
});

describe('interfaceOf', () => {
  it.each<[InterfaceSpec, object]>([
    ['dhcp', { addresses: [], dhcp: true, up: true, mtu: 1500 }],
    ['10.0.0.4/24', { addresses: ['10.0.0.4 10.0.0.0/24'], dhcp: false, up: true, mtu: 1500 }],
    ['10.0.0.4/255.255.0.0', { addresses: ['10.0.0.4 10.0.0.0/16'], dhcp: false, up: true, mtu: 1500 }],
    [
      ['10.0.0.4/24', '2001:db8::4/64'],
      { addresses: ['10.0.0.4 10.0.0.0/24', '2001:db8::4 2001:db8::/64'], dhcp: false, up: true, mtu: 1500 },
    ],
    [[], { addresses: [], dhcp: false, up: true, mtu: 1500 }],
    [{}, { addresses: [], dhcp: false, up: true, mtu: 1500 }],
    [
      { addresses: ['10.0.0.4/24'], dhcp: true, up: false, mtu: 1280 },
      { addresses: ['10.0.0.4 10.0.0.0/24'], dhcp: true, up: false, mtu: 1280 },
    ],
  ])('%j', (spec, expected) => {
    const found = interfaceOf(spec);
    const addresses = found.addresses.map(({ ip, prefix }) => `${showIp(ip)} ${showPrefix(prefix)}`);
    expect({ ...found, addresses }).toEqual(expected);
  });

  it('serves all interfaces of a node by name', () => {
    expect([...interfacesOf({ kind: 'host' }).keys()]).toEqual([]);
    expect([...interfacesOf(DESIGN.nodes.gw ?? { kind: 'host' }).keys()]).toEqual(['lan', 'wan']);
  });
});

describe('names', () => {
  it('are those of the design alone', () => {
    expect(nodeNamed(DESIGN, 'gw')?.kind).toBe('gateway');
    expect(nodeNamed(DESIGN, 'constructor')).toBeUndefined();
    expect(sameEnd({ node: 'a', interface: 'x' }, { node: 'a', interface: 'y' })).toBe(false);
  });
});

describe('expandGroups', () => {
  it.each([
    [['10.9.9.9'], ['10.9.9.9']],
    [
      ['@web', '10.9.9.9'],
      ['10.0.0.1', '10.1.0.0/16', '10.9.9.9'],
    ],
    [['@empty'], []],
    [['@constructor'], []],
  ])('%j holds %j', (items, held) => {
    expect(expandGroups(DESIGN, items)).toEqual(held);
    expect(
      expandGroups(
        {},
        items.filter((item) => !item.startsWith('@')),
      ),
    ).toEqual(items.filter((item) => !item.startsWith('@')));
  });
});
