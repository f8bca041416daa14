import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyIp4 } from '../../src/arbitraries/addr.ts';
import { embed, WELL_KNOWN_PREFIX } from '../../src/sim/addr/embed.ts';
import { type Ip, type Ip4, parseIp, showIp } from '../../src/sim/addr/ip.ts';
import { parsePrefix } from '../../src/sim/addr/prefix.ts';
import { isPublic } from '../../src/sim/addr/special.ts';
import { type Cache, remember } from '../../src/sim/host/app/dns/cache.ts';
import { type DnsConfig, type DnsState, dnsServer } from '../../src/sim/host/app/dns.ts';
import {
  type DnsMessage,
  type DnsRecord,
  decodeDns,
  encodeDns,
  type Rcode,
} from '../../src/sim/host/app/message-dns.ts';
import { at, Driven } from '../sim/host/app/drive.ts';

const ip = (text: string): Ip => parseIp(text) ?? expect.fail(`${text} is not an address`);
const prefix = (text: string) => parsePrefix(text) ?? expect.fail(`${text} is not a prefix`);
const RECORDS = {
  'four.example': [ip('198.51.100.80'), ip('198.51.100.81')],
  'six.example': [ip('2001:db8::80')],
  'both.example': [ip('198.51.100.80'), ip('2001:db8::80')],
  'mapped.example': [ip('198.51.100.80'), ip('::ffff:198.51.100.80')],
  'mixed.example': [ip('::ffff:198.51.100.80'), ip('2001:db8::80')],
  'alias.example': ['four.example'],
  'private.example': [ip('10.0.0.1')],
};

/** A server and the answers it gives; `ttl` is of its own records. */
class Server {
  readonly driven: Driven<DnsState>;

  constructor(config: Partial<DnsConfig> = {}) {
    const whole = { port: 53, records: RECORDS, forward: [], ttl: 300_000, dns64: WELL_KNOWN_PREFIX, ...config };
    this.driven = new Driven(dnsServer(whole));
  }

  ask(name: string, part: Partial<DnsMessage> = {}, type = 'AAAA'): DnsMessage | undefined {
    const payload = encodeDns(message({ kind: 'query', question: { name, type }, ...part }));
    return this.#answer({ socket: 'udp', from: at('2001:db8::9', 9), to: at('2001:db8::1', 53), payload });
  }

  /** The forwarder answers whatever it was asked last. */
  hear(part: Partial<DnsMessage>): DnsMessage | undefined {
    const socket = this.driven.said.flatMap((said) => (said.kind === 'bind' ? [said.socket] : []))[0] ?? '';
    this.driven.hear({ kind: 'bound', socket, local: at('2001:db8::1', 4000) });
    const sent = this.driven.said.find((said) => said.kind === 'send');
    const query = sent?.kind === 'send' ? decodeDns(sent.payload) : undefined;
    if (query === undefined || query.kind === 'garbled' || query.question === undefined)
      return expect.fail('not asked');
    const payload = encodeDns(message({ id: query.id, question: query.question, ...part }));
    return this.#answer({ socket, from: at('198.51.100.53', 53), to: at('2001:db8::1', 4000), payload });
  }

  #answer(
    datagram: Pick<
      Extract<Parameters<Driven<DnsState>['hear']>[0], { kind: 'datagram' }>,
      'socket' | 'from' | 'to' | 'payload'
    >,
  ) {
    this.driven.hear({ kind: 'datagram', interface: 'eth0', ...datagram });
    const sent = this.driven.said.find((said) => said.kind === 'send' && said.socket === 'udp');
    const found = sent?.kind === 'send' ? decodeDns(sent.payload) : undefined;
    return found?.kind === 'garbled' ? undefined : found;
  }
}

function message(part: Partial<DnsMessage>): DnsMessage {
  return {
    id: 7,
    kind: 'response',
    opcode: 0,
    rcode: 'NOERROR',
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    answers: [],
    authorities: [],
    ...part,
  };
}

const addresses = (found: DnsMessage | undefined) =>
  found?.answers.flatMap((record) => (record.type === 'AAAA' ? [showIp(record.data)] : []));

describe('DNS64 (RFC 6147)', () => {
  it('D64-1: a name with IPv4 addresses only gets one of IPv6 for each', () => {
    const found = new Server().ask('four.example');
    expect(addresses(found)).toEqual(['64:ff9b::c633:6450', '64:ff9b::c633:6451']);
    expect(found).toMatchObject({ rcode: 'NOERROR', authoritative: true, question: { type: 'AAAA' } });
    const own = new Server({ dns64: prefix('2001:db8:64::/48') }).ask('four.example');
    expect(addresses(own)).toEqual(['2001:db8:64:c633:64:5000::', '2001:db8:64:c633:64:5100::']);
  });

  it('D64-1: without the option a server makes nothing up', () => {
    const server = new Driven(dnsServer({ port: 53, records: RECORDS, forward: [], ttl: 1 }));
    const payload = encodeDns(message({ kind: 'query', question: { name: 'four.example', type: 'AAAA' } }));
    const [said] = server.hear({
      kind: 'datagram',
      socket: 'udp',
      from: at('2001:db8::9', 9),
      to: at('2001:db8::1', 53),
      payload,
      interface: 'eth0',
    });
    expect(said?.kind === 'send' && decodeDns(said.payload)).toMatchObject({ rcode: 'NOERROR', answers: [] });
  });

  it.each([
    ['six.example', ['2001:db8::80'], 'a real address is returned as it is'],
    ['both.example', ['2001:db8::80'], 'and nothing beside it'],
    ['mapped.example', ['64:ff9b::c633:6450'], 'an IPv4-mapped one counts as absent'],
    ['mixed.example', ['2001:db8::80'], 'and is left out'],
  ])('D64-1: %s is %j: %s', (name, expected) => {
    expect(addresses(new Server().ask(name))).toEqual(expected);
  });

  it('D64-1: a name that does not exist, or has neither, is denied as ever; other types are not touched', () => {
    expect(new Server().ask('none.example')).toMatchObject({ rcode: 'NXDOMAIN', answers: [] });
    const empty = new Server({ records: { 'a.empty.example': [ip('198.51.100.1')] } }).ask('empty.example');
    expect(empty).toMatchObject({ rcode: 'NOERROR', answers: [], authorities: [{ type: 'SOA' }] });
    expect(new Server().ask('four.example', {}, 'A')?.answers).toHaveLength(2);
  });

  it('D64-1: aliases lead the way, and stand in the answer', () => {
    const found = new Server().ask('alias.example');
    expect(found?.answers.map(({ type, name }) => `${type} ${name}`)).toEqual([
      'CNAME alias.example',
      'AAAA four.example',
      'AAAA four.example',
    ]);
  });

  it('A52-2: the well-known prefix is used for global addresses only, a prefix of the network for all', () => {
    expect(new Server().ask('private.example')).toMatchObject({ rcode: 'NOERROR', answers: [] });
    const own = new Server({ dns64: prefix('64:ff9b:1::/48') });
    expect(addresses(own.ask('private.example'))).toEqual(['64:ff9b:1:a00:0:100::']);
    fc.assert(
      fc.property(anyIp4, (four: Ip4) => {
        const found = addresses(new Server({ records: { x: [four] } }).ask('x'));
        expect(found).toEqual(isPublic(four) ? [showIp(embed(WELL_KNOWN_PREFIX, four))] : []);
      }),
      { numRuns: 40 },
    );
  });

  it('D64-2: the record lives as long as that of IPv4, and as the denial of IPv6', () => {
    const a = (ttl: number): DnsRecord => ({ type: 'A', name: 'x.example', ttl, data: ip('198.51.100.9') });
    const soa = (ttl: number, minimum: number): DnsRecord => ({ type: 'SOA', name: 'example', ttl, minimum });
    const seconds = fc.integer({ min: 1, max: 5000 });
    fc.assert(
      fc.property(seconds, seconds, seconds, fc.boolean(), (ttl, ofSoa, minimum, denied) => {
        const server = new Server({ forward: [ip('198.51.100.53')] });
        server.ask('x.example');
        expect(server.hear({ authorities: denied ? [soa(ofSoa, minimum)] : [] })).toBeUndefined();
        const found = server.hear({ answers: [a(ttl)] });
        expect(found?.answers).toMatchObject([
          { type: 'AAAA', ttl: Math.min(ttl, denied ? Math.min(ofSoa, minimum) : 600) },
        ]);
      }),
      { numRuns: 30 },
    );
  });

  it.each<[Rcode]>([['SERVFAIL'], ['REFUSED']])('D64-1: forwarders that answer %s to AAAA are asked for A', (rcode) => {
    const server = new Server({ forward: [ip('198.51.100.53')] });
    server.ask('x.example');
    for (let tries = 0; tries < 2; tries++) server.hear({ rcode });
    const found = server.hear({ answers: [{ type: 'A', name: 'x.example', ttl: 60, data: ip('198.51.100.9') }] });
    expect(addresses(found)).toEqual(['64:ff9b::c633:6409']);
  });

  it('D64-1: what forwarders deny of A too is answered as they denied AAAA', () => {
    const server = new Server({ forward: [ip('198.51.100.53')] });
    server.ask('x.example');
    server.hear({ authorities: [{ type: 'SOA', name: 'example', ttl: 9, minimum: 9 }] });
    expect(server.hear({})).toMatchObject({ rcode: 'NOERROR', answers: [], authorities: [{ name: 'example' }] });
  });

  it('D64-2: who judges signatures itself (CD and DO) is told no addresses that were made up', () => {
    expect(new Server().ask('four.example', { validating: true })).toMatchObject({ rcode: 'NOERROR', answers: [] });
    const read = decodeDns(encodeDns(message({ kind: 'query', validating: true, udpSize: 1232 })));
    expect(read).toMatchObject({ validating: true, udpSize: 1232 });
    expect(decodeDns(encodeDns(message({ udpSize: 1232 })))).not.toHaveProperty('validating');
  });

  it('D64-2: a reverse name under the prefix is another name for that of the IPv4 address', () => {
    const reverse = (text: string) => {
      const digits = BigInt(ip(text)).toString(16).padStart(32, '0');
      return `${[...digits].reverse().join('.')}.ip6.arpa`;
    };
    const found = new Server().ask(reverse('64:ff9b::c633:6450'), {}, 'PTR');
    expect(found).toMatchObject({ rcode: 'NOERROR', answers: [{ type: 'CNAME', data: '80.100.51.198.in-addr.arpa' }] });
    expect(new Server().ask(reverse('2001:db8::1'), {}, 'PTR')).toMatchObject({ rcode: 'NXDOMAIN' });
  });

  it('D64-1: what the cache knows of IPv4 is used', () => {
    const known = { rcode: 'NOERROR', authorities: [] } as const;
    const a: DnsRecord = { type: 'A', name: 'x.example', ttl: 100, data: ip('198.51.100.9') };
    const six = { ...known, authorities: [{ type: 'SOA', name: '.', ttl: 50, minimum: 50 }], answers: [] } as const;
    const empty: Cache = new Map();
    const cache = remember(empty, { name: 'x.example', type: 'A' }, { ...known, answers: [a] }, 0);
    const server = new Server({ forward: [ip('198.51.100.53')] });
    server.driven.state = {
      ...server.driven.state,
      cache: remember(cache, { name: 'x.example', type: 'AAAA' }, six, 0),
    };
    server.driven.now = 20_000;
    expect(server.ask('x.example')?.answers).toMatchObject([{ type: 'AAAA', ttl: 30 }]);
  });
});
