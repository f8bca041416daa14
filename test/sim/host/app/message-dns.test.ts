import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ip4, ip6 } from '../../../../src/sim/addr/ip.ts';
import {
  canonicalName,
  type DnsMessage,
  type DnsRecord,
  decodeDns,
  encodeDns,
  isDnsName,
  RCODES,
} from '../../../../src/sim/host/app/message-dns.ts';
import { bytes, ip } from './drive.ts';

const label = fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/);
const name = fc.oneof(
  fc.constant('.'),
  fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.')),
);
const ttl = fc.nat(0x7fff_ffff);
const record: fc.Arbitrary<DnsRecord> = fc.oneof(
  fc.record({ type: fc.constant('A' as const), name, ttl, data: fc.nat(0xffff_ffff).map(ip4) }),
  fc.record({ type: fc.constant('AAAA' as const), name, ttl, data: fc.bigInt(0n, (1n << 128n) - 1n).map(ip6) }),
  fc.record({ type: fc.constant('CNAME' as const), name, ttl, data: name }),
  fc.record({ type: fc.constant('SOA' as const), name, ttl, minimum: ttl }),
);
const message: fc.Arbitrary<DnsMessage> = fc.record(
  {
    id: fc.nat(0xffff),
    kind: fc.constantFrom('query', 'response'),
    opcode: fc.nat(15),
    rcode: fc.constantFrom(...RCODES),
    authoritative: fc.boolean(),
    truncated: fc.boolean(),
    recursionDesired: fc.boolean(),
    recursionAvailable: fc.boolean(),
    question: fc.record(
      {
        name,
        type: fc.constantFrom('A', 'AAAA', 'MX', 'CERT', 'ANY', 'UNKNOWN_65'),
        class: fc.constantFrom('CH', 'ANY'),
      },
      { requiredKeys: ['name', 'type'] },
    ),
    answers: fc.array(record, { maxLength: 12 }),
    authorities: fc.array(record, { maxLength: 3 }),
    udpSize: fc.integer({ min: 512, max: 0xffff }),
  },
  {
    requiredKeys: [
      'id',
      'kind',
      'opcode',
      'rcode',
      'authoritative',
      'truncated',
      'recursionDesired',
      'recursionAvailable',
      'answers',
      'authorities',
    ],
  },
);

describe('DNS messages', () => {
  it('read back as they were written', () => {
    fc.assert(
      fc.property(message, (written) => {
        expect(decodeDns(encodeDns(written))).toEqual(written);
      }),
    );
  });

  it('are as RFC 1035 has them', () => {
    const query = {
      id: 0x1234,
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
    } as const;
    expect(Buffer.from(encodeDns(query)).toString('hex')).toBe(
      '12340100000100000000000003777777076578616d706c6503636f6d0000010001',
    );
  });

  it('are read with compressed names', () => {
    const text = '12348180000100010000000003777777076578616d706c6503636f6d0000010001c00c000100010000012c0004cb007150';
    expect(decodeDns(Uint8Array.from(Buffer.from(text, 'hex')))).toMatchObject({
      kind: 'response',
      recursionAvailable: true,
      answers: [{ type: 'A', name: 'www.example.com', ttl: 300, data: ip('203.0.113.80') }],
    });
  });

  it('need not be understood in every part', () => {
    // An MX record is left out, an unknown code is a failure.
    const text = '0001800b0000000100000000016100000f00010000012c0006000a0162c00000';
    expect(decodeDns(Uint8Array.from(Buffer.from(text, 'hex')))).toMatchObject({ rcode: 'SERVFAIL', answers: [] });
  });

  it.each([
    ['shorter than a header', '0001', undefined],
    [
      'two questions',
      '000101000002000000000000016100000100010161000001000 1'.replace(' ', ''),
      { id: 1, response: false },
    ],
    ['a name that goes past the end', '000101000001000000000000', { id: 1, response: false }],
    [
      'an address that goes past the end',
      '00018100000000010000000001610000010001000000010004cb00',
      { id: 1, response: true },
    ],
    ['a label with a dot that falls apart', '000101000001000000000000022e2e0000010001', { id: 1, response: false }],
    ['a class without a name', '00010100000100000000000001610000010101', { id: 1, response: false }],
    ['a pointer to itself', '000101000001000000000000c00c00010001', { id: 1, response: false }],
  ])('with %s are garbled', (_, text, expected) => {
    const garbled = expected === undefined ? undefined : { kind: 'garbled', ...expected };
    expect(decodeDns(Uint8Array.from(Buffer.from(text, 'hex')))).toEqual(garbled);
  });

  it('never throw, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (found) => decodeDns(found) !== null),
      { numRuns: 300 },
    );
  });

  it('that were hurt never throw, and what is read can be written', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.nat(255), (written, at, byte) => {
        const hurt = encodeDns(written);
        hurt[at % hurt.length] = byte;
        const found = decodeDns(hurt);
        if (found !== undefined && found.kind !== 'garbled') expect(decodeDns(encodeDns(found))).toEqual(found);
      }),
      { numRuns: 300 },
    );
  });
});

describe('names', () => {
  it.each([
    ['www.example.com', true],
    ['www.example.com.', true],
    ['a'.repeat(63), true],
    ['a'.repeat(64), false],
    ['', false],
    ['.', false],
    ['a..b', false],
    ['a b', false],
    ['bücher.example', false],
    [`${'a.'.repeat(126)}a`, true],
    [`${'a.'.repeat(127)}a`, false],
  ])('%j can be asked for: %s', (text, expected) => {
    expect(isDnsName(text)).toBe(expected);
  });

  it('are the same in upper and lower case', () => {
    expect(canonicalName('WWW.Example.com.')).toBe('www.example.com');
    expect(bytes('x')).toHaveLength(1);
  });
});
