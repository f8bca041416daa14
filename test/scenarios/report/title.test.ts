import { describe, expect, it } from 'vitest';
import { titleOf } from '../../../src/scenarios/report/title.ts';
import type { Step } from '../../../src/scenarios/schema.ts';

describe('titleOf', () => {
  it.each<[Step, string]>([
    [{ connect: { from: 'a', to: 'b', port: 80 } }, 'connect a → b:80 tcp'],
    [{ connect: { from: 'a', to: '2001:db8::1', port: 53, protocol: 'udp' } }, 'connect a → 2001:db8::1 port 53 udp'],
    [{ connect: { from: 'a', to: 'gw:lan', port: 53 } }, 'connect a → gw:lan port 53 tcp'],
    [{ send: { from: 'a', to: 'b', protocol: 'udp', port: 9 } }, 'send a → b:9 udp'],
    [{ send: { from: 'a', to: 'b', protocol: 89 } }, 'send a → b protocol 89'],
    [{ ping: { from: 'a', to: 'b' } }, 'ping a → b'],
    [{ traceroute: { from: 'a', to: 'b' } }, 'traceroute a → b'],
    [{ resolve: { from: 'a', name: 'www.example.com' } }, 'resolve www.example.com from a'],
    [{ fetch: { from: 'a', url: 'http://b/' } }, 'fetch http://b/ from a'],
    [{ ftp: { from: 'a', to: 'b', mode: 'active' } }, 'ftp a → b active'],
    [{ ftp: { from: 'a', to: 'b', mode: 'passive', encrypted: true } }, 'ftp a → b passive, encrypted'],
    [{ stun: { from: 'a', to: 's' } }, 'stun a → s'],
    [{ map: { from: 'a', protocol: 'tcp', port: 80 } }, 'map a tcp/80'],
    [{ punch: { peers: ['a', 'b'], via: 'c' } }, 'punch a ↔ b via c'],
    [{ wait: '5s' }, 'wait 5s'],
    [{ change: { linkDown: ['a', 'b:x'] } }, 'change linkDown a - b:x'],
    [{ change: [{ op: 'remove', path: '/nodes/a' }, { nodeDown: 'b' }] }, 'change remove /nodes/a, nodeDown b'],
    [{ restart: 'gw' }, 'restart gw'],
    [{ inspect: 'gw' }, 'inspect gw'],
  ])('%j', (step, title) => {
    expect(titleOf(step)).toBe(title);
  });
});
