import { describe, expect, it } from 'vitest';
import type { DnsRecords } from '../../../../../src/sim/host/app/dns/zone.ts';
import { type DnsConfig, dnsServer } from '../../../../../src/sim/host/app/dns.ts';
import { type DnsMessage, decodeDns, encodeDns, type Rcode } from '../../../../../src/sim/host/app/message-dns.ts';
import { type ResolveConfig, resolveClient } from '../../../../../src/sim/host/app/resolve.ts';
import { concat } from '../../../../../src/sim/host/app/stream/bytes.ts';
import { at, Driven, ip } from '../drive.ts';
import { Ideal } from '../ideal.ts';

const CLIENT = ip('10.0.0.2');
const HOME = ip('10.0.0.1');
const ISP = ip('198.51.100.53');
const RECORDS: DnsRecords = {
  'www.example.com': [ip('203.0.113.80'), ip('2001:db8::80')],
  'shop.example.com': ['www.example.com'],
  'away.example.com': ['www.example.org'],
  'loop.example.com': ['loop.example.com'],
};

function server(part: Partial<DnsConfig> = {}) {
  return dnsServer({ port: 53, records: {}, forward: [], ttl: 300_000, ...part });
}

function resolve(net: Ideal, name: string, part: Partial<ResolveConfig> = {}) {
  return net.find([CLIENT], resolveClient({ servers: [HOME], name, ...part }));
}

describe('one server', () => {
  const driven = (part: Partial<DnsConfig> = {}) => new Driven(server({ records: RECORDS, ...part }));
  const query = (part: Partial<DnsMessage> = {}): DnsMessage => ({
    id: 7,
    kind: 'query',
    opcode: 0,
    rcode: 'NOERROR',
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    question: { name: 'www.example.com', type: 'A' },
    answers: [],
    authorities: [],
    ...part,
  });
  const datagram = (payload: Uint8Array) =>
    ({
      kind: 'datagram',
      socket: 'udp',
      from: at('10.0.0.2', 9),
      to: at('10.0.0.1', 53),
      payload,
      interface: 'eth0',
    }) as const;

  function ask(part: Partial<DnsMessage>, config: Partial<DnsConfig> = {}): DnsMessage | undefined {
    const dns = driven(config);
    dns.hear(datagram(encodeDns(query(part))));
    const sent = dns.said.find((command) => command.kind === 'send');
    const found = sent?.kind === 'send' ? decodeDns(sent.payload) : undefined;
    return found?.kind === 'garbled' ? undefined : found;
  }

  it('listens on both protocols, and answers from the address that was asked', () => {
    const dns = driven({ address: HOME });
    expect(dns.said).toEqual([
      { kind: 'bind', socket: 'udp', port: 53, address: HOME },
      { kind: 'listen', socket: 'tcp', port: 53, address: HOME },
    ]);
    expect(dns.hear(datagram(encodeDns(query())))).toMatchObject([
      { kind: 'send', socket: 'udp', to: at('10.0.0.2', 9), from: ip('10.0.0.1') },
    ]);
  });

  it('answers with authority, and copies the question', () => {
    expect(ask({})).toMatchObject({
      id: 7,
      kind: 'response',
      rcode: 'NOERROR',
      authoritative: true,
      recursionDesired: true,
      recursionAvailable: false,
      question: { name: 'www.example.com', type: 'A' },
      answers: [{ type: 'A', ttl: 300 }],
    });
    expect(ask({ question: { name: 'no.example.com', type: 'A' } })).toMatchObject({
      rcode: 'NXDOMAIN',
      authorities: [{ type: 'SOA', minimum: 300 }],
    });
    expect(ask({ question: { name: 'away.example.com', type: 'A' } })).toMatchObject({
      rcode: 'NOERROR',
      answers: [{ type: 'CNAME', data: 'www.example.org' }],
      authorities: [],
    });
  });

  it.each<[Rcode, Partial<DnsMessage>]>([
    ['NOTIMP', { opcode: 4 }],
    ['REFUSED', { question: { name: 'example.com', type: 'AXFR' } }],
    ['REFUSED', { question: { name: 'example.com', type: 'IXFR' } }],
    ['REFUSED', { question: { name: 'version.bind', type: 'TXT', class: 'CH' } }],
  ])('says %s to %j', (rcode, part) => {
    expect(ask(part)?.rcode).toBe(rcode);
  });

  it('says FORMERR to what it cannot read, and nothing to answers', () => {
    const { question: _, ...empty } = query();
    const dns = driven();
    dns.hear(datagram(encodeDns(empty)));
    expect(dns.said).toMatchObject([{ kind: 'send' }]);
    dns.hear(datagram(Uint8Array.from([0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])));
    const [sent] = dns.said;
    expect(sent?.kind === 'send' && decodeDns(sent.payload)).toMatchObject({ id: 9, rcode: 'FORMERR' });
    for (const silent of [
      encodeDns(query({ kind: 'response' })),
      Uint8Array.of(1, 2, 3),
      Uint8Array.from([0, 9, 0x81, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    ]) {
      expect(dns.hear(datagram(silent))).toEqual([]);
    }
  });

  it('forwards only for those who ask for recursion', () => {
    const elsewhere = { name: 'www.example.net', type: 'A' };
    expect(ask({ recursionDesired: false, question: elsewhere }, { forward: [ISP] })?.rcode).toBe('REFUSED');
    const away = { name: 'away.example.com', type: 'A' };
    expect(ask({ recursionDesired: false, question: away }, { forward: [ISP] })).toMatchObject({
      rcode: 'NOERROR',
      answers: [{ type: 'CNAME' }],
    });
  });

  it('cuts what a datagram cannot hold, by what the asker takes', () => {
    const many = Array.from({ length: 60 }, (_, i) => ip(`10.1.0.${i}`));
    const config = { records: { 'many.example': many } };
    const question = { name: 'many.example', type: 'A' };
    expect(ask({ question }, config)).toMatchObject({ truncated: true, answers: [] });
    expect(ask({ question, udpSize: 100 }, config)).toMatchObject({ truncated: true, udpSize: 1232 });
    expect(ask({ question, udpSize: 4096 }, config)).toMatchObject({ truncated: true });
    expect(ask({ question, udpSize: 1232 }, { records: { 'many.example': many.slice(0, 30) } })?.answers).toHaveLength(
      30,
    );
  });

  it('is asked again over TCP by those whose answer was cut, servers among them', () => {
    const many = Array.from({ length: 100 }, (_, i) => ip(`10.1.0.${i}`));
    const net = new Ideal();
    net.cut = (whole) => [whole.subarray(0, 1), whole.subarray(1, 40), whole.subarray(40)];
    net.add([HOME], server({ forward: [ISP] }));
    net.add([ISP], server({ records: { 'many.example': many } }));
    expect(resolve(net, 'many.example').more?.addresses).toHaveLength(100);
    expect(net.log.filter(({ kind }) => kind === 'tcp').map(({ to }) => to.ip)).toEqual([ISP, HOME]);
  });

  it('answers several queries on one connection, in any pieces, and closes when it is idle', () => {
    const dns = driven();
    const framed = (id: number) => {
      const one = encodeDns(query({ id }));
      return concat(Uint8Array.of(0, one.length), one);
    };
    const socket = 'tcp#1';
    dns.hear({ kind: 'accepted', socket, listener: 'tcp', peer: at('10.0.0.2', 9), local: at('10.0.0.1', 53) });
    expect(dns.said).toEqual([{ kind: 'timer', name: socket, after: 30_000 }]);
    const both = concat(framed(1), framed(2));
    dns.hear({ kind: 'data', socket, payload: both.subarray(0, 50) });
    expect(dns.said.filter(({ kind }) => kind === 'write')).toHaveLength(1);
    dns.hear({ kind: 'data', socket, payload: both.subarray(50) });
    expect(dns.said.filter(({ kind }) => kind === 'write')).toHaveLength(1);
    expect(dns.hear({ kind: 'timer', name: socket })).toEqual([{ kind: 'close', socket }]);
    expect(dns.hear({ kind: 'ended', socket })).toEqual([{ kind: 'close', socket }]);
    expect(dns.hear({ kind: 'closed', socket })).toEqual([{ kind: 'cancel', name: socket }]);
    expect(dns.state.streams.size).toBe(0);
  });

  it('forgets a broken connection, and says that a port is taken', () => {
    const dns = driven();
    dns.hear({
      kind: 'accepted',
      socket: 'tcp#1',
      listener: 'tcp',
      peer: at('10.0.0.2', 9),
      local: at('10.0.0.1', 53),
    });
    expect(dns.hear({ kind: 'failed', socket: 'tcp#1', error: 'reset' })).toEqual([{ kind: 'cancel', name: 'tcp#1' }]);
    expect(dns.hear({ kind: 'failed', socket: 'udp', error: 'in-use' })).toEqual([
      { kind: 'note', text: 'udp: in-use' },
    ]);
    expect(dns.hear({ kind: 'link', interface: 'eth0', up: true })).toEqual([]);
  });
});
