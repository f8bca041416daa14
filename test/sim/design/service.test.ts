import { describe, expect, it } from 'vitest';
import { parseIp } from '../../../src/sim/addr/ip.ts';
import { fail } from '../../../src/sim/base/fail.ts';
import { SERVICE_PORTS } from '../../../src/sim/design/ports.ts';
import { parseService, type ServiceDef, type ServiceSpec, serviceSchema } from '../../../src/sim/design/service.ts';

const ip = (text: string) => parseIp(text) ?? fail(text);
const echo = (protocol: 'tcp' | 'udp', port: number): ServiceDef => ({ app: 'echo', protocol, port });
const DAY = 86_400_000;

describe('a service', () => {
  it.each<[ServiceSpec, ServiceDef]>([
    ['tcp/8080', echo('tcp', 8080)],
    ['udp/5000', echo('udp', 5000)],
    ['udp/domain', echo('udp', 53)],
    ['echo', echo('tcp', 7)],
    ['ssh', echo('tcp', 22)],
    ['smtp', echo('tcp', 25)],
    ['ntp', echo('udp', 123)],
    ['http', { app: 'http', port: 80, pages: {} }],
    ['https', { app: 'http', port: 443, pages: {} }],
    ['http-alt', { app: 'http', port: 8080, pages: {} }],
    ['ftp', { app: 'ftp', port: 21, strictPort: true }],
    ['dns', { app: 'dns', port: 53, records: {}, forward: [], ttl: 300_000 }],
    ['domain', { app: 'dns', port: 53, records: {}, forward: [], ttl: 300_000 }],
    ['stun', { app: 'stun', port: 3478, alternatePort: 3479 }],
    [{ app: 'echo', protocol: 'udp' }, echo('udp', 7)],
    [
      { app: 'http', address: '2001:db8::80', port: 8000, pages: { '/': 'x' } },
      { app: 'http', address: ip('2001:db8::80'), port: 8000, pages: { '/': 'x' } },
    ],
    [
      { app: 'ftp', passivePorts: '50000-50100', strictPort: false, announce: '203.0.113.7' },
      {
        app: 'ftp',
        port: 21,
        passivePorts: { from: 50000, to: 50100 },
        strictPort: false,
        announce: ip('203.0.113.7'),
      },
    ],
    [
      { app: 'dns', records: { a: ['192.0.2.1', '2001:db8::1'] }, forward: ['192.0.2.53'], ttl: '1m' },
      {
        app: 'dns',
        port: 53,
        records: { a: [ip('192.0.2.1'), ip('2001:db8::1')] },
        forward: [ip('192.0.2.53')],
        ttl: 60_000,
      },
    ],
    [
      { app: 'dhcp', pool: '192.168.0.9-192.168.0.99' },
      {
        app: 'dhcp',
        port: 67,
        pool: { from: ip('192.168.0.9'), to: ip('192.168.0.99') },
        resolver: [],
        lease: DAY / 2,
      },
    ],
    [
      { app: 'dhcp', pool: '192.168.0.9-192.168.0.9', router: '192.168.0.1', resolver: ['192.168.0.2'], lease: '1d' },
      {
        app: 'dhcp',
        port: 67,
        pool: { from: ip('192.168.0.9'), to: ip('192.168.0.9') },
        router: ip('192.168.0.1'),
        resolver: [ip('192.168.0.2')],
        lease: DAY,
      },
    ],
  ])('%j', (spec, service) => {
    expect(parseService(spec)).toEqual(service);
    expect(serviceSchema.safeParse(spec).success).toBe(true);
  });

  it.each<ServiceSpec>([
    'dhcp',
    'htp',
    '',
    'tcp/0',
    'tcp/65536',
    'tcp/1-2',
    'sctp/5',
    'tcp/',
    'toString',
    { app: 'dhcp', pool: 'x' },
  ])('%j is none', (spec) => {
    expect(parseService(spec)).toBeUndefined();
    expect(serviceSchema.safeParse(spec).success).toBe(false);
  });

  it('may be called by any IANA name that rules know, on its port', () => {
    for (const [name, port] of Object.entries(SERVICE_PORTS)) expect(parseService(name)?.port, name).toBe(port);
  });
});
