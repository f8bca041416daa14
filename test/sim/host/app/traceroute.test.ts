import { describe, expect, it } from 'vitest';
import type { AppEvent, IcmpReport } from '../../../../src/sim/host/app/app.ts';
import { echoServer } from '../../../../src/sim/host/app/echo.ts';
import { tracerouteClient } from '../../../../src/sim/host/app/traceroute.ts';
import { at, Driven, ip } from './drive.ts';
import { Ideal } from './ideal.ts';

const TO = ip('198.51.100.9');
const R1 = ip('10.0.0.1');
const R2 = ip('10.0.1.1');
const timer: AppEvent = { kind: 'timer', name: 'next' };

function report(socket: number, type: number, code: number, from = R1): AppEvent {
  const icmp: IcmpReport = { type, code, from };
  return { kind: 'failed', socket: `${socket}`, error: 'unreachable', icmp };
}

describe('traceroute', () => {
  it('sends a datagram a hop, to ports that count up', () => {
    const trace = new Driven(tracerouteClient({ to: TO }));
    expect(trace.said).toEqual([
      { kind: 'timer', name: 'next', after: 1000 },
      { kind: 'bind', socket: '1', port: 0, peer: { ip: TO, port: 33434 } },
    ]);
    expect(trace.hear({ kind: 'bound', socket: '1', local: at('10.0.0.2', 40_000) })).toMatchObject([
      { kind: 'send', socket: '1', to: { ip: TO, port: 33434 }, ttl: 1 },
    ]);
    expect(trace.hear(report(1, 11, 0), 3)).toMatchObject([
      { kind: 'timer', name: 'next' },
      { kind: 'bind', socket: '2', peer: { ip: TO, port: 33435 } },
    ]);
  });

  it('reaches a target that says its port is closed', () => {
    const trace = new Driven(tracerouteClient({ to: TO }));
    trace.hear({ kind: 'bound', socket: '1', local: at('10.0.0.2', 40_000) });
    trace.hear(report(1, 11, 0, R1), 2);
    trace.hear(timer, 1000);
    trace.hear(report(3, 3, 3, TO), 6.5);
    expect(trace.finding).toEqual({
      outcome: 'reached',
      local: at('10.0.0.2', 40_000),
      more: {
        hops: [
          { ttl: 1, from: '10.0.0.1', rtt: '2ms' },
          { ttl: 2, from: null },
          { ttl: 3, from: '198.51.100.9', rtt: '6ms500us' },
        ],
      },
    });
  });

  it.each([
    ['2001:db8::9', 3, 0, 1, 4],
    ['198.51.100.9', 11, 0, 3, 3],
  ])('reaches %s', (target, exceeded, zero, type, code) => {
    const to = ip(target);
    const trace = new Driven(tracerouteClient({ to }));
    trace.hear(report(1, exceeded, zero, typeof to === 'bigint' ? ip('2001:db8::1') : R1));
    trace.hear(report(2, type, code, to));
    expect(trace.finding?.outcome).toBe('reached');
  });

  it('reaches a target that answers', () => {
    const net = new Ideal();
    net.add([TO], echoServer({ protocol: 'udp', port: 33434 }));
    expect(net.find([R1], tracerouteClient({ to: TO }))).toMatchObject({
      outcome: 'reached',
      more: { hops: [{ ttl: 1, from: '198.51.100.9', rtt: '2ms' }] },
    });
  });

  it.each([
    [3, 0, '!N'],
    [3, 1, '!H'],
    [3, 2, '!P'],
    [3, 3, '!3'],
    [3, 4, '!F'],
    [3, 9, '!X'],
    [3, 10, '!X'],
    [3, 13, '!X'],
    [3, 5, '!5'],
    [11, 1, '!1'],
  ])('is unreachable by ICMP %i/%i from a router: %s', (type, code, mark) => {
    const trace = new Driven(tracerouteClient({ to: TO }));
    trace.hear(report(1, type, code));
    expect(trace.finding).toEqual({
      outcome: 'unreachable',
      icmp: { type, code, from: R1 },
      more: { hops: [{ ttl: 1, from: '10.0.0.1', rtt: '0s', mark }] },
    });
  });

  it('hears late answers, and forgets the hops behind the one that ended the way', () => {
    const trace = new Driven(tracerouteClient({ to: TO }));
    trace.hear(report(1, 11, 0), 1);
    trace.hear(timer, 1000);
    trace.hear(timer, 1000);
    expect(trace.hear(report(2, 11, 0, R2), 0)).toEqual([]);
    expect(trace.hear(report(2, 11, 0, R1), 0)).toEqual([]);
    trace.hear(report(3, 3, 1, R2), 1000);
    expect(trace.finding).toMatchObject({
      outcome: 'unreachable',
      more: {
        hops: [
          { ttl: 1, from: '10.0.0.1', rtt: '1ms' },
          { ttl: 2, from: '10.0.1.1', rtt: '2s' },
          { ttl: 3, from: '10.0.1.1', rtt: '2s', mark: '!H' },
        ],
      },
    });
  });

  it('goes on to the last hop and waits longer there', () => {
    const trace = new Driven(tracerouteClient({ to: TO, maxHops: 3, wait: 100, port: 5000 }));
    trace.hear(timer, 100);
    trace.hear(timer, 100);
    expect(trace.said[0]).toEqual({ kind: 'timer', name: 'next', after: 4000 });
    trace.hear(timer, 4000);
    expect(trace.finding).toEqual({
      outcome: 'timeout',
      more: { hops: [1, 2, 3].map((ttl) => ({ ttl, from: null })) },
    });
  });

  it('ends at once when the last hop is another router', () => {
    const trace = new Driven(tracerouteClient({ to: TO, maxHops: 1 }));
    trace.hear(report(1, 11, 0));
    expect(trace.finding).toMatchObject({ outcome: 'timeout', more: { hops: [{ from: '10.0.0.1' }] } });
  });

  it('is unreachable without a route', () => {
    const trace = new Driven(tracerouteClient({ to: TO }));
    expect(trace.hear({ kind: 'link', interface: 'eth0', up: false })).toEqual([]);
    trace.hear({ kind: 'failed', socket: '1', error: 'unreachable' });
    expect(trace.finding).toEqual({ outcome: 'unreachable', more: { hops: [] } });
  });
});
