import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANY4 } from '../../../../src/sim/addr/ip.ts';
import type { App } from '../../../../src/sim/host/app/app.ts';
import { dhcpServer } from '../../../../src/sim/host/app/dhcp-server.ts';
import { dnsServer } from '../../../../src/sim/host/app/dns.ts';
import { echoServer } from '../../../../src/sim/host/app/echo.ts';
import { fetchClient } from '../../../../src/sim/host/app/fetch.ts';
import { ftpClient } from '../../../../src/sim/host/app/ftp-client.ts';
import { ftpServer } from '../../../../src/sim/host/app/ftp-server.ts';
import { httpServer } from '../../../../src/sim/host/app/http.ts';
import { at, Driven, ip } from './drive.ts';

const words = fc.constantFrom(
  'GET / HTTP/1.1\r\n',
  'Host: x\r\n',
  '\r\n',
  'USER x\r\n',
  'PASV\r\n',
  '220 hi\r\n',
  '227 (1,2,3,4,5,6)\r\n',
);
const chunk = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  words.map((text) => new TextEncoder().encode(text)),
);
const chunks = fc.array(chunk, { maxLength: 20 });
const to = at('10.0.0.1', 21);
const peer = at('10.0.0.2', 9999);

const streams: [string, App<unknown>, string][] = [
  ['echo', echoServer({ protocol: 'tcp', port: 7 }), 'server#1'],
  ['http', httpServer({ name: 'web', port: 80 }), 'server#1'],
  ['ftp', ftpServer({ port: 21 }), 'server#1'],
  ['dns', dnsServer({ port: 53, records: {}, forward: [ip('10.0.0.9')], ttl: 1000 }), 'tcp#1'],
];

describe('whatever comes over a stream', () => {
  it.each(streams)('%s does not fail', (_, app, socket) => {
    fc.assert(
      fc.property(chunks, (sent) => {
        const server = new Driven(app);
        server.hear({ kind: 'accepted', socket, listener: socket.replace('#1', ''), peer, local: to });
        for (const payload of sent) server.hear({ kind: 'data', socket, payload });
        server.hear({ kind: 'ended', socket });
        expect(server.said).toContainEqual({ kind: 'close', socket });
      }),
    );
  });

  it.each<[string, App<unknown>, string]>([
    ['fetch', fetchClient({ to, host: 'x', path: '/' }), 'http'],
    ['ftp', ftpClient({ to, mode: 'active' }), 'control'],
    ['encrypted ftp', ftpClient({ to, mode: 'passive', encrypted: true }), 'control'],
  ])('%s comes to an end', (_, app, socket) => {
    fc.assert(
      fc.property(chunks, (sent) => {
        const client = new Driven(app);
        client.hear({ kind: 'connected', socket, peer: to, local: peer });
        for (const payload of sent) {
          client.hear({ kind: 'data', socket, payload });
          if (client.finding !== undefined) return;
        }
        client.hear({ kind: 'ended', socket });
        expect(client.finding).toBeDefined();
      }),
    );
  });
});

describe('whatever comes in a datagram', () => {
  const lan = { ip: ip('10.0.0.0'), length: 24 };
  const pool = { from: ip('10.0.0.10'), to: ip('10.0.0.20') };
  const dhcp = dhcpServer({ interface: 'eth0', address: to.ip, prefix: lan, pool, resolver: [], lease: 1000 });

  it.each<[string, App<unknown>]>([
    ['dns', dnsServer({ port: 53, records: { a: [ANY4] }, forward: [ip('10.0.0.9')], ttl: 1000 })],
    ['dhcp', dhcp],
  ])('%s does not fail', (_, app) => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), (sent) => {
        const server = new Driven(app);
        for (const payload of sent) {
          server.hear({ kind: 'datagram', socket: 'udp', from: peer, to, payload, interface: 'eth0' });
        }
      }),
    );
  });
});
