import { describe, expect, it } from 'vitest';
import { ANY4, type Ip4, isIp4, LIMITED_BROADCAST } from '../../../../src/sim/addr/ip.ts';
import { parsePrefix } from '../../../../src/sim/addr/prefix.ts';
import { type DhcpMessage, decodeDhcp, encodeDhcp } from '../../../../src/sim/host/app/dhcp-message.ts';
import { type DhcpServerConfig, dhcpServer } from '../../../../src/sim/host/app/dhcp-server.ts';
import { at, Driven, ip } from './drive.ts';

const MAC = 0x02_00_00_00_00_01;
const PREFIX = parsePrefix('192.168.0.0/24') ?? { ip: ANY4, length: 0 };

function ip4(text: string): Ip4 {
  const found = ip(text);
  if (!isIp4(found)) throw new Error(`${text} is not IPv4`);
  return found;
}

const config: DhcpServerConfig = {
  interface: 'lan',
  address: ip('192.168.0.1'),
  prefix: PREFIX,
  pool: { from: ip('192.168.0.1'), to: ip('192.168.0.3') },
  router: ip('192.168.0.1'),
  resolver: [ip('192.168.0.1'), ip('2001:db8::1')],
  lease: 100_000,
};

class Asked extends Driven<unknown> {
  /** The answer to a message, with where it goes; a note when there is none; undefined for silence. */
  ask(part: Partial<DhcpMessage>, later = 0) {
    const message = { type: 'discover', xid: 9, secs: 0, broadcast: true, mac: MAC, ...NOWHERE, ...part } as const;
    const payload = encodeDhcp(message);
    const [said] = this.hear(
      {
        kind: 'datagram',
        socket: 'server',
        from: at('0.0.0.0', 68),
        to: at('255.255.255.255', 67),
        payload,
        interface: 'lan',
      },
      later,
    );
    if (said?.kind === 'note') return { note: said.text };
    return said?.kind === 'send'
      ? { ...decodeDhcp(said.payload), to: said.to, from: said.from, on: said.interface }
      : undefined;
  }
}

const NOWHERE = { ciaddr: ANY4, yiaddr: ANY4, giaddr: ANY4 };
const OURS = { server: ip4('192.168.0.1') };
const serve = (part: Partial<DhcpServerConfig> = {}) => new Asked(dhcpServer({ ...config, ...part }));

/** A server that gave `.2` to the client. */
function granted(): Asked {
  const server = serve();
  server.ask({});
  expect(server.ask({ type: 'request', requested: ip4('192.168.0.2'), ...OURS })).toMatchObject({ type: 'ack' });
  return server;
}

describe('a DHCP server', () => {
  it('serves one interface', () => {
    expect(serve().said).toEqual([{ kind: 'bind', socket: 'server', port: 67, interface: 'lan', broadcast: true }]);
  });

  it('offers the first address that is not its own, by broadcast', () => {
    expect(serve().ask({})).toEqual({
      type: 'offer',
      xid: 9,
      secs: 0,
      broadcast: true,
      mac: MAC,
      ...NOWHERE,
      yiaddr: ip('192.168.0.2'),
      mask: ip('255.255.255.0'),
      routers: [ip('192.168.0.1')],
      resolvers: [ip('192.168.0.1')],
      lease: 100,
      renewal: 50,
      rebinding: 87,
      server: ip('192.168.0.1'),
      to: { ip: LIMITED_BROADCAST, port: 68 },
      from: ip('192.168.0.1'),
      on: 'lan',
    });
  });

  it('has nothing to say about what it does not know', () => {
    const { router: _, ...bare } = config;
    const server = new Asked(dhcpServer({ ...bare, resolver: [] }));
    const found = server.ask({});
    expect(found).not.toHaveProperty('routers');
    expect(found).not.toHaveProperty('resolvers');
  });

  it('grants what was asked for', () => {
    const server = serve();
    server.ask({});
    expect(server.ask({ type: 'request', requested: ip4('192.168.0.2'), ...OURS })).toMatchObject({
      type: 'ack',
      yiaddr: ip('192.168.0.2'),
      lease: 100,
    });
  });

  it('says in a note that all is taken, and offers again when a lease is over', () => {
    const server = granted();
    server.ask({ mac: 2 });
    server.ask({ mac: 2, type: 'request', requested: ip4('192.168.0.3'), ...OURS });
    expect(server.ask({ mac: 3 })).toEqual({
      note: 'no offer for 00:00:00:00:00:03: all of 192.168.0.1-192.168.0.3 is taken',
    });
    expect(server.ask({ mac: 3 }, 100_000)).toMatchObject({ type: 'offer', yiaddr: ip('192.168.0.2') });
  });

  it('keeps an offer for a minute, or until its client takes another server', () => {
    const server = serve({ pool: { from: ip('192.168.0.2'), to: ip('192.168.0.2') } });
    server.ask({});
    expect(server.ask({ mac: 2 }, 59_999)).toHaveProperty('note');
    expect(server.ask({ mac: 2 }, 1)).toMatchObject({ type: 'offer' });
    const other = { type: 'request', requested: ip4('192.168.0.9'), server: ip4('192.168.0.254') } as const;
    expect(server.ask({ mac: 2, ...other })).toBeUndefined();
    expect(server.ask({ mac: 3 })).toMatchObject({ type: 'offer' });
  });

  it.each<[string, Partial<DhcpMessage>, string | undefined]>([
    ['renewing', { ciaddr: ip4('192.168.0.2') }, 'ack'],
    ['rebooting', { requested: ip4('192.168.0.2') }, 'ack'],
    ['rebooting with the address of another', { requested: ip4('192.168.0.2'), mac: 2 }, 'nak'],
    ['rebooting from another network', { requested: ip4('10.0.0.2') }, 'nak'],
    ['rebooting unknown', { requested: ip4('192.168.0.3'), mac: 2 }, 'note'],
    ['rebooting with an address of no pool here', { requested: ip4('192.168.0.77'), mac: 2 }, 'note'],
    ['renewing what the server forgot', { ciaddr: ip4('192.168.0.3'), mac: 2 }, 'ack'],
    ['renewing what another has', { ciaddr: ip4('192.168.0.2'), mac: 2 }, 'nak'],
    ['renewing an address of no pool here', { ciaddr: ip4('192.168.0.77') }, 'note'],
    ['asking for what another has', { requested: ip4('192.168.0.2'), mac: 2, ...OURS }, 'nak'],
    ['asking for the address of the server', { requested: ip4('192.168.0.1'), mac: 2, ...OURS }, 'nak'],
    ['asking for nothing', { ...OURS }, 'nak'],
  ])('answers a client that is %s', (_, part, expected) => {
    const found = granted().ask({ type: 'request', ...part });
    expect(found !== undefined && 'note' in found ? 'note' : found?.type).toBe(expected);
  });

  it('answers who renews by unicast, and refuses by broadcast', () => {
    const server = granted();
    const renewal = { type: 'request', ciaddr: ip4('192.168.0.2'), broadcast: false } as const;
    expect(server.ask(renewal)).toMatchObject({ type: 'ack', to: at('192.168.0.2', 68), on: undefined });
    expect(server.ask({ ...renewal, mac: 2 })).toMatchObject({
      type: 'nak',
      text: 'wrong address',
      to: at('255.255.255.255', 68),
      on: 'lan',
    });
    expect(server.ask({ ...renewal, mac: 2 })).not.toHaveProperty('lease');
  });

  it('prolongs a lease that is renewed', () => {
    const server = granted();
    server.ask({ type: 'request', ciaddr: ip4('192.168.0.2') }, 90_000);
    const wish = { type: 'request', requested: ip4('192.168.0.2'), mac: 2, ...OURS } as const;
    expect(server.ask(wish, 90_000)).toMatchObject({ type: 'nak' });
    expect(server.ask(wish, 10_000)).toMatchObject({ type: 'ack' });
  });

  it('takes an address back, and gives it to its client again when it can', () => {
    const server = granted();
    expect(server.ask({ type: 'release', ciaddr: ip4('192.168.0.2') })).toBeUndefined();
    expect(server.ask({ mac: 2 })).toMatchObject({ yiaddr: ip('192.168.0.3') });
    expect(server.ask({})).toMatchObject({ yiaddr: ip('192.168.0.2') });
  });

  it('leaves a declined address alone for as long as a lease', () => {
    const server = granted();
    expect(server.ask({ type: 'decline', requested: ip4('192.168.0.2'), ...OURS })).toBeUndefined();
    expect(server.ask({})).toMatchObject({ yiaddr: ip('192.168.0.3') });
    expect(server.ask({ mac: 2 })).toHaveProperty('note');
    expect(server.ask({ mac: 2 }, 100_000)).toMatchObject({ type: 'offer' });
    // Nobody can decline what is another's, or say nothing.
    const again = granted();
    again.ask({ type: 'decline', requested: ip4('192.168.0.2'), mac: 5 });
    again.ask({ type: 'decline' });
    expect(again.ask({})).toMatchObject({ yiaddr: ip('192.168.0.2') });
  });

  it('tells who has an address all but an address', () => {
    const found = serve().ask({ type: 'inform', ciaddr: ip4('192.168.0.50') });
    expect(found).toMatchObject({ type: 'ack', yiaddr: ANY4, mask: ip('255.255.255.0'), to: at('192.168.0.50', 68) });
    expect(found).not.toHaveProperty('lease');
  });

  it('passes over answers, relays, other events and what is no DHCP', () => {
    const server = serve();
    expect(server.ask({ type: 'offer' })).toBeUndefined();
    expect(server.ask({ giaddr: ip4('10.0.0.1') })).toBeUndefined();
    expect(server.hear({ kind: 'closed', socket: 'server' })).toEqual([]);
    const payload = Uint8Array.of(1, 2, 3);
    const odd = {
      kind: 'datagram',
      socket: 'server',
      from: at('0.0.0.0', 68),
      to: at('0.0.0.0', 67),
      payload,
    } as const;
    expect(server.hear({ ...odd, interface: 'lan' })).toEqual([]);
    expect(server.hear({ kind: 'failed', socket: 'server', error: 'in-use' })).toEqual([
      { kind: 'note', text: 'server: in-use' },
    ]);
  });

  it('is for IPv4 alone', () => {
    expect(() => dhcpServer({ ...config, address: ip('2001:db8::1') })).toThrow('DHCP knows IPv4 only');
  });
});
