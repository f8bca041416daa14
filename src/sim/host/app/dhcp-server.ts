/**
 * A DHCP server for the network of one interface. Read RFC 2131 §4.3 first.
 *
 * It answers by broadcast, since a client without an address cannot be found otherwise (its own socket cannot put a
 * frame to a hardware address), and by unicast who renews. Messages from relay agents are passed over.
 */
import { ANY4, type Ip, type Ip4, isIp4, LIMITED_BROADCAST, showIp } from '../../addr/ip.ts';
import { broadcastAddress, contains, netmask, type Prefix } from '../../addr/prefix.ts';
import type { IpRange } from '../../addr/range.ts';
import { fail } from '../../base/fail.ts';
import type { Millis } from '../../base/time.ts';
import { type App, type AppCommand, type AppEvent, type Reaction, react } from './app.ts';
import { chooseAddress, type Holdings, hold, isInPool, isRemembered, letGo, mayHold, type Pool } from './dhcp/pool.ts';
import { type DhcpMessage, type DhcpType, decodeDhcp, encodeDhcp } from './dhcp-message.ts';

export interface DhcpServerConfig {
  readonly interface: string;
  /** Of that interface: its address, by which clients know the server, and its network. All IPv4. */
  readonly address: Ip;
  readonly prefix: Prefix;
  readonly pool: IpRange;
  readonly router?: Ip;
  readonly resolver: readonly Ip[];
  /** Whole seconds count. */
  readonly lease: Millis;
}

export interface DhcpServerState {
  readonly holdings: Holdings;
}

interface Settings {
  readonly interface: string;
  readonly address: Ip4;
  readonly prefix: Prefix;
  readonly pool: Pool;
  readonly mask: Ip4;
  readonly routers: readonly Ip4[];
  readonly resolvers: readonly Ip4[];
  readonly lease: Millis;
}

const SERVER_PORT = 67;
const CLIENT_PORT = 68;
/** How long an offer is kept for its client. */
const OFFER: Millis = 60_000;

export function dhcpServer(config: DhcpServerConfig): App<DhcpServerState> {
  const settings = settingsOf(config);
  return {
    name: 'dhcp',
    start: () =>
      react(
        { holdings: new Map() },
        { kind: 'bind', socket: 'server', port: SERVER_PORT, interface: config.interface, broadcast: true },
      ),
    handle: (state, event, now) => handle(state, event, settings, now),
  };
}

function settingsOf(config: DhcpServerConfig): Settings {
  const { address, router, prefix, pool, resolver, lease } = config;
  const unfit = [address, router, prefix.ip, broadcastAddress(prefix)];
  return {
    interface: config.interface,
    address: only4(address),
    prefix,
    pool: { from: only4(pool.from), to: only4(pool.to), reserved: unfit.filter((ip) => ip !== undefined) },
    mask: only4(netmask(prefix)),
    routers: router === undefined ? [] : [only4(router)],
    resolvers: resolver.filter(isIp4),
    lease,
  };
}

function only4(ip: Ip): Ip4 {
  return isIp4(ip) ? ip : fail(`DHCP knows IPv4 only, not ${showIp(ip)}`);
}

function handle(state: DhcpServerState, event: AppEvent, settings: Settings, now: Millis): Reaction<DhcpServerState> {
  if (event.kind === 'failed') return react(state, { kind: 'note', text: `${event.socket}: ${event.error}` });
  if (event.kind !== 'datagram') return react(state);
  const message = decodeDhcp(event.payload);
  if (message === undefined || message.giaddr !== ANY4) return react(state);
  switch (message.type) {
    case 'discover':
      return offer(state, message, settings, now);
    case 'request':
      return request(state, message, settings, now);
    case 'decline':
      return decline(state, message, settings, now);
    case 'release':
      return react({ holdings: letGo(state.holdings, message.mac, 'leased', now) });
    case 'inform':
      return react(state, answer('ack', message, settings, ANY4));
    default:
      return react(state);
  }
}

function offer(state: DhcpServerState, message: DhcpMessage, settings: Settings, now: Millis) {
  const { mac, requested: wish } = message;
  const ip = chooseAddress(settings.pool, state.holdings, { mac, wish }, now);
  if (ip === undefined) return react(state, exhausted(settings, mac));
  const holdings = hold(state.holdings, ip, { kind: 'offered', mac, until: now + OFFER }, now);
  return react({ holdings }, answer('offer', message, settings, ip));
}

function exhausted({ pool }: Settings, mac: number): AppCommand {
  const text = `no offer for ${showMac(mac)}: all of ${showIp(pool.from)}-${showIp(pool.to)} is taken`;
  return { kind: 'note', text };
}

/** `02:00:00:00:00:01` */
export function showMac(mac: number): string {
  return mac
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?=.)/g, '$&:');
}

/** The states that a client asks in are told apart by what it fills in (RFC 2131 §4.3.2, table 4). */
function request(state: DhcpServerState, message: DhcpMessage, settings: Settings, now: Millis) {
  const { mac, server, requested, ciaddr } = message;
  if (server !== undefined && server !== settings.address) {
    return react({ holdings: letGo(state.holdings, mac, 'offered', now) });
  }
  const ip = requested ?? ciaddr;
  const may = mayHold(settings.pool, state.holdings, { ip, mac }, now);
  const selecting = server !== undefined;
  const rebooting = !selecting && requested !== undefined;
  if (may && (!rebooting || isRemembered(state.holdings, ip, mac))) return grant(state, message, settings, { ip, now });
  // Of a client that it does not know, and of an address that another server may have given, it says nothing.
  const foreign = contains(settings.prefix, ip) && (may || !isInPool(settings.pool, ip));
  if (!selecting && foreign) return react(state, { kind: 'note', text: `does not know ${showMac(mac)}` });
  return react(state, answer('nak', message, settings, ANY4));
}

function grant(
  state: DhcpServerState,
  message: DhcpMessage,
  settings: Settings,
  { ip, now }: { ip: Ip4; now: Millis },
): Reaction<DhcpServerState> {
  const { mac } = message;
  const holdings = hold(state.holdings, ip, { kind: 'leased', mac, until: now + settings.lease }, now);
  return react({ holdings }, answer('ack', message, settings, ip));
}

/** An address that somebody uses unasked is left alone for as long as a lease. */
function decline(state: DhcpServerState, message: DhcpMessage, settings: Settings, now: Millis) {
  const { mac, requested: ip } = message;
  if (ip === undefined || !mayHold(settings.pool, state.holdings, { ip, mac }, now)) return react(state);
  return react({ holdings: hold(state.holdings, ip, { kind: 'declined', mac, until: now + settings.lease }, now) });
}

function answer(type: DhcpType, to: DhcpMessage, settings: Settings, yiaddr: Ip4): AppCommand {
  const { mask, routers, resolvers } = settings;
  const lease = Math.floor(settings.lease / 1000);
  const times = { lease, renewal: Math.floor(lease * 0.5), rebinding: Math.floor(lease * 0.875) };
  const message: DhcpMessage = {
    type,
    xid: to.xid,
    secs: 0,
    broadcast: to.broadcast,
    ciaddr: type === 'ack' ? to.ciaddr : ANY4,
    yiaddr,
    giaddr: ANY4,
    mac: to.mac,
    server: settings.address,
    ...(type === 'nak' ? { text: 'wrong address' } : { mask, routers, resolvers }),
    ...(type === 'nak' || to.type === 'inform' ? {} : times),
  };
  const alone = type === 'ack' && to.ciaddr !== ANY4;
  const way = { socket: 'server', from: settings.address };
  const payload = encodeDhcp(message);
  return alone
    ? { kind: 'send', ...way, to: { ip: to.ciaddr, port: CLIENT_PORT }, payload }
    : {
        kind: 'send',
        ...way,
        to: { ip: LIMITED_BROADCAST, port: CLIENT_PORT },
        interface: settings.interface,
        payload,
      };
}
