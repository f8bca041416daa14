import { describe, expect, it } from 'vitest';
import { perform, simulate } from '../../src/scenarios/perform.ts';
import { type Ip, parseIp } from '../../src/sim/addr/ip.ts';
import { check } from '../../src/sim/design/check.ts';
import type { Design, Node } from '../../src/sim/design/design.ts';
import { verify } from '../../src/sim/packet/checksum.ts';
import type { World } from '../../src/sim/world/world.ts';
import { script } from '../script.ts';

const ip = (text: string): Ip => parseIp(text) ?? expect.fail(`${text} is not an address`);
const SERVER = '64:ff9b::c633:6450';

/** A client that speaks IPv6 only and a server that speaks IPv4 only; only control connections may begin. */
function network(nat: Partial<Node['nat']> = {}): Design {
  const design: Design = {
    nodes: {
      client: { kind: 'host', interfaces: { eth0: '2001:db8:2::31/64' }, gateway: '2001:db8:2::1' },
      border: {
        kind: 'gateway',
        interfaces: { lan: '2001:db8:2::1/64', wan: '203.0.113.2/24' },
        nat: { rules: [{ action: 'nat64', prefix: '64:ff9b::/96', pool: ['203.0.113.9'] }], ...nat },
        gateway: '203.0.113.1',
        firewall: {
          forward: {
            policy: 'drop',
            rules: [
              { match: { state: ['established', 'related'] }, action: 'accept' },
              { match: { inInterface: 'lan', protocol: 'tcp', destinationPort: 'ftp' }, action: 'accept' },
            ],
          },
        },
      },
      isp: {
        kind: 'router',
        interfaces: { cust: '203.0.113.1/24', srv: '198.51.100.1/24' },
        routes: [{ to: '203.0.113.9/32', via: '203.0.113.2' }],
      },
      server: {
        kind: 'host',
        interfaces: { eth0: '198.51.100.80/24' },
        gateway: '198.51.100.1',
        services: [{ app: 'ftp', announce: '192.0.2.31', passivePorts: '60691-60700' }],
      },
    },
    links: [
      ['client', 'border:lan'],
      ['border:wan', 'isp:cust'],
      ['isp:srv', 'server'],
    ],
  };
  expect(check(design)).toEqual([]);
  return design;
}

const HELPED = { helpers: ['ftp'] as const };
const outcome = (world: World, mode: 'extended-passive' | 'extended-active', encrypted = false) =>
  perform(world, { ftp: { from: 'client', to: SERVER, mode, encrypted } }).result.outcome;

/** What a client says, one line after the other, and both ends hear; it has logged in. */
function talk(lines: readonly string[], nat: Partial<Node['nat']> = HELPED): { server: string[]; client: string[] } {
  const world = simulate(network(nat));
  const all = ['USER anonymous', 'PASS x', ...lines];
  const writes = all.map((line, i) => {
    const payload = new TextEncoder().encode(`${line}\r\n`);
    return [(i + 1) * 100, { kind: 'write', socket: 'control', payload }] as const;
  });
  const peer = { ip: ip(SERVER), port: 21 };
  world.launch('client', script('talk', [0, { kind: 'connect', socket: 'control', to: peer }], ...writes).app);
  world.runUntil(100 * (all.length + 3));
  const heard = (node: string) =>
    world.trace.flatMap((event) => {
      if (event.kind !== 'wire' || !event.to.startsWith(`${node}:`) || event.value.kind !== 'tcp') return [];
      expect(verify(event.value)).toEqual({ header: true, transport: true });
      return new TextDecoder()
        .decode(event.value.payload)
        .split('\r\n')
        .filter((line) => line !== '');
    });
  return { server: heard('server').slice(2), client: heard('client').slice(3) };
}

describe('FTP across NAT64 (RFC 6384)', () => {
  it('RFC 6384 §4: EPSV goes as PASV, and 227 comes as 229 whatever address it names', () => {
    const said = talk(['EPSV', 'EPSV 2', 'NOOP']);
    expect(said.server).toEqual(['PASV', 'PASV', 'NOOP']);
    expect(said.client.map((line) => line.slice(0, 3))).toEqual(['229', '229', '200']);
    expect(said.client[0]).toMatch(/\(\|\|\|60\d{3}\|\)/);
    expect(said.client.join()).not.toContain('192,0,2,31');
  });

  it('RFC 6384 §5: EPRT goes as PORT with the outside endpoint of a mapping, the same when it is said again', () => {
    const said = talk(['EPRT |2|2001:db8:2::31|5282|', 'EPRT |2|2001:db8:2::31|5282|']);
    expect(said.server).toEqual(['PORT 203,0,113,9,20,162', 'PORT 203,0,113,9,20,162']);
    expect(said.client.map((line) => line.slice(0, 3))).toEqual(['200', '200']);
  });

  it('RFC 6384 §5: an EPRT of another address, of a low port, of another family or of nothing stays', () => {
    const lines = ['EPRT |2|2001:db8:2::32|5282|', 'EPRT |2|2001:db8:2::31|80|', 'EPRT |1|192.0.2.1|5282|', 'EPRT x'];
    const said = talk(lines);
    expect(said.server).toEqual(lines);
    expect(said.client.every((line) => line.startsWith('5'))).toBe(true);
  });

  it('RFC 6384 §4: EPSV ALL is answered 504, EPSV for another family 522, and neither is passed on', () => {
    const said = talk(['EPSV ALL', 'EPSV 1', 'SYST']);
    expect(said.server).toEqual(['NOOP', 'NOOP', 'SYST']);
    expect(said.client.map((line) => line.slice(0, 3))).toEqual(['504', '522', '215']);
  });

  it('RFC 6384 §11: ALGS tells and sets what is translated', () => {
    const said = talk([
      'ALGS STATUS64',
      'ALGS DISABLE64',
      'EPSV',
      'EPRT |2|2001:db8:2::31|5282|',
      'ALGS ENABLE64',
      'EPSV',
      'ALGS x',
    ]);
    expect(said.server).toEqual(['NOOP', 'NOOP', 'EPSV', 'EPRT |2|2001:db8:2::31|5282|', 'NOOP', 'PASV', 'NOOP']);
    expect(said.client).toEqual([
      '216 EPSV EPRT',
      '216 NONE',
      expect.stringMatching(/^229 /),
      expect.stringMatching(/^5/),
      '216 EPSV EPRT',
      expect.stringMatching(/^229 /),
      expect.stringMatching(/^504 /),
    ]);
  });

  it('FTP-A9: after AUTH nothing is read any more; after an AUTH that was refused all is', () => {
    expect(talk(['AUTH NONE', 'EPSV']).server).toEqual(['AUTH NONE', 'PASV']);
    expect(talk(['AUTH TLS', 'EPSV']).server).toEqual(['AUTH TLS', 'EPSV']);
  });

  it('FTP-A10: other commands pass as they are, and a refused PASV too', () => {
    expect(talk(['SYST', 'epsv', 'EPSVX']).server).toEqual(['SYST', 'PASV', 'EPSVX']);
    const world = simulate(network(HELPED));
    expect(
      perform(world, { ftp: { from: 'client', to: SERVER, mode: 'extended-passive', bytes: 20_000 } }).result,
    ).toMatchObject({
      outcome: 'transferred',
      server: 'server',
    });
  });

  it('with the helper, both extended modes work through a firewall that knows what is related, one after the other', () => {
    const world = simulate(network(HELPED));
    expect(outcome(world, 'extended-passive')).toBe('transferred');
    expect(outcome(world, 'extended-active')).toBe('transferred');
    expect(outcome(world, 'extended-passive')).toBe('transferred');
    expect(outcome(world, 'extended-active')).toBe('transferred');
  });

  it('FTP-A4: what is lost is sent again, and rewritten alike each time', () => {
    const design = network(HELPED);
    const [lan, ...others] = design.links ?? [];
    const lossy = { ...design, links: [{ between: ['client', 'border:lan'], loss: 0.1 }, ...others] };
    expect(lan).toEqual(['client', 'border:lan']);
    for (let seed = 1; seed <= 6; seed++) {
      const world = simulate(lossy, { seed });
      expect(outcome(world, 'extended-passive'), `seed ${seed}`).toBe('transferred');
      expect(outcome(world, 'extended-active'), `seed ${seed}`).toBe('transferred');
    }
  });

  it('goes on after the design of the node has changed', () => {
    const world = simulate(network(HELPED));
    const edit = { op: 'add', path: '/nodes/border/firewall/forward/rules/0', value: { action: 'accept' } } as const;
    expect(outcome(world, 'extended-active')).toBe('transferred');
    expect(world.apply(edit)).toEqual([]);
    expect(outcome(world, 'extended-active')).toBe('transferred');
  });

  it('without the helper, EPSV works where the firewall lets it, and EPRT does not', () => {
    const open = network();
    const border = { ...open.nodes.border, firewall: {} } as Node;
    const world = simulate({ ...open, nodes: { ...open.nodes, border } });
    expect(outcome(world, 'extended-passive')).toBe('transferred');
    expect(outcome(world, 'extended-active')).toBe('data-failed');
    expect(outcome(world, 'extended-passive', true)).toBe('transferred');
  });

  it('half a command is no command: it is dropped, and sent again whole', () => {
    const world = simulate(network(HELPED));
    const bytes = (text: string) => new TextEncoder().encode(text);
    const lines = ['USER anonymous\r\n', 'PASS x\r\n', 'EPS'].map(
      (text, i) => [(i + 1) * 100, { kind: 'write', socket: 'control', payload: bytes(text) }] as const,
    );
    const peer = { ip: ip(SERVER), port: 21 };
    world.launch('client', script('talk', [0, { kind: 'connect', socket: 'control', to: peer }], ...lines).app);
    world.runUntil(350);
    const reasons = world.trace.flatMap((event) =>
      event.kind === 'fate' && event.fate.kind === 'dropped' ? [event.fate.reason] : [],
    );
    expect(reasons).toContain('helperIncomplete');
  });
});
