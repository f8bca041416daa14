import { describe, expect, it } from 'vitest';
import { udp } from '../../../../src/sim/packet/build.ts';
import { Box, between, ends, PUBLIC } from './box.ts';

const datagram = (from: string, to: string) => udp(between(from, to));

const A = '192.168.0.2:5000';
const B = '192.168.0.3:5000';
const S = '198.51.100.9:3478';
const S_OTHER_PORT = '198.51.100.9:3479';
const T = '198.51.100.77:3478';

describe('a mapping', () => {
  it.each([
    ['endpoint-independent', true, true],
    ['address-dependent', true, false],
    ['address-and-port-dependent', false, false],
  ] as const)('%s is the same for another port: %s, for another address: %s', (mapping, samePort, sameAddress) => {
    const box = new Box({ mapping, ports: { allocation: 'random' } });
    const first = box.out(A, S);
    expect(first).toMatch(/^203\.0\.113\.2:\d+$/);
    expect(box.out(A, S)).toBe(first);
    expect(box.out(A, S_OTHER_PORT) === first).toBe(samePort);
    expect(box.out(A, T) === first).toBe(sameAddress);
  });
});

describe('filtering', () => {
  it.each([
    ['endpoint-independent', true, true],
    ['address-dependent', true, false],
    ['address-and-port-dependent', false, false],
  ] as const)('%s lets in another port: %s, another address: %s', (filtering, port, address) => {
    const box = new Box({ filtering });
    const at = box.out(A, S);
    expect(box.in(S, at)).toBe(A);
    expect(box.in(S_OTHER_PORT, at)).toBe(port ? A : 'DROP natFiltered');
    expect(box.in(T, at)).toBe(address ? A : 'DROP natFiltered');
  });

  it('refuses what no mapping is for, unless this node listens there', () => {
    const box = new Box('full-cone', { listens: (_, at) => at.port === 53 });
    expect(box.in(S, `${PUBLIC}:5000`)).toBe('DROP natFiltered');
    expect(box.in(S, `${PUBLIC}:53`)).toBe('deliver');
  });
});

describe('hairpinning', () => {
  it.each([
    [true, `${PUBLIC}:6001`],
    ['internal-source', '192.168.0.2:6001'],
  ] as const)('%s shows the sender as %s, and the answer finds its way back', (hairpin, seenFrom) => {
    const box = new Box({ hairpin });
    const at = box.out(B, S);
    const there = box.walk(datagram('192.168.0.2:6001', at), 'lan', 0);
    expect([ends(there, 'source'), ends(there, 'destination'), there.out]).toEqual([seenFrom, B, 'lan']);
    const back = box.walk(datagram(B, seenFrom), 'lan', 1);
    if (hairpin !== true) return;
    expect([ends(back, 'source'), ends(back, 'destination')]).toEqual([at, '192.168.0.2:6001']);
  });

  it('off, drops what inside hosts send to outside endpoints', () => {
    const box = new Box({ hairpin: false });
    expect(box.out('192.168.0.2:6001', box.out(B, S))).toBe('DROP natHairpin');
  });

  it('is subject to filtering by the outside endpoint of the sender', () => {
    const box = new Box({ filtering: 'address-and-port-dependent' });
    const [a, b] = [box.out(A, S), box.out(B, S)];
    expect(box.out(A, b)).toBe('DROP natFiltered');
    expect(box.out(B, a)).toBe(b);
    expect(box.out(A, b)).toBe(a);
  });
});
