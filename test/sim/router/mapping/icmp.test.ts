import { describe, expect, it } from 'vitest';
import type { Axes } from '../../../../src/sim/design/behaviour.ts';
import { echo, seal, udp } from '../../../../src/sim/packet/build.ts';
import { error, quoteOf } from '../../../../src/sim/packet/icmp-error.ts';
import type { Icmp, Packet } from '../../../../src/sim/packet/packet.ts';
import { Box, between, ip, PUBLIC } from './box.ts';

const A = '192.168.0.2:5000';
const B = '192.168.0.3:5000';
const S = '198.51.100.9:53';
const ROUTER = ip('198.51.100.254');

/** Port unreachable, about a packet that went through. */
const unreachable = (about: Packet, src = ROUTER) => error({ about, src, type: 3, code: 3 });

function outgoing(axes: Axes): { box: Box; sent: Packet } {
  const box = new Box(axes);
  const { packet } = box.walk(udp(between(A, S)), 'lan', 0);
  if (packet === undefined) throw new Error('nothing left');
  return { box, sent: packet };
}

describe('queries', () => {
  it('keep one identifier for all destinations, or one for each address', () => {
    const one = new Box('full-cone');
    expect(one.ping('192.168.0.2', '198.51.100.9', 7)).toBe('7');
    expect(one.ping('192.168.0.2', '198.51.100.10', 7)).toBe('7');
    expect(one.rows(0)).toMatchObject([{ sessions: 2, protocol: 'icmp' }]);
    const each = new Box('symmetric');
    each.ping('192.168.0.2', '198.51.100.9', 7);
    each.ping('192.168.0.2', '198.51.100.10', 7);
    expect(each.rows(0).map(({ remote }) => remote)).toEqual(
      ['198.51.100.9', '198.51.100.10'].map((text) => ({ ip: ip(text), port: undefined })),
    );
  });

  it('of two hosts with one identifier get two', () => {
    const box = new Box({});
    const ids = [box.ping('192.168.0.2', '198.51.100.9', 7), box.ping('192.168.0.3', '198.51.100.9', 7)];
    expect(new Set(ids).size).toBe(2);
    expect(box.rows(59_999)).toHaveLength(2);
    expect(box.rows(60_000)).toEqual([]);
  });

  it('to the outside address are answered by the gateway', () => {
    const box = new Box('full-cone');
    const query = echo({ src: ip('198.51.100.9'), dst: ip(PUBLIC), id: 7, seq: 1 });
    expect(box.walk(query, 'wan', 0)).toMatchObject({ verdict: 'deliver' });
  });
});

describe('an error from outside', () => {
  it('is translated with what it quotes, and changes no lifetime', () => {
    const { box, sent } = outgoing({});
    const [before] = box.rows(0);
    const { packet, out } = box.walk(unreachable(sent), 'wan', 1000);
    expect(out).toBe('lan');
    expect(packet).toMatchObject({ kind: 'icmp', type: 3, code: 3, src: ROUTER, dst: ip('192.168.0.2') });
    expect(quoteOf(packet as Icmp)).toMatchObject({ src: ip('192.168.0.2'), sport: 5000 });
    expect(box.rows(1000)).toEqual([before]);
  });

  it('ends the mapping only where that is how the NAT behaves', () => {
    const { box, sent } = outgoing({ icmp: { endMapping: true } });
    expect(box.walk(unreachable(sent), 'wan', 0).out).toBe('lan');
    expect(box.rows(0)).toEqual([]);
  });

  it('is dropped where none is translated', () => {
    const { box, sent } = outgoing({ icmp: { errors: 'drop' } });
    expect(box.walk(unreachable(sent), 'wan', 0)).toMatchObject({ verdict: 'DROP natFiltered' });
  });

  it.each(['about no session', 'with a wrong checksum', 'quoting a wrong checksum'])(
    '%s is dropped in silence',
    (what) => {
      const { box, sent } = outgoing({});
      const good = unreachable(what === 'about no session' ? udp(between(`${PUBLIC}:9`, S)) : sent);
      const garbled = new Uint8Array(good.payload);
      garbled[10] = (garbled[10] ?? 0) ^ 1;
      const packet =
        what === 'with a wrong checksum'
          ? { ...good, checksum: good.checksum ^ 1 }
          : what === 'about no session'
            ? good
            : seal({ ...good, payload: garbled });
      const passed = box.walk(packet, 'wan', 0);
      expect(passed).toMatchObject({ verdict: 'DROP natFiltered' });
      expect(passed.answer).toBeUndefined();
    },
  );
});

describe('an error from inside', () => {
  it('leaves with the outside endpoint in it, and from an outside address', () => {
    const { box } = outgoing({});
    const arrived = box.walk(udp(between(S, `${PUBLIC}:5000`)), 'wan', 0).packet;
    if (arrived === undefined) throw new Error('nothing arrived');
    const { packet } = box.walk(unreachable(arrived, ip('192.168.0.2')), 'lan', 0);
    expect(packet).toMatchObject({ src: ip(PUBLIC), dst: ip('198.51.100.9'), type: 3, code: 3 });
    expect(quoteOf(packet as Icmp)).toMatchObject({ dst: ip(PUBLIC), dport: 5000 });
  });

  it('about nothing that is known does not leave', () => {
    const { box } = outgoing({});
    const stranger = udp(between('198.51.100.9:1', '192.168.0.7:2'));
    expect(box.walk(unreachable(stranger, ip('192.168.0.7')), 'lan', 0)).toMatchObject({ verdict: 'DROP natFiltered' });
  });
});

it('a hairpinned error finds its way back', () => {
  const box = new Box({});
  box.out(B, S);
  const arrived = box.walk(udp(between(A, `${PUBLIC}:5000`)), 'lan', 0).packet;
  if (arrived === undefined) throw new Error('nothing arrived');
  const { packet, out } = box.walk(unreachable(arrived, ip('192.168.0.3')), 'lan', 0);
  expect([packet?.dst, out]).toEqual([ip('192.168.0.2'), 'lan']);
  expect(quoteOf(packet as Icmp)).toMatchObject({ src: ip('192.168.0.2'), dst: ip(PUBLIC), dport: 5000 });
});
