import { describe, expect, it } from 'vitest';
import { ip4 } from '../../../src/sim/addr/ip.ts';
import { other, udp } from '../../../src/sim/packet/packet.ts';
import { DROP_REASONS, LOSS_REASONS } from '../../../src/sim/trace/fate.ts';
import { remedyFor } from '../../../src/sim/trace/remedy.ts';

const packet = udp({ src: ip4(0x0a000001), dst: ip4(0x0a000002), sport: 1, dport: 53 });
const gre = other({ src: packet.src, dst: packet.dst, protocol: 47 });

describe('remedyFor', () => {
  it.each([...DROP_REASONS, ...LOSS_REASONS])('has one sentence for %s', (reason) => {
    expect(remedyFor(reason, { node: 'gw', place: 'nat.rules[0]', packet })).toMatch(/^[A-Z].*\.$/);
  });

  it.each([
    ['policy', 'firewall.input.policy', packet, 'A rule of firewall.input that accepts it would let it through.'],
    ['noRoute', 'routes', packet, 'A route to 10.0.0.2 on gw would carry it on.'],
    ['noSocket', 'services', packet, 'A service on udp/53 of gw would answer.'],
    ['noSocket', 'services', gre, 'A service on gre of gw would answer.'],
    ['noProtocol', 'services', gre, 'A program on gw that speaks gre would take it.'],
    ['tooBig', 'mtu', packet, 'Packets smaller than 28 bytes would fit, or a larger MTU on that link.'],
  ] as const)('names the things: %s at %s', (reason, place, stopped, sentence) => {
    expect(remedyFor(reason, { node: 'gw', place, packet: stopped })).toBe(sentence);
  });
});
