/** What a node knows of its next hops. */
import { describe, expect, it } from 'vitest';
import { ip4 } from '../../../src/sim/addr/ip.ts';
import { Neighbours } from '../../../src/sim/world/neighbours.ts';

const HOP = ip4(0x0a00_0001);
const OTHER = ip4(0x0a00_0002);

function believed(neighbours: Neighbours, now = 0): string[] {
  const all = [HOP, OTHER].flatMap((ip) => ['a', 'b', 'c'].map((out) => ({ out, ip })));
  return all.filter(({ out, ip }) => neighbours.believesIn(out, ip, now)).map(({ out, ip }) => `${out} ${ip & 3}`);
}

describe('neighbours', () => {
  it('are told apart by interface, also where one address is behind several', () => {
    const neighbours = new Neighbours();
    const first = neighbours.find('a', HOP);
    neighbours.find('b', HOP);
    neighbours.find('c', HOP);
    neighbours.find('b', OTHER);
    expect(neighbours.find('a', HOP)).toBe(first);
    expect(believed(neighbours)).toEqual(['a 1', 'b 1', 'c 1', 'b 2']);
    const copy = neighbours.copy((passage) => passage);
    neighbours.forget('b');
    expect(believed(neighbours)).toEqual(['a 1', 'c 1']);
    expect(neighbours.find('a', HOP)).toBe(first);
    neighbours.forget('c');
    neighbours.forget('a');
    expect(believed(neighbours)).toEqual([]);
    expect(believed(copy)).toEqual(['a 1', 'b 1', 'c 1', 'b 2']);
  });

  it('are doubted for eight seconds half a minute after they were used last, each by itself', () => {
    const neighbours = new Neighbours();
    neighbours.find('a', HOP);
    neighbours.find('b', HOP).at = 10_000;
    expect(believed(neighbours, 30_000)).toEqual(['a 1', 'b 1']);
    expect(believed(neighbours, 37_999)).toEqual(['a 1', 'b 1']);
    expect(believed(neighbours, 38_000)).toEqual(['b 1']);
    expect(believed(neighbours, 40_000)).toEqual(['b 1']);
    expect(believed(neighbours, 48_000)).toEqual([]);
  });
});
