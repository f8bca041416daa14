import { describe, expect, it } from 'vitest';
import type { DnsRecords } from '../../../../src/sim/host/app/dns/zone.ts';
import { type DnsConfig, dnsServer } from '../../../../src/sim/host/app/dns.ts';
import { type ResolveConfig, resolveClient } from '../../../../src/sim/host/app/resolve.ts';
import { ip } from './drive.ts';
import { Ideal } from './ideal.ts';

const CLIENT = ip('10.0.0.2');
const HOME = ip('10.0.0.1');
const ISP = ip('198.51.100.53');
const ROOT = ip('203.0.113.53');
const RECORDS: DnsRecords = {
  'www.example.com': [ip('203.0.113.80'), ip('2001:db8::80')],
  'shop.example.com': ['www.example.com'],
  'away.example.com': ['www.example.org'],
  'loop.example.com': ['loop.example.com'],
};

function server(part: Partial<DnsConfig> = {}) {
  return dnsServer({ port: 53, records: {}, forward: [], ttl: 300_000, ...part });
}

/** Client, home router, provider, and the server that has the records. */
function chain(): Ideal {
  const net = new Ideal();
  net.add([HOME], server({ forward: [ISP], records: { 'router.home': [HOME] } }));
  net.add([ISP], server({ forward: [ROOT] }));
  net.add([ROOT], server({ records: RECORDS }));
  return net;
}

function resolve(net: Ideal, name: string, part: Partial<ResolveConfig> = {}) {
  return net.find([CLIENT], resolveClient({ servers: [HOME], name, ...part }));
}

/** How many queries went to a server since the log was this long. */
function asked(net: Ideal, whom: typeof ISP, since = 0): number {
  return net.log.slice(since).filter(({ to }) => to.ip === whom && to.port === 53).length;
}

describe('a chain of servers', () => {
  it('finds addresses of both families, and says who answered', () => {
    expect(resolve(chain(), 'www.example.com')).toEqual({
      outcome: 'resolved',
      more: { addresses: ['203.0.113.80'], resolver: '10.0.0.1' },
    });
    expect(resolve(chain(), 'www.example.com', { type: 'AAAA' }).more?.addresses).toEqual(['2001:db8::80']);
  });

  it('follows aliases, and gives them when they are asked for', () => {
    expect(resolve(chain(), 'shop.example.com').more?.addresses).toEqual(['203.0.113.80']);
    expect(resolve(chain(), 'shop.example.com', { type: 'CNAME' }).more?.addresses).toEqual(['www.example.com']);
  });

  it('answers what it holds itself without asking on', () => {
    const net = chain();
    expect(resolve(net, 'router.home').more?.addresses).toEqual(['10.0.0.1']);
    expect(asked(net, ISP)).toBe(0);
  });

  it('asks once, and again when the answer is old', () => {
    const net = chain();
    resolve(net, 'www.example.com');
    expect([asked(net, ISP), asked(net, ROOT)]).toEqual([1, 1]);
    net.runFor(100_000);
    resolve(net, 'WWW.EXAMPLE.COM');
    expect([asked(net, ISP), asked(net, ROOT)]).toEqual([1, 1]);
    net.runFor(200_000);
    resolve(net, 'www.example.com');
    expect([asked(net, ISP), asked(net, ROOT)]).toEqual([2, 2]);
  });

  it('remembers that there is no such name, and no such record', () => {
    const net = chain();
    for (const since of [0, net.log.length]) {
      expect(resolve(net, 'no.example.com')).toMatchObject({ outcome: 'nxdomain', more: { resolver: '10.0.0.1' } });
      expect(resolve(net, 'com')).toMatchObject({ outcome: 'resolved', more: { addresses: [] } });
      expect(asked(net, ROOT, since)).toBe(since === 0 ? 2 : 0);
    }
    net.runFor(300_000);
    const since = net.log.length;
    resolve(net, 'no.example.com');
    expect(asked(net, ROOT, since)).toBe(1);
  });

  it('asks once for all who want to know at the same time', () => {
    const net = chain();
    const clients = [0, 1, 2].map(() => net.add([CLIENT], resolveClient({ servers: [HOME], name: 'www.example.com' })));
    net.runFor(100);
    expect(clients.map(({ finding }) => finding?.outcome)).toEqual(['resolved', 'resolved', 'resolved']);
    expect(asked(net, ISP)).toBe(1);
  });

  it('fails when the last server is dead, before the client loses patience', () => {
    const net = chain();
    net.filter = (_, to) => (to.ip === ROOT ? 'drop' : 'pass');
    expect(resolve(net, 'www.example.com')).toEqual({ outcome: 'servfail' });
    expect(net.now).toBe(6004);
    expect(net.notes).toContain('A www.example.com: the forwarders failed (timeout)');
    // Nothing of that is remembered.
    net.filter = () => 'pass';
    expect(resolve(net, 'www.example.com').outcome).toBe('resolved');
  });

  it('takes the next forwarder when one is dead, closed or cannot answer', () => {
    for (const verdict of ['drop', 'refuse'] as const) {
      const net = new Ideal();
      const refusing = ip('198.51.100.54');
      net.add([HOME], server({ forward: [ISP, refusing, ROOT] }));
      net.add([ISP], server());
      // One that itself has only a dead server to ask.
      net.add([refusing], server({ forward: [ip('192.0.2.1')] }));
      net.add([ROOT], server({ records: RECORDS }));
      net.filter = (_, to) => (to.ip === ISP ? verdict : 'pass');
      expect(resolve(net, 'www.example.com', { timeout: 20_000 }).more?.addresses).toEqual(['203.0.113.80']);
    }
  });

  it('is not caught in a circle', () => {
    const net = new Ideal();
    net.add([HOME], server({ forward: [ISP] }));
    net.add([ISP], server({ forward: [HOME] }));
    expect(resolve(net, 'www.example.com')).toEqual({ outcome: 'servfail' });
    expect(net.log.length).toBeLessThan(30);
  });

  it('is not caught by an alias that leads to itself', () => {
    expect(resolve(chain(), 'loop.example.com')).toEqual({ outcome: 'servfail' });
    const net = new Ideal();
    net.add([HOME], server({ forward: [ISP], records: { 'a.home': ['b.isp'] } }));
    net.add([ISP], server({ records: { 'b.isp': ['a.home'] } }));
    expect(resolve(net, 'a.home')).toEqual({ outcome: 'servfail' });
  });

  it('goes on where an alias leads from one server to another', () => {
    const net = new Ideal();
    const other = ip('203.0.113.54');
    net.add([HOME], server({ forward: [ISP], records: { 'my.home': ['shop.example.com'] } }));
    net.add([ISP], server({ forward: [ROOT], records: { 'www.example.org': [other] } }));
    net.add([ROOT], server({ records: RECORDS }));
    expect(resolve(net, 'my.home').more?.addresses).toEqual(['203.0.113.80']);
    expect(resolve(net, 'away.example.com').more?.addresses).toEqual(['203.0.113.54']);
  });
});
