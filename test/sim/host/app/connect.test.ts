import { describe, expect, it } from 'vitest';
import { connectClient } from '../../../../src/sim/host/app/connect.ts';
import { echoServer } from '../../../../src/sim/host/app/echo.ts';
import { ftpServer } from '../../../../src/sim/host/app/ftp-server.ts';
import { pattern } from '../../../../src/sim/host/app/stream/bytes.ts';
import { at, Driven, ip } from './drive.ts';
import { Ideal } from './ideal.ts';

const SERVER = [ip('10.0.0.1')];
const CLIENT = [ip('10.0.0.2')];
const to = at('10.0.0.1', 7);

describe('connect over TCP', () => {
  it('asks for a source port when it is told one', () => {
    expect(new Driven(connectClient({ protocol: 'tcp', to, sourcePort: 999 })).said).toEqual([
      { kind: 'timer', name: 'timeout', after: 5000 },
      { kind: 'connect', socket: 'client', to, from: { port: 999 } },
    ]);
  });

  it('is connected after the handshake', () => {
    const net = new Ideal();
    net.add(SERVER, echoServer({ protocol: 'tcp', port: 7 }));
    expect(net.find(CLIENT, connectClient({ protocol: 'tcp', to }))).toEqual({
      outcome: 'connected',
      local: at('10.0.0.2', 40_000),
    });
  });

  it.each([1, 20_000])('gets %i bytes back, however they are cut, and closes', (amount) => {
    const net = new Ideal();
    net.cut = (whole) => [whole.subarray(0, 1), whole.subarray(1, 700), whole.subarray(700)];
    net.add(SERVER, echoServer({ protocol: 'tcp', port: 7 }));
    expect(net.find(CLIENT, connectClient({ protocol: 'tcp', to, bytes: amount }))).toMatchObject({
      outcome: 'connected',
      more: { sent: amount, received: amount, echoed: true },
    });
  });

  it('tells an answer that is no echo', () => {
    const net = new Ideal();
    net.add(SERVER, ftpServer({ port: 7 }));
    const finding = net.find(CLIENT, connectClient({ protocol: 'tcp', to, bytes: 4 }));
    expect(finding).toMatchObject({ outcome: 'connected', more: { sent: 4, received: 23, echoed: false } });
  });

  it.each([
    ['refused', at('10.0.0.1', 8)],
    ['unreachable', at('10.9.9.9', 8)],
  ])('is %s', (outcome, elsewhere) => {
    const net = new Ideal();
    net.add(SERVER, echoServer({ protocol: 'tcp', port: 7 }));
    expect(net.find(CLIENT, connectClient({ protocol: 'tcp', to: elsewhere }))).toEqual({ outcome });
  });

  it('waits for as long as it is told', () => {
    const net = new Ideal();
    net.filter = () => 'drop';
    net.add(SERVER, echoServer({ protocol: 'tcp', port: 7 }));
    expect(net.find(CLIENT, connectClient({ protocol: 'tcp', to, timeout: 1500 }))).toEqual({ outcome: 'timeout' });
    expect(net.now).toBe(1500);
  });

  const connected = { kind: 'connected', socket: 'client', peer: to, local: at('10.0.0.2', 5) } as const;
  const failed = { kind: 'failed', socket: 'client', error: 'reset' } as const;

  it('is reset while it waits for the echo, not once it has it', () => {
    const client = new Driven(connectClient({ protocol: 'tcp', to, bytes: 4 }));
    client.hear(connected);
    client.hear(failed);
    expect(client.finding).toEqual({ outcome: 'reset', local: at('10.0.0.2', 5) });

    for (const last of [failed, { kind: 'timer', name: 'timeout' }] as const) {
      const done = new Driven(connectClient({ protocol: 'tcp', to, bytes: 4 }));
      done.hear(connected);
      expect(done.hear({ kind: 'data', socket: 'client', payload: pattern(4) })).toEqual([
        { kind: 'shutdown', socket: 'client' },
      ]);
      done.hear(last);
      expect(done.finding).toMatchObject({ outcome: 'connected', more: { echoed: true } });
    }
  });

  it('tells a silent server from a broken connection', () => {
    const client = new Driven(connectClient({ protocol: 'tcp', to, bytes: 4 }));
    client.hear(connected);
    client.hear({ kind: 'timer', name: 'timeout' });
    expect(client.finding).toMatchObject({ outcome: 'timeout' });

    const ended = new Driven(connectClient({ protocol: 'tcp', to, bytes: 4 }));
    ended.hear(connected);
    ended.hear({ kind: 'ended', socket: 'client' });
    expect(ended.finding).toMatchObject({ outcome: 'connected', more: { sent: 4, received: 0, echoed: false } });
  });

  it.each(['in-use', 'no-port', 'no-address', 'too-big'] as const)('names the failure of its own node: %s', (error) => {
    const client = new Driven(connectClient({ protocol: 'tcp', to }));
    client.hear({ kind: 'failed', socket: 'client', error });
    expect(client.finding).toEqual({ outcome: 'unreachable', more: { error } });
  });

  it('passes the ICMP error on', () => {
    const icmp = { type: 3, code: 1, from: ip('10.0.0.254') };
    const client = new Driven(connectClient({ protocol: 'tcp', to }));
    client.hear({ kind: 'failed', socket: 'client', error: 'unreachable', icmp });
    expect(client.finding).toEqual({ outcome: 'unreachable', icmp });
    expect(client.hear({ kind: 'closed', socket: 'client' })).toEqual([]);
  });
});

describe('connect over UDP', () => {
  it('is connected when its datagram comes back', () => {
    const net = new Ideal();
    net.add(SERVER, echoServer({ protocol: 'udp', port: 7 }));
    expect(net.find(CLIENT, connectClient({ protocol: 'udp', to, sourcePort: 777 }))).toEqual({
      outcome: 'connected',
      local: at('10.0.0.2', 777),
      more: { sent: 16, received: 16, echoed: true },
    });
  });

  it('sends more than one datagram where one cannot hold all', () => {
    const net = new Ideal();
    net.add(SERVER, echoServer({ protocol: 'udp', port: 7 }));
    const finding = net.find(CLIENT, connectClient({ protocol: 'udp', to, bytes: 70_000 }));
    expect(finding.more).toEqual({ sent: 70_000, received: 70_000, echoed: true });
    expect(net.log.filter(({ from }) => from.ip === CLIENT[0])).toHaveLength(2);
  });

  it('sends an empty datagram when it is to send nothing', () => {
    const net = new Ideal();
    net.add(SERVER, echoServer({ protocol: 'udp', port: 7 }));
    expect(net.find(CLIENT, connectClient({ protocol: 'udp', to, bytes: 0 }))).toMatchObject({
      outcome: 'connected',
      more: { sent: 0, received: 0, echoed: true },
    });
  });

  it('is refused by a closed port, and hears nothing of a dropped datagram', () => {
    const net = new Ideal();
    net.add(SERVER, echoServer({ protocol: 'tcp', port: 7 }));
    const icmp = { type: 3, code: 3, from: SERVER[0] };
    expect(net.find(CLIENT, connectClient({ protocol: 'udp', to }))).toMatchObject({ outcome: 'refused', icmp });
    net.filter = () => 'drop';
    expect(net.find(CLIENT, connectClient({ protocol: 'udp', to }))).toMatchObject({ outcome: 'timeout' });
  });
});
