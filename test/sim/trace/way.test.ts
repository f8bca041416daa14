import { describe, expect, it } from 'vitest';
import type { FateView, HopView, PacketView, StageView } from '../../../src/sim/trace/view.ts';
import { Ways } from '../../../src/sim/trace/way.ts';

const nat: StageView = { stage: 'snat', says: 'source', place: 'nat.rules[0]', where: 'f:1', before: 'a', after: 'b' };
const gw: HopView = { node: 'gw', time: '1ms', in: 'lan', out: 'wan', to: 'isp:cust', stages: [nat] };
const lost: FateView = {
  kind: 'dropped',
  node: 'gw',
  reason: 'rule',
  place: 'p',
  detail: 'd',
  where: 'f:2',
  remedy: 'r',
};
const cut: FateView = { kind: 'fragmented', node: 'gw', into: [2, 3] };
const first: PacketView = {
  packet: 1,
  origin: 'pc',
  by: 'ping #1',
  cause: undefined,
  time: '0s',
  summary: 'echo request',
  hops: [gw],
  fate: lost,
};

const over = (hop: Partial<HopView>) => ({ hops: [{ ...gw, ...hop }] });
const through = (stage: Partial<StageView>) => over({ stages: [{ ...nat, ...stage }] });
const ended = (fate: Partial<FateView>) => ({ fate: { ...lost, ...fate } });

describe('ways', () => {
  it('are the same for packets that differ in number, cause and time', () => {
    const ways = new Ways();
    const later = { ...first, packet: 7, cause: 4, time: '1s', ...over({ time: '2s' }) };
    expect([ways.before(first), ways.before(later)]).toEqual([undefined, 1]);
  });

  it('are told apart by what pieces a packet was cut into', () => {
    const ways = new Ways();
    const [whole, same, other] = [cut, { ...cut }, { ...cut, into: [2, 4] }].map((fate) => ({ ...first, fate }));
    const found = [whole, same, other].map((view, i) => view && ways.before({ ...view, packet: i }));
    expect(found).toEqual([undefined, 0, undefined]);
  });

  it.each<[string, Partial<PacketView>]>([
    ['what it looked like', { summary: 'echo reply' }],
    ['who made it', { by: 'ping #2' }],
    ['where it was made', { origin: 'tablet' }],
    ['how many nodes it met', { hops: [gw, gw] }],
    ['which', over({ node: 'isp' })],
    ['the way in', over({ in: undefined })],
    ['the way out', over({ out: 'dmz' })],
    ['where that led', over({ to: 'isp:other' })],
    ['how many stages had a say', over({ stages: [] })],
    ['which stages', through({ stage: 'dnat' })],
    ['what they said', through({ says: 'nothing' })],
    ['by which rule', through({ place: 'nat.rules[1]' })],
    ['on which line', through({ where: 'f:9' })],
    ['what it was before', through({ before: 'c' })],
    ['what it was after', through({ after: undefined })],
    ['its end', ended({ kind: 'lost' })],
    ['where it ended', ended({ node: 'isp' })],
    ['who took it', ended({ to: 'http' })],
    ['the reason', ended({ reason: 'policy' })],
    ['the detail', ended({ detail: undefined })],
    ['the place of the end', ended({ place: 'q' })],
    ['its line', ended({ where: undefined })],
    ['what would have helped', ended({ remedy: 's' })],
  ])('are told apart by %s', (_, change) => {
    const ways = new Ways();
    ways.before(first);
    const other = { ...first, ...change, packet: 2 };
    expect([ways.before(other), ways.before({ ...other, packet: 3 }), ways.before({ ...first, packet: 4 })]).toEqual([
      undefined,
      2,
      1,
    ]);
  });
});
