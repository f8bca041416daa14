import { describe, expect, it } from 'vitest';
import { echoServer } from '../../../../src/sim/host/app/echo.ts';
import { type SendConfig, sendClient } from '../../../../src/sim/host/app/send.ts';
import { error } from '../../../../src/sim/packet/icmp-error.ts';
import { FLAG, icmp, other, type Packet, PROTOCOL, tcp, udp } from '../../../../src/sim/packet/packet.ts';
import { at, bytes, Driven, ip } from './drive.ts';
import { Ideal } from './ideal.ts';

const A = ip('10.0.0.1');
const B = ip('10.0.0.2');
const C = ip('10.0.0.3');
const heard = (packet: Packet) => ({ kind: 'packet', socket: 'client', packet, interface: 'eth0' }) as const;
const back = { src: B, dst: A } as const;

/** What a config makes of one packet that comes back; undefined when it waits on. */
function judge(config: Omit<SendConfig, 'to'>, packet: Packet): string | undefined {
  const client = new Driven(sendClient({ to: B, ...config }));
  client.hear(heard(packet));
  return client.finding?.outcome;
}

/** The packet that a config injects. */
function crafted(config: SendConfig): Packet {
  const found = new Driven(sendClient(config)).said.find((command) => command.kind === 'inject');
  if (found?.kind !== 'inject') throw new Error('nothing is injected');
  return found.packet;
}

describe('a crafted packet', () => {
  it('is a SYN by default', () => {
    expect(crafted({ to: B, protocol: PROTOCOL.tcp, port: 80, sourcePort: 5000 })).toMatchObject({
      kind: 'tcp',
      dst: B,
      sport: 5000,
      dport: 80,
      flags: FLAG.syn,
      ack: 0,
      ttl: 64,
    });
  });

  it.each<[Omit<SendConfig, 'to'>, Record<string, unknown>]>([
    [
      { protocol: 6, tcpFlags: FLAG.ack | FLAG.fin, ttl: 3 },
      { kind: 'tcp', flags: 17, ack: 1, ttl: 3 },
    ],
    [
      { protocol: 1, sourcePort: 7 },
      { kind: 'icmp', type: 8, rest: 0x7_0001 },
    ],
    [
      { protocol: 58, sourcePort: 7, icmpType: 13 },
      { kind: 'icmp', type: 13, rest: 0x7_0001 },
    ],
    [
      { protocol: 1, sourcePort: 7, icmpType: 3 },
      { kind: 'icmp', type: 3, rest: 0 },
    ],
    [
      { protocol: 47, payload: bytes('gre') },
      { kind: 'other', protocol: 47, payload: bytes('gre') },
    ],
  ])('follows %j', (config, expected) => {
    expect(crafted({ to: B, ...config })).toMatchObject(expected);
  });

  it('is of the family of its target', () => {
    expect(crafted({ to: ip('2001:db8::1'), protocol: 58 })).toMatchObject({ src: ip('::'), type: 128 });
  });

  it('has a port that follows from the time', () => {
    const portAt = (now: number) => {
      const packet = new Driven(sendClient({ to: B, protocol: 6, port: 80 }), now).said.at(-1);
      return packet?.kind === 'inject' && packet.packet.kind === 'tcp' ? packet.packet.sport : 0;
    };
    const ports = Array.from({ length: 100 }, (_, i) => portAt(i));
    expect(ports).toEqual(Array.from({ length: 100 }, (_, i) => portAt(i)));
    expect(new Set(ports).size).toBeGreaterThan(95);
    expect(ports.every((port) => port >= 32_768 && port <= 60_999)).toBe(true);
  });
});

describe('what comes back', () => {
  const syn = { protocol: 6, port: 80, sourcePort: 5000 };
  const segment = { ...back, sport: 80, dport: 5000, seq: 9 };
  const query = { protocol: 1, sourcePort: 7 };
  const sentTcp = tcp({ src: A, dst: B, sport: 5000, dport: 80, seq: 1, flags: FLAG.syn });
  const sentPing = icmp({ src: A, dst: B, type: 8, rest: 0x7_0001 });
  const about = (packet: Packet) => error({ about: packet, src: C, type: 3, code: 13 });

  it.each<[string, string | undefined, Omit<SendConfig, 'to'>, Packet]>([
    ['SYN and ACK', 'replied', syn, tcp({ ...segment, flags: FLAG.syn | FLAG.ack })],
    ['a reset', 'rejected', syn, tcp({ ...segment, flags: FLAG.rst | FLAG.ack })],
    ['a segment from another port', undefined, syn, tcp({ ...segment, sport: 81, flags: FLAG.ack })],
    ['a segment to another port', undefined, syn, tcp({ ...segment, dport: 81, flags: FLAG.ack })],
    ['a segment from another node', undefined, syn, tcp({ ...segment, src: C, flags: FLAG.ack })],
    ['a segment for an echo request', undefined, query, tcp({ ...segment, flags: FLAG.ack })],
    ['an echo reply', 'replied', query, icmp({ ...back, type: 0, rest: 0x7_0001 })],
    ['a timestamp reply', 'replied', { ...query, icmpType: 13 }, icmp({ ...back, type: 14, rest: 0x7_0001 })],
    ['an echo reply of another identifier', undefined, query, icmp({ ...back, type: 0, rest: 0x8_0001 })],
    ['an echo request', undefined, query, icmp({ ...back, type: 8, rest: 0x7_0001 })],
    [
      'a request after an unasked reply',
      undefined,
      { ...query, icmpType: 0 },
      icmp({ ...back, type: 8, rest: 0x7_0001 }),
    ],
    ['an echo reply for a SYN', undefined, syn, icmp({ ...back, type: 0, rest: 0x1388_0001 })],
    ['the same protocol', 'replied', { protocol: 47 }, other({ ...back, protocol: 47 })],
    ['another protocol', undefined, { protocol: 47 }, other({ ...back, protocol: 50 })],
    ['a datagram for a SYN', undefined, syn, udp({ ...back, sport: 80, dport: 5000 })],
    ['an error about the SYN', 'rejected', syn, about(sentTcp)],
    ['an error about another SYN', undefined, syn, about({ ...sentTcp, sport: 5001 })],
    ['an error about another port', undefined, syn, about({ ...sentTcp, dport: 81 })],
    ['an error about another target', undefined, syn, about({ ...sentTcp, dst: C })],
    ['an error about another protocol', undefined, syn, about(sentPing)],
    ['an error about the ping', 'rejected', query, about(sentPing)],
    ['an error about another ping', undefined, query, about({ ...sentPing, rest: 0x8_0001 })],
    ['an error about a SYN for a ping', undefined, query, about(sentTcp)],
    ['an error about another type', undefined, { ...query, icmpType: 13 }, about(sentPing)],
    ['an error about GRE', 'rejected', { protocol: 47 }, about(other({ src: A, dst: B, protocol: 47 }))],
  ])('%s: %s', (_, outcome, config, packet) => {
    expect(judge(config, packet)).toBe(outcome);
  });

  it('is reported with the endpoint it came to', () => {
    const client = new Driven(sendClient({ to: B, ...syn }));
    client.hear(heard(about(sentTcp)));
    expect(client.finding).toEqual({
      outcome: 'rejected',
      icmp: { type: 3, code: 13, from: C },
      local: at('10.0.0.1', 5000),
    });
  });

  it('of an ICMP message without identifier is told by its type', () => {
    const quench = icmp({ src: A, dst: B, type: 9 });
    expect(judge({ protocol: 1, icmpType: 9, sourcePort: 7 }, about(quench))).toBe('rejected');
  });

  it('is nothing for as long as it is told to wait', () => {
    const client = new Driven(sendClient({ to: B, protocol: 6, port: 80, wait: 10 }));
    expect(client.said[0]).toEqual({ kind: 'timer', name: 'wait', after: 10 });
    expect(client.hear({ kind: 'link', interface: 'eth0', up: true })).toEqual([]);
    client.hear({ kind: 'timer', name: 'wait' });
    expect(client.finding).toEqual({ outcome: 'silent' });
  });
});

describe('a datagram', () => {
  const net = () => {
    const ideal = new Ideal();
    ideal.add([B], echoServer({ protocol: 'udp', port: 7 }));
    return ideal;
  };

  it('goes through a socket', () => {
    const client = new Driven(sendClient({ to: B, protocol: 17, port: 9, sourcePort: 8, ttl: 2, payload: bytes('x') }));
    expect(client.said[1]).toEqual({ kind: 'bind', socket: 'client', port: 8, peer: { ip: B, port: 9 } });
    expect(client.hear({ kind: 'bound', socket: 'client', local: at('10.0.0.1', 8) })).toEqual([
      { kind: 'send', socket: 'client', to: { ip: B, port: 9 }, ttl: 2, payload: bytes('x') },
    ]);
  });

  it('is answered, refused, or lost', () => {
    const ideal = net();
    expect(ideal.find([A], sendClient({ to: B, protocol: 17, port: 7 }))).toEqual({
      outcome: 'replied',
      local: at('10.0.0.1', 40_000),
    });
    expect(ideal.find([A], sendClient({ to: B, protocol: 17, port: 8 }))).toMatchObject({
      outcome: 'rejected',
      icmp: { type: 3, code: 3, from: B },
    });
    ideal.filter = () => 'drop';
    expect(ideal.find([A], sendClient({ to: B, protocol: 17, port: 7 }))).toMatchObject({ outcome: 'silent' });
  });

  it('tells when it could not leave', () => {
    const client = new Driven(sendClient({ to: B, protocol: 17, port: 9 }));
    client.hear({ kind: 'failed', socket: 'client', error: 'unreachable' });
    expect(client.finding).toEqual({ outcome: 'silent', more: { error: 'unreachable' } });
  });
});
