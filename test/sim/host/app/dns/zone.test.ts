import { describe, expect, it } from 'vitest';
import { lookUp, makeZone } from '../../../../../src/sim/host/app/dns/zone.ts';
import { ip } from '../drive.ts';

const zone = makeZone(
  {
    'www.example.com': [ip('203.0.113.80'), ip('2001:db8::80')],
    'Mail.Example.com.': [ip('203.0.113.25')],
    'shop.example.com': ['www.example.com'],
    '*.example.com': [ip('203.0.113.99')],
    'deep.host.example.com': [ip('203.0.113.7')],
    '*.alias.example': ['www.example.com'],
  },
  300,
);

describe('lookUp', () => {
  it.each([
    ['www.example.com', 'A', 'found', ['203.0.113.80']],
    ['WWW.example.COM.', 'A', 'found', ['203.0.113.80']],
    ['www.example.com', 'ANY', 'found', ['203.0.113.80', '2001:db8::80']],
    ['mail.example.com', 'A', 'found', ['203.0.113.25']],
    ['anything.example.com', 'A', 'found', ['203.0.113.99']],
    ['more.than.one.example.com', 'A', 'found', ['203.0.113.99']],
  ])('%s %s: %s %j', (name, type, kind, addresses) => {
    const found = lookUp(zone, name, type);
    expect(found.kind).toBe(kind);
    const records = found.kind === 'found' ? found.records : [];
    expect(records.map((record) => ('data' in record ? record.data : undefined))).toEqual(addresses.map(ip));
    expect(records.every((record) => record.name === name && record.ttl === 300)).toBe(true);
  });

  it.each([
    ['www.example.com', 'MX', 'no-data'],
    ['mail.example.com', 'AAAA', 'no-data'],
    // A name above others exists, and so hides the wildcard beside it.
    ['host.example.com', 'A', 'no-data'],
    ['other.host.example.com', 'A', 'unknown'],
    ['example.com', 'A', 'no-data'],
    ['com', 'A', 'no-data'],
    ['example.org', 'A', 'unknown'],
    ['org', 'A', 'unknown'],
  ])('%s %s: %s', (name, type, kind) => {
    expect(lookUp(zone, name, type)).toEqual({ kind });
  });

  it('finds aliases, also through a wildcard, unless they are what is asked for', () => {
    expect(lookUp(zone, 'shop.example.com', 'A')).toMatchObject({ kind: 'alias', target: 'www.example.com' });
    expect(lookUp(zone, 'x.alias.example', 'AAAA')).toMatchObject({
      kind: 'alias',
      record: { type: 'CNAME', name: 'x.alias.example', data: 'www.example.com' },
    });
    expect(lookUp(zone, 'shop.example.com', 'CNAME')).toMatchObject({ kind: 'found' });
  });

  it('has a wildcard for everything', () => {
    expect(lookUp(makeZone({ '*': [ip('10.0.0.1')] }, 1), 'any.thing', 'A')).toMatchObject({ kind: 'found' });
  });
});
