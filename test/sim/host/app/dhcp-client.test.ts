import { describe, expect, it } from 'vitest';
import { ANY4, type Ip4, isIp4, LIMITED_BROADCAST } from '../../../../src/sim/addr/ip.ts';
import type { AppCommand, AppEvent } from '../../../../src/sim/host/app/app.ts';
import { dhcpClient } from '../../../../src/sim/host/app/dhcp-client.ts';
import { type DhcpMessage, decodeDhcp, encodeDhcp } from '../../../../src/sim/host/app/dhcp-message.ts';
import { type Packet, udp } from '../../../../src/sim/packet/packet.ts';
import { Driven, ip } from './drive.ts';

const MAC = 0x02_00_00_00_00_01;
const SERVER = ip('192.168.0.1');

function ip4(text: string): Ip4 {
  const found = ip(text);
  if (!isIp4(found)) throw new Error(`${text} is not IPv4`);
  return found;
}

const client = (mac = MAC) => dhcpClient({ interface: 'eth0', mac, hostname: 'laptop' });
const link = (up: boolean, name = 'eth0'): AppEvent => ({ kind: 'link', interface: name, up });
const timer = (name: string): AppEvent => ({ kind: 'timer', name });

describe('a client', () => {
  /** The message that was sent, with its carrier. */
  function sent(commands: readonly AppCommand[]): { message: DhcpMessage | undefined; packet: Packet | undefined } {
    const found = commands.find(({ kind }) => kind === 'inject' || kind === 'send');
    if (found?.kind === 'send') return { message: decodeDhcp(found.payload), packet: undefined };
    const packet = found?.kind === 'inject' ? found.packet : undefined;
    return { message: packet?.kind === 'udp' ? decodeDhcp(packet.payload) : undefined, packet };
  }

  const heard = (message: DhcpMessage, name = 'eth0', dport = 68): AppEvent => ({
    kind: 'packet',
    socket: 'raw',
    packet: udp({ src: SERVER, dst: LIMITED_BROADCAST, sport: 67, dport, payload: encodeDhcp(message) }),
    interface: name,
  });

  /** What a server says to the last message. */
  function answer(driven: Driven<{ readonly xid: number }>, part: Partial<DhcpMessage> = {}): DhcpMessage {
    return {
      type: 'offer',
      xid: driven.state.xid,
      secs: 0,
      broadcast: true,
      ciaddr: ANY4,
      yiaddr: ip4('192.168.0.100'),
      giaddr: ANY4,
      mac: MAC,
      server: ip4('192.168.0.1'),
      mask: ip4('255.255.255.0'),
      lease: 1000,
      ...part,
    };
  }

  function bound(part: Partial<DhcpMessage> = {}) {
    const driven = new Driven(client());
    driven.hear(heard(answer(driven)));
    driven.hear(heard(answer(driven, { type: 'ack', ...part })));
    expect(driven.state.phase.kind).toBe('bound');
    return driven;
  }

  it('begins by asking everyone, from no address', () => {
    const { said } = new Driven(client());
    expect(said.slice(0, 3)).toEqual([
      { kind: 'raw', socket: 'raw', level: 'packet' },
      { kind: 'bind', socket: 'own', port: 68, interface: 'eth0' },
      { kind: 'timer', name: 'retry', after: 4000 },
    ]);
    expect(said[3]).toMatchObject({ kind: 'inject', interface: 'eth0', socket: 'raw' });
    const { message, packet } = sent(said);
    expect(packet).toMatchObject({ src: ANY4, dst: LIMITED_BROADCAST, sport: 68, dport: 67, ttl: 64 });
    expect(message).toMatchObject({ type: 'discover', broadcast: true, mac: MAC, hostname: 'laptop', ciaddr: ANY4 });
    expect(message).not.toHaveProperty('requested');
  });

  it('asks 4, 8, 16, 32 and then every 64 s later, under one transaction', () => {
    const driven = new Driven(client());
    const first = sent(driven.said).message?.xid;
    const waits = [0, 1, 2, 3, 4, 5].map(() => {
      const [set] = driven.hear(timer('retry'), 10_000);
      return set?.kind === 'timer' ? set.after : undefined;
    });
    expect(waits).toEqual([8000, 16_000, 32_000, 64_000, 64_000, 64_000]);
    expect(sent(driven.said).message).toMatchObject({ xid: first, secs: 60 });
  });

  it('takes the first offer that is of use', () => {
    const driven = new Driven(client());
    const { mask: _, ...maskless } = answer(driven);
    const { lease: __, ...endless } = answer(driven);
    const { server: ___, ...nobody } = answer(driven);
    for (const useless of [maskless, endless, nobody, answer(driven, { type: 'ack' })]) {
      expect(driven.hear(heard(useless))).toEqual([]);
    }
    driven.hear(heard(answer(driven)));
    expect(sent(driven.said).message).toMatchObject({
      type: 'request',
      requested: ip('192.168.0.100'),
      server: SERVER,
    });
    expect(driven.hear(heard(answer(driven, { yiaddr: ip4('192.168.0.7') })))).toEqual([]);
  });

  it.each<[string, (driven: Driven<{ readonly xid: number }>) => AppEvent]>([
    ['another transaction', (driven) => heard(answer(driven, { xid: 1 }))],
    ['another client', (driven) => heard(answer(driven, { mac: 2 }))],
    ['another interface', (driven) => heard(answer(driven), 'eth1')],
    ['another port', (driven) => heard(answer(driven), 'eth0', 67)],
    ['what it sent itself', (driven) => heard(answer(driven, { type: 'discover' }))],
    [
      'what is not even UDP',
      () => ({
        kind: 'packet',
        socket: 'raw',
        packet: {
          ...udp({ src: SERVER, dst: SERVER, sport: 1, dport: 68 }),
          kind: 'other',
          protocol: 17,
          payload: new Uint8Array(0),
        },
        interface: 'eth0',
      }),
    ],
    [
      'a datagram, which it has seen already',
      () => ({
        kind: 'datagram',
        socket: 'own',
        from: { ip: SERVER, port: 67 },
        to: { ip: SERVER, port: 68 },
        payload: new Uint8Array(0),
        interface: 'eth0',
      }),
    ],
    ['a link that was up', () => link(true)],
    ['another link', () => link(false, 'eth1')],
  ])('passes over %s', (_, event) => {
    const driven = new Driven(client());
    expect(driven.hear(event(driven))).toEqual([]);
  });

  it('begins anew when nobody acknowledges', () => {
    const driven = new Driven(client());
    driven.hear(heard(answer(driven)));
    for (const _ of [2, 3, 4]) {
      driven.hear(timer('retry'));
      expect(sent(driven.said).message?.type).toBe('request');
    }
    const { xid } = driven.state;
    driven.hear(timer('retry'));
    expect(sent(driven.said).message?.type).toBe('discover');
    expect(driven.state.xid).not.toBe(xid);
  });

  it('begins anew a second after a refusal, and asks for what it had', () => {
    const driven = bound();
    driven.hear(timer('renew'));
    const refused = driven.hear(heard(answer(driven, { type: 'nak' })));
    expect(refused).toContainEqual({ kind: 'configure', interface: 'eth0', lease: undefined });
    expect(refused.at(-1)).toEqual({ kind: 'timer', name: 'retry', after: 1000 });
    expect(driven.hear(heard(answer(driven, { type: 'ack' })))).toEqual([]);
    driven.hear(timer('retry'));
    expect(sent(driven.said).message).toMatchObject({ type: 'discover', requested: ip('192.168.0.100') });
  });

  it('counts from when it asked', () => {
    const driven = new Driven(client());
    driven.hear(heard(answer(driven)), 100);
    driven.hear(heard(answer(driven, { type: 'ack', renewal: 10, rebinding: 20 })), 50);
    expect(driven.said.filter(({ kind }) => kind === 'timer')).toEqual([
      { kind: 'timer', name: 'renew', after: 9950 },
      { kind: 'timer', name: 'rebind', after: 19_950 },
      { kind: 'timer', name: 'expire', after: 999_950 },
    ]);
  });

  it('may have a lease for ever', () => {
    const driven = bound({ lease: 0xffff_ffff });
    expect(driven.said.filter(({ kind }) => kind === 'timer')).toEqual([]);
    expect(driven.said).toContainEqual({ kind: 'note', text: 'bound to 192.168.0.100 for ever' });
  });

  it('renews alone with its server, then with all', () => {
    const driven = bound();
    driven.hear(timer('renew'), 500_000);
    expect(driven.said[0]).toEqual({ kind: 'timer', name: 'retry', after: 187_500 });
    expect(driven.said[1]).toMatchObject({ kind: 'send', socket: 'own', to: { ip: SERVER, port: 67 } });
    expect(sent(driven.said).message).toMatchObject({ type: 'request', ciaddr: ip('192.168.0.100'), broadcast: false });
    driven.hear(timer('retry'), 300_000);
    expect(driven.said[0]).toEqual({ kind: 'cancel', name: 'retry' });
    driven.hear(timer('rebind'), 75_000);
    expect(driven.said[1]).toMatchObject({ kind: 'inject', packet: { src: ip('192.168.0.100') } });
    expect(sent(driven.said).message).toMatchObject({ ciaddr: ip('192.168.0.100'), broadcast: true });
    driven.hear(heard(answer(driven, { type: 'ack' })));
    expect(driven.state.phase.kind).toBe('bound');
  });

  it('asks again for its address when the link comes back', () => {
    const driven = bound();
    expect(driven.hear(link(false)).map((command) => command.kind === 'cancel' && command.name)).toEqual([
      'retry',
      'renew',
      'rebind',
    ]);
    driven.hear(link(true), 5000);
    expect(sent(driven.said).message).toMatchObject({ type: 'request', requested: ip('192.168.0.100'), ciaddr: ANY4 });
    expect(sent(driven.said).message).not.toHaveProperty('server');
    driven.hear(timer('retry'), 4000);
    expect(sent(driven.said).message?.type).toBe('request');
    // Nobody objects: it keeps the address for as long as it was granted.
    driven.hear(timer('retry'), 8000);
    expect(driven.state.phase.kind).toBe('bound');
    expect(driven.said).toContainEqual({ kind: 'timer', name: 'expire', after: 983_000 });
  });

  it('begins anew when the link comes back after the lease', () => {
    const driven = bound();
    driven.hear(link(false));
    driven.hear(timer('expire'), 1_000_000);
    expect(driven.said).toContainEqual({ kind: 'configure', interface: 'eth0', lease: undefined });
    expect(driven.said.some(({ kind }) => kind === 'inject')).toBe(false);
    expect(driven.hear(heard(answer(driven)))).toEqual([]);
    driven.hear(link(true));
    expect(sent(driven.said).message).toMatchObject({ type: 'discover', requested: ip('192.168.0.100') });
  });

  it('tells when it could not send', () => {
    const driven = new Driven(client());
    expect(driven.hear({ kind: 'failed', socket: 'raw', error: 'unreachable' })).toEqual([
      { kind: 'note', text: 'raw: unreachable' },
    ]);
  });

  it('needs no name', () => {
    const driven = new Driven(dhcpClient({ interface: 'eth0', mac: MAC }));
    expect(sent(driven.said).message).not.toHaveProperty('hostname');
  });
});
