/** ICMPv6 (RFC 4443): which error each trouble draws, about what none is sent, and that only hosts cut packets. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyIp, anyIpIn } from '../../src/arbitraries/addr.ts';
import { perform, simulate } from '../../src/scenarios/perform.ts';
import type { Design, Node } from '../../src/sim/design/design.ts';
import { mayAnswerWithError, quoteOf } from '../../src/sim/packet/icmp-error.ts';
import { type Icmp, lengthOf, other, PROTOCOL, udp } from '../../src/sim/packet/packet.ts';
import { ADDRESS, arrive, icmpOnWires, inject, ip, network, node, onWires, prefix } from './routers.ts';

const { a, b, near, nobody } = ADDRESS[6];
const [A, B] = [ip(a), ip(b)];
const LINK_LOCAL = ip('fe80::99');
const datagram = udp({ src: A, dst: B, sport: 5000, dport: 9 });
const piece = { src: A, dst: B, ident: 7, protocol: PROTOCOL.udp, payload: new Uint8Array(64) };
const OUT: Partial<Node> = { routes: [{ to: `${b}/128`, type: 'prohibit' }] };
const REJECT: Partial<Node> = {
  firewall: { forward: { rules: [{ action: 'reject', with: 'icmp-admin-prohibited' }] } },
};

/** The errors that one packet of `a` draws, in a minute and a half. */
function errors(design: Design, packet = datagram as Parameters<typeof inject>[2]): readonly Icmp[] {
  const world = simulate(design);
  inject(world, 'a', packet, undefined, 90_000);
  return [...new Map(icmpOnWires(world).map((each) => [`${each.type}/${each.code}`, each])).values()];
}

describe('RT-13 which error', () => {
  it.each([
    ['1/0: no route', network(), udp({ ...datagram, dst: ip('2001:db8:99::1') }), near],
    ['1/1: a route that prohibits', network(OUT), datagram, near],
    ['1/1: a firewall that prohibits', network(REJECT), datagram, near],
    ['1/3: nobody has the address', network(), udp({ ...datagram, dst: ip(nobody) }), near],
    ['1/4: a closed port', network(), datagram, b],
    ['3/0: the hop limit ran out', network(), udp({ ...datagram, ttl: 1 }), near],
    ['3/1: the other pieces did not come', network(), other({ ...piece, fragment: { offset: 0, more: true } }), b],
    ['4/1: a next header that is not spoken', network(), other({ ...piece, protocol: PROTOCOL.gre }), b],
  ])('RT-13 %s', (name, design, packet, from) => {
    const told = errors(design, packet);
    expect(told.map(({ type, code }) => `${type}/${code}`)).toEqual([name.slice(0, 3)]);
    expect(told[0]).toMatchObject({ src: ip(from), dst: A });
    expect(told[0] && quoteOf(told[0])).toMatchObject({ src: A, dst: packet.dst });
  });

  it('RT-13 1/2: a link-local source does not leave its link', () => {
    const end = arrive(udp({ ...datagram, src: LINK_LOCAL }));
    expect(end.verdict === 'drop' && end.answer?.packet).toMatchObject({
      kind: 'icmp',
      type: 1,
      code: 2,
      dst: LINK_LOCAL,
    });
  });

  it('RT-13 3/1 is sent after a minute, and not where the first piece is missing', () => {
    const world = simulate(network());
    inject(world, 'a', other({ ...piece, fragment: { offset: 64, more: true } }), undefined, 90_000);
    const ended = world.trace.flatMap((event) => (event.kind === 'fate' ? [[event.fate, event.time] as const] : []));
    expect(ended).toMatchObject([
      [{ kind: 'dropped', node: 'b', reason: 'reassemblyTimeout' }, expect.closeTo(60_000, -2)],
    ]);
    expect(icmpOnWires(world)).toEqual([]);
  });

  it('RT-13 4/1 points at the next header field', () => {
    const [told] = errors(network(), other({ ...piece, protocol: PROTOCOL.gre }));
    expect(told?.rest).toBe(6);
  });

  it('RT-13 1/5 and 1/6 are not sent: a source that lives elsewhere is let pass, and an unreachable route says 1/0', () => {
    expect(arrive(udp({ ...datagram, src: ip('2001:db8:99::1') }), node({ reversePathFilter: 'strict' })).verdict).toBe(
      'transmit',
    );
    const told = errors(network({ routes: [{ to: `${b}/128`, type: 'unreachable' }] }));
    expect(told.map(({ type, code }) => [type, code])).toEqual([[1, 0]]);
  });
});

describe('RT-13 too big', () => {
  const narrow = (mtu: number) =>
    network({ interfaces: { in: [`${near}/64`], out: { addresses: [`${ADDRESS[6].far}/64`], mtu } } });

  it('RT-13 2/0 with the MTU of the next link; a router never cuts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1280, max: 1499 }), fc.integer({ min: 1200, max: 1500 }), (mtu, size) => {
        const world = simulate(narrow(mtu));
        inject(world, 'a', udp({ ...datagram, payload: new Uint8Array(size - 48) }), undefined, 100);
        const far = onWires(world)
          .filter((packet) => packet.src === A)
          .slice(1);
        const big = icmpOnWires(world).filter(({ type }) => type === 2);
        expect(far.map(lengthOf)).toEqual(size > mtu ? [] : [size]);
        expect(big.map(({ code, rest }) => [code, rest])).toEqual(size > mtu ? [[0, mtu]] : []);
      }),
      { numRuns: 40 },
    );
  });

  it('RT-13 no link of IPv6 has an MTU below 1280', () => {
    expect(() => simulate(narrow(1279))).toThrow('1279 is too small for IPv6');
    expect(() => simulate(narrow(1280))).not.toThrow();
  });

  it('RT-13 what was told 1280 the sender keeps to: the next is cut where it is made', () => {
    const world = simulate(narrow(1280));
    const send = { from: 'a', to: b, protocol: 'udp', port: 9, payload: 'x'.repeat(1400) } as const;
    for (const outcome of ['too-big', 'cut'])
      expect([outcome, perform(world, { send }).result?.icmp?.type]).toEqual([outcome, outcome === 'cut' ? 1 : 2]);
    const pieces = onWires(world).filter((packet) => packet.kind === 'other' && packet.fragment !== undefined);
    expect(Math.max(...pieces.map(lengthOf))).toBeLessThanOrEqual(1280);
    expect(pieces).toHaveLength(4);
  });
});

describe('RT-13 packets to a group', () => {
  it('RT-13 draw no error but 2/0 and 4/2', () => {
    const anyCode = fc.record({ type: fc.integer({ min: 1, max: 4 }), code: fc.integer({ min: 0, max: 6 }) });
    const anySource = anyIpIn(prefix('2001:db8::/32'));
    fc.assert(
      fc.property(anySource, fc.oneof(anyIpIn(prefix('ff00::/8')), anyIp(6)), anyCode, (src, dst, { type, code }) => {
        const packet = udp({ src, dst, sport: 1, dport: 2 });
        const toGroup = (typeof dst === 'bigint' ? dst : 0n) >> 120n === 0xffn;
        const allowed = !toGroup || type === 2 || (type === 4 && code === 2);
        expect(mayAnswerWithError(packet, { type, code })).toBe(allowed);
      }),
      { numRuns: 100 },
    );
  });

  it.each(['ff02::1', 'ff0e::1'])('RT-13 to %s: neither the router nor a host says anything', (group) => {
    const world = simulate(network());
    for (const ttl of [1, 64]) inject(world, 'a', udp({ ...datagram, dst: ip(group), ttl }), 'eth0');
    expect(onWires(world).length).toBe(2);
    expect(icmpOnWires(world)).toEqual([]);
  });
});
