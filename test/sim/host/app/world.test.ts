import { describe, expect, it } from 'vitest';
import { runScenario } from '../../../../src/scenarios/run.ts';
import type { Network, Step } from '../../../../src/scenarios/schema.ts';

/** A laptop that has its address from a home gateway, which translates, serves DNS, and helps FTP; servers behind a router. */
const network: Network = {
  nodes: {
    laptop: { kind: 'host', interfaces: { eth0: 'dhcp' } },
    home: {
      kind: 'gateway',
      interfaces: { lan: '192.168.1.1/24', wan: '203.0.113.2/24' },
      gateway: '203.0.113.1',
      nat: { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' }], helpers: ['ftp'] },
      services: [
        {
          app: 'dhcp',
          pool: '192.168.1.100-192.168.1.101',
          router: '192.168.1.1',
          resolver: ['192.168.1.1'],
          lease: '1h',
        },
        { app: 'dns', forward: ['198.51.100.53'] },
      ],
    },
    isp: { kind: 'router', interfaces: { home: '203.0.113.1/24', servers: '198.51.100.1/24' } },
    server: {
      kind: 'host',
      interfaces: { eth0: '198.51.100.53/24' },
      gateway: '198.51.100.1',
      services: ['http', 'ftp', 'tcp/7000', { app: 'dns', records: { 'www.example.com': ['198.51.100.53'] } }],
    },
  },
  links: [
    ['laptop', 'home:lan'],
    ['home:wan', 'isp:home'],
    ['isp:servers', 'server'],
  ],
};

function results(...steps: Step[]) {
  const file = { scenarios: [{ name: 'test', network, steps }] };
  const [scenario] = file.scenarios;
  if (scenario === undefined) throw new Error('no scenario');
  return runScenario(file, scenario).steps.map(({ result }) => result);
}

const from = 'laptop';
const to = 'server';

describe('applications over simulated packets', () => {
  it('keep a lease for as long as it is renewed', () => {
    const [before, , after] = results({ ping: { from, to } }, { wait: '9h30m' }, { ping: { from, to } });
    expect([before?.outcome, after?.outcome]).toEqual(['replied', 'replied']);
  });

  it('resolve a name and fetch a page of it', () => {
    const [resolved, missing, fetched] = results(
      { resolve: { from, name: 'www.example.com' } },
      { resolve: { from, name: 'none.example.com' } },
      { fetch: { from, url: 'http://www.example.com/' } },
    );
    expect(resolved).toMatchObject({ outcome: 'resolved', addresses: ['198.51.100.53'], server: 'home' });
    expect(missing).toMatchObject({ outcome: 'nxdomain' });
    expect(fetched).toMatchObject({ outcome: 'fetched', status: 200, body: 'This is server.\n' });
  });

  it.each([
    ['active', false, 'transferred'],
    ['passive', false, 'transferred'],
    ['extended-active', false, 'transferred'],
    ['extended-passive', false, 'transferred'],
    ['active', true, 'data-failed'],
    ['passive', true, 'transferred'],
    ['extended-active', true, 'data-failed'],
    ['extended-passive', true, 'transferred'],
  ] as const)('transfer a file: %s, encrypted %s: %s', (mode, encrypted, outcome) => {
    const [found] = results({ ftp: { from, to, mode, encrypted, bytes: 50_000 } });
    expect(found).toMatchObject({ outcome, bytes: outcome === 'transferred' ? 50_000 : 0 });
    if (outcome === 'data-failed') expect(found?.reason).toMatch(/^500 Illegal (PORT|EPRT) command\.$/);
  });

  it('find the way', () => {
    const [trace] = results({ traceroute: { from, to } });
    expect(trace).toMatchObject({
      outcome: 'reached',
      hops: [{ from: '192.168.1.1' }, { from: '203.0.113.1' }, { from: '198.51.100.53' }],
    });
  });

  it('send what no socket would', () => {
    const found = results(
      { send: { from, to, protocol: 'tcp', port: 7000 } },
      { send: { from, to, protocol: 'tcp', port: 7000, tcpFlags: ['ack'] } },
      { send: { from, to, protocol: 'esp' } },
      { send: { from, to, protocol: 'udp', port: 9, ttl: 2 } },
    );
    expect(found.map(({ outcome }) => outcome)).toEqual(['replied', 'rejected', 'rejected', 'rejected']);
    expect(found.map(({ icmp }) => icmp?.type)).toEqual([undefined, undefined, 3, 11]);
  });
});
