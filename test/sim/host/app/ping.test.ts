import { describe, expect, it } from 'vitest';
import { echoServer } from '../../../../src/sim/host/app/echo.ts';
import { pingClient } from '../../../../src/sim/host/app/ping.ts';
import { error } from '../../../../src/sim/packet/icmp-error.ts';
import { echo, type Packet, udp } from '../../../../src/sim/packet/packet.ts';
import { at, Driven, ip } from './drive.ts';
import { Ideal } from './ideal.ts';

const A = ip('10.0.0.1');
const B = ip('10.0.0.2');
const GATE = ip('10.0.0.254');
const heard = (packet: Packet) => ({ kind: 'packet', socket: 'icmp', packet, interface: 'eth0' }) as const;
const reply = (id: number, seq: number, src = B) => heard(echo({ src, dst: A, id, seq, reply: true }));
const request = (id: number, seq: number, dst = B) => echo({ src: A, dst, id, seq });
const unreachable = (about: Packet) => heard(error({ about, src: GATE, type: 3, code: 1 }));
const timer = (name: string) => ({ kind: 'timer', name }) as const;

describe('ping', () => {
  it('is answered by a node', () => {
    const net = new Ideal();
    net.add([B], echoServer({ protocol: 'tcp', port: 7 }));
    expect(net.find([A], pingClient({ to: B, id: 77, count: 3 }))).toEqual({
      outcome: 'replied',
      local: at('10.0.0.1', 77),
      more: { sent: 3, received: 3 },
    });
    expect(net.now).toBe(2002);
  });

  it('is unreachable without a route', () => {
    const net = new Ideal();
    expect(net.find([A], pingClient({ to: B, id: 77, count: 2 }))).toEqual({
      outcome: 'unreachable',
      more: { sent: 2, received: 0 },
    });
  });

  it('sends echo requests that count from 1, in either family', () => {
    const four = new Driven(pingClient({ to: B, id: 9 }));
    expect(four.said).toMatchObject([
      { kind: 'raw', socket: 'icmp', level: 'ip' },
      { kind: 'timer', name: 'timeout', after: 5000 },
      { kind: 'inject', socket: 'icmp', packet: { dst: B, type: 8, rest: 0x9_0001 } },
    ]);
    const six = new Driven(pingClient({ to: ip('2001:db8::1'), id: 9 }));
    expect(six.said.at(-1)).toMatchObject({ packet: { src: ip('::'), type: 128 } });
  });

  it.each([
    ['another identifier', reply(2, 1)],
    ['another node', reply(1, 1, GATE)],
    ['a request', heard(request(1, 1, A))],
    ['no ICMP', heard(udp({ src: B, dst: A, sport: 1, dport: 2 }))],
    ['an error about another identifier', unreachable(request(2, 1))],
    ['an error about another target', unreachable(request(1, 1, GATE))],
    ['an error about a reply', unreachable(echo({ src: A, dst: B, id: 1, seq: 1, reply: true }))],
  ])('passes over %s', (_, event) => {
    const ping = new Driven(pingClient({ to: B, id: 1 }));
    expect(ping.hear(event)).toEqual([]);
    expect(ping.hear({ kind: 'link', interface: 'eth0', up: true })).toEqual([]);
    ping.hear(timer('timeout'));
    expect(ping.finding).toEqual({ outcome: 'timeout', more: { sent: 1, received: 0 } });
  });

  it('tells the error that came back', () => {
    const ping = new Driven(pingClient({ to: B, id: 1 }));
    ping.hear(unreachable(request(1, 1)));
    expect(ping.finding).toEqual({
      outcome: 'unreachable',
      icmp: { type: 3, code: 1, from: GATE },
      local: at('10.0.0.1', 1),
      more: { sent: 1, received: 0 },
    });
  });

  it('has replied when one reply came, whatever else', () => {
    const ping = new Driven(pingClient({ to: B, id: 1, count: 3, interval: 10, timeout: 50 }));
    ping.hear(unreachable(request(1, 1)));
    ping.hear(timer('next'));
    ping.hear(reply(1, 2));
    ping.hear(reply(1, 2));
    ping.hear(timer('next'));
    expect(ping.said[0]).toEqual({ kind: 'timer', name: 'timeout', after: 50 });
    ping.hear(timer('timeout'));
    expect(ping.finding).toEqual({ outcome: 'replied', local: at('10.0.0.1', 1), more: { sent: 3, received: 1 } });
  });
});
