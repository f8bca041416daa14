import { describe, expect, it } from 'vitest';
import { ANY4, showIp } from '../../../../../src/sim/addr/ip.ts';
import { parsePrefix } from '../../../../../src/sim/addr/prefix.ts';
import type { AppEvent } from '../../../../../src/sim/host/app/app.ts';
import { dhcpClient } from '../../../../../src/sim/host/app/dhcp-client.ts';
import { dhcpServer } from '../../../../../src/sim/host/app/dhcp-server.ts';
import { ip } from '../drive.ts';
import { Ideal } from '../ideal.ts';

const MAC = 0x02_00_00_00_00_01;
const SERVER = ip('192.168.0.1');
const PREFIX = parsePrefix('192.168.0.0/24') ?? { ip: ANY4, length: 0 };
const LEASE = 1_000_000;

function server(lease = LEASE, last = '192.168.0.101') {
  const pool = { from: ip('192.168.0.100'), to: ip(last) };
  return dhcpServer({
    interface: 'eth0',
    address: SERVER,
    prefix: PREFIX,
    pool,
    router: SERVER,
    resolver: [SERVER],
    lease,
  });
}

const client = (mac = MAC) => dhcpClient({ interface: 'eth0', mac, hostname: 'laptop' });
const addresses = (net: Ideal) => net.leases.map((lease) => (lease === undefined ? undefined : showIp(lease.address)));
const link = (up: boolean, name = 'eth0'): AppEvent => ({ kind: 'link', interface: name, up });
describe('client and server', () => {
  it('come to a lease', () => {
    const net = new Ideal();
    net.add([SERVER], server());
    net.add([], client());
    net.runFor(100);
    expect(net.leases).toEqual([
      {
        address: ip('192.168.0.100'),
        prefix: PREFIX,
        router: SERVER,
        resolver: [SERVER],
        server: SERVER,
        expires: LEASE + 2,
      },
    ]);
    expect(net.notes).toContain('bound to 192.168.0.100 for 16m39s998ms');
  });

  it('renew it at half its time by unicast, so that it never ends', () => {
    const net = new Ideal();
    net.add([SERVER], server());
    net.add([], client());
    net.runFor(LEASE * 10);
    expect(new Set(addresses(net))).toEqual(new Set(['192.168.0.100']));
    expect(net.leases.length).toBe(20);
    const renewals = net.log.filter(({ to }) => to.ip === SERVER);
    expect(renewals[0]).toEqual({
      at: LEASE / 2 + 2,
      from: { ip: ip('192.168.0.100'), port: 68 },
      to: { ip: SERVER, port: 67 },
      kind: 'udp',
    });
  });

  it('rebind by broadcast when the server does not hear unicast', () => {
    const net = new Ideal();
    net.filter = (_, to) => (to.ip === SERVER ? 'drop' : 'pass');
    net.add([SERVER], server());
    net.add([], client());
    net.runFor(LEASE);
    expect(addresses(net)).toEqual(['192.168.0.100', '192.168.0.100']);
    expect(net.log.filter(({ to }) => to.ip === SERVER).map(({ at }) => at)).toEqual([500_002, 687_502, 781_252]);
    expect(net.log.filter(({ at, kind }) => kind === 'inject' && at > 10).map(({ at }) => at)).toEqual([875_002]);
  });

  it('lose it when the server is dead, and go on asking', () => {
    const net = new Ideal();
    const dead = net.add([SERVER], server());
    net.add([], client());
    net.runFor(100);
    net.kill(dead);
    net.runFor(LEASE);
    expect(addresses(net)).toEqual(['192.168.0.100', undefined]);
    net.add([SERVER], server());
    net.runFor(70_000);
    expect(addresses(net).at(-1)).toBe('192.168.0.100');
  });

  it('share a pool until it is empty', () => {
    const net = new Ideal();
    net.add([SERVER], server());
    for (const mac of [1, 2, 3]) net.add([], client(mac));
    net.runFor(100);
    expect(addresses(net).sort()).toEqual(['192.168.0.100', '192.168.0.101']);
    expect(net.notes.filter((note) => note.includes('is taken'))).toHaveLength(1);
  });

  it('agree on another address when the server refuses the old one', () => {
    const net = new Ideal();
    net.add([SERVER], server());
    const asker = net.add([], client());
    net.runFor(100);
    net.tell(asker, link(false));
    net.runFor(10);
    // Somewhere else, where the address is of no use.
    net.leases.splice(0);
    const other = ip('10.0.0.1');
    const prefix = parsePrefix('10.0.0.0/24') ?? PREFIX;
    const pool = { from: ip('10.0.0.50'), to: ip('10.0.0.60') };
    const elsewhere = new Ideal();
    elsewhere.add([other], dhcpServer({ interface: 'eth0', address: other, prefix, pool, resolver: [], lease: LEASE }));
    const moved = elsewhere.add([], {
      ...client(),
      start: () => ({ state: asker.state as never, commands: [{ kind: 'raw', socket: 'raw', level: 'packet' }] }),
    });
    elsewhere.runFor(1);
    elsewhere.tell(moved, link(true));
    elsewhere.runFor(2000);
    expect(addresses(elsewhere)).toEqual([undefined, '10.0.0.50']);
    expect(elsewhere.notes).toContain('the server refused the address');
  });
});
