import { describe, expect, it } from 'vitest';
import { networksOf } from '../../src/scenarios/check/invariant.ts';
import { parseIntent, readIntent, showIntent, tryIntent } from '../../src/scenarios/invariant/intent.ts';
import { nodesMeant } from '../../src/scenarios/invariant/who.ts';
import { InputError, showIssue } from '../../src/scenarios/issue.ts';
import { simulate } from '../../src/scenarios/perform.ts';
import { validate } from '../../src/scenarios/validate.ts';
import type { Design } from '../../src/sim/design/design.ts';

const OFFICE: Design = {
  groups: { staff: ['192.168.0.0/24', '@boss'], boss: ['10.0.0.9'] },
  nodes: {
    laptop: { kind: 'host', interfaces: { eth0: '192.168.0.4/24' }, gateway: '192.168.0.1' },
    boss: { kind: 'host', interfaces: { eth0: '10.0.0.9/24' }, gateway: '10.0.0.1' },
    gw: {
      kind: 'firewall',
      interfaces: { lan: '192.168.0.1/24', core: '10.0.0.1/24' },
      firewall: { forward: { rules: [{ match: { protocol: 'tcp', destinationPort: 23 }, action: 'drop' }] } },
    },
    db: {
      kind: 'host',
      interfaces: { eth0: '10.0.0.7/24' },
      gateway: '10.0.0.1',
      services: ['tcp/5432', 'tcp/23', { app: 'echo', protocol: 'udp', port: 7 }],
    },
  },
  links: [
    ['laptop', 'gw:lan'],
    ['boss', 'db', 'gw:core'],
  ],
};

describe('an intent', () => {
  it.each([
    ['laptop -> web:443/tcp', { from: 'laptop', to: 'web', port: 443, protocol: 'tcp' }],
    ['laptop->web', 'is no'],
    ['laptop ->  web', { from: 'laptop', to: 'web', protocol: 'icmp' }],
    ['laptop -> web/icmp', { from: 'laptop', to: 'web', protocol: 'icmp' }],
    ['laptop -> web:http', { from: 'laptop', to: 'web', port: 80, protocol: 'tcp' }],
    ['laptop -> gw:wan:53/udp', { from: 'laptop', to: 'gw:wan', port: 53, protocol: 'udp' }],
    ['laptop -> gw:wan', { from: 'laptop', to: 'gw:wan', protocol: 'icmp' }],
    ['laptop -> 2001:db8::1', { from: 'laptop', to: '2001:db8::1', protocol: 'icmp' }],
    ['laptop -> [2001:db8::1]:dns/udp', { from: 'laptop', to: '2001:db8::1', port: 53, protocol: 'udp' }],
    ['laptop -> [2001:db8::1]', { from: 'laptop', to: '2001:db8::1', protocol: 'icmp' }],
    ['laptop -> 10.0.0.0/8', { from: 'laptop', to: '10.0.0.0/8', protocol: 'icmp' }],
  ])('%s', (text, read) => {
    if (typeof read === 'string') return expect(readIntent(text)).toEqual(parseIntent('laptop -> web'));
    expect(readIntent(text)).toEqual(read);
    expect(readIntent(showIntent(parseIntent(text)))).toEqual(read);
  });

  it.each([
    [
      'laptop web',
      '"laptop web" is no intent: write "FROM -> TO:PORT/tcp", "FROM -> TO:PORT/udp" or "FROM -> TO" for a ping',
    ],
    ['a -> b:80/tpc', '"tpc" is no protocol of an intent: write tcp, udp or icmp (did you mean "tcp"?)'],
    ['a -> b/udp', 'udp needs a port: write "a -> b:PORT/udp"'],
    ['a -> b:80/icmp', 'icmp has no ports: write "a -> b"'],
    ['a -> b:70000/tcp', '"70000" is not a port: write 1 to 65535 or the name of a service'],
    ['a -> [::1]:htttp/tcp', '"htttp" is not a port: write 1 to 65535 or the name of a service (did you mean "http"?)'],
    ['a -> :80/tcp', '":80/tcp" names no target'],
  ])('%s: %s', (text, reason) => {
    expect(readIntent(text)).toContain(reason.startsWith('":80') ? 'names no target' : reason);
    expect(() => parseIntent(text)).toThrow(InputError);
  });

  it.each([
    ['laptop -> db:5432/tcp', true],
    ['laptop -> db:23/tcp', false],
    ['laptop -> db:7/udp', true],
    ['laptop -> db:8/udp', false],
    ['laptop -> db', true],
    ['laptop -> 10.0.0.99', false],
  ])('%s: %s', (text, allowed) => {
    expect(tryIntent(simulate(OFFICE), parseIntent(text)).allowed).toBe(allowed);
  });

  it('of a node that is not there is refused', () => {
    expect(() => tryIntent(simulate(OFFICE), parseIntent('lap -> db'))).toThrow('there is no node "lap"');
  });
});

describe('who is meant', () => {
  it.each([
    ['laptop', ['laptop']],
    ['*', ['laptop', 'boss', 'gw', 'db']],
    ['@staff', ['laptop', 'boss']],
    ['10.0.0.0/24', ['boss', 'db']],
    ['10.0.0.1', ['gw']],
    ['10.0.0.7', ['db']],
    ['10.0.0.7-10.0.0.9', ['boss', 'db']],
    [
      ['db', '192.168.0.4'],
      ['laptop', 'db'],
    ],
    ['192.0.2.0/24', []],
  ])('%s', (who, nodes) => {
    expect(nodesMeant(OFFICE, who)).toEqual(nodes);
  });
});

describe('invariants of a file', () => {
  const file = (invariant: unknown, more: Record<string, Design> = {}) => ({
    networks: { office: OFFICE, ...more },
    invariants: [invariant],
  });
  const TINY: Design = { nodes: { laptop: { kind: 'host', interfaces: { eth0: '10.1.1.1/24' } } } };

  it.each([
    [{ never: 'laptop -> db:23/tcp' }],
    [{ always: { from: '@staff', to: 'db', port: 5432 } }],
    [{ no: 'astray', network: 'office' }],
    [{ never: { from: '*', to: ['db', '10.0.0.0/24'] } }],
  ])('%j is fine', (invariant) => {
    expect(validate(file(invariant))).toEqual([]);
  });

  it.each([
    [{ never: 'laptop -> dd:23/tcp' }, 'invariants[0].never: there is no node "dd" (did you mean "db"?)'],
    [
      { never: { from: '@staf', to: 'db' } },
      'invariants[0].never.from: there is no group "@staf" (did you mean "@staff"?)',
    ],
    [
      { never: { from: ['db', 'dc'], to: 'gw' } },
      'invariants[0].never.from[1]: there is no node "dc" (did you mean "db"?)',
    ],
    [
      { never: { from: '192.0.2.0/24', to: 'db' } },
      'invariants[0].never.from: no node of the network has an address in 192.0.2.0/24 (name a node, or an address of one)',
    ],
    [
      { never: { from: '10.0.0.1/8', to: 'db' } },
      'invariants[0].never.from: 10.0.0.1/8 has host bits set; the network is 10.0.0.0/8',
    ],
    [{ no: 'loops', network: 'ofice' }, 'invariants[0].network: there is no network "ofice" (did you mean "office"?)'],
    [
      { no: 'loop' },
      'invariants[0].no: "loop" is not one of "loops", "astray", "one-way", "asymmetry" (did you mean "loops"?)',
    ],
    [
      { never: { from: 'laptop', to: 'db', protocol: 'icmp', port: 5 } },
      'invariants[0].never.port: icmp has no ports: leave "port" out',
    ],
    [
      { always: { from: 'laptop', to: 'db', protocol: 'udp' } },
      'invariants[0].always: udp must always reach a certain port: add "port"',
    ],
    [
      { never: { from: '', to: 'db' } },
      'invariants[0].never.from: "" names nobody: write a node, an address, a prefix, "@GROUP" or "*"',
    ],
  ])('%j: %s', (invariant, says) => {
    expect(validate(file(invariant)).map(showIssue)).toEqual([says]);
  });

  it('says exactly one thing', () => {
    expect(validate(file({ no: 'loops', never: 'a -> b' })).length).toBeGreaterThan(0);
    expect(validate(file({ name: 'nothing' })).map(showIssue)).toEqual([
      expect.stringContaining('an invariant says exactly one of "never", "always" and "no"'),
    ]);
  });

  it('is about every network that has all it names', () => {
    const networks = new Map([
      ['office', OFFICE],
      ['tiny', TINY],
    ]);
    expect(networksOf({ never: 'laptop -> db' }, networks)).toEqual(['office']);
    expect(networksOf({ no: 'loops' }, networks)).toEqual(['office', 'tiny']);
    expect(networksOf({ network: 'tiny', no: 'loops' }, networks)).toEqual(['tiny']);
    expect(validate(file({ never: 'laptop -> dbb' }, { tiny: TINY })).map(showIssue)).toEqual([
      'invariants[0].never: no network has all that this names; in "office" there is no node "dbb" (did you mean "db"?)',
    ]);
  });

  it('needs a network by name', () => {
    expect(validate({ invariants: [{ no: 'loops' }] }).map(showIssue)).toEqual([
      'invariants[0]: there is no network that it could be about: "networks" is empty',
    ]);
  });
});
