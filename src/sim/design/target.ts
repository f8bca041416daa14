/** What a NAT rule translates to: addresses, ports, or both. */
import { parseIp } from '../addr/ip.ts';
import { explainPrefix } from '../addr/prefix.ts';
import { type IpRange, readIpRange } from '../addr/range.ts';
import { type PortRange, parsePorts } from './ports.ts';

/** At least one of the two; a part left out stays as it is in the packet. */
export interface Target {
  readonly addresses?: IpRange;
  readonly ports?: PortRange;
}

/**
 * Reads `203.0.113.9`, `203.0.113.9:80`, `A-B`, `A-B:40000-50000`, `:3128`, `2001:db8::1`, `[2001:db8::1]:80` or
 * `[A-B]:80`; undefined when it is none of them.
 */
export function parseTarget(text: string): Target | undefined {
  const found = readTarget(text);
  return typeof found === 'string' ? undefined : found;
}

/** As `parseTarget`, but a text that is no target gives the reason, a sentence without its full stop. */
export function readTarget(text: string): Target | string {
  const parts = splitTarget(text);
  if (parts === undefined) return `"${text}" is not a target: write ADDRESS, ADDRESS:PORT, :PORT or [IPV6]:PORT`;
  const { address, port } = parts;
  const ports = port === undefined ? undefined : readTargetPorts(port);
  if (typeof ports === 'string') return ports;
  if (address === undefined) return ports === undefined ? `"${text}" names neither address nor port` : { ports };
  const addresses = readAddresses(address);
  if (typeof addresses === 'string') return addresses;
  return ports === undefined ? { addresses } : { addresses, ports };
}

/** Parts the ports from the addresses; a text with several colons and no bracket is IPv6 without ports. */
function splitTarget(text: string): { address?: string; port?: string } | undefined {
  if (text.startsWith('[')) {
    const [, address, port] = /^\[([^[\]]*)\](?::(.*))?$/.exec(text) ?? [];
    if (address === undefined) return undefined;
    return port === undefined ? { address } : { address, port };
  }
  const [address = '', port, ...more] = text.split(':');
  if (port === undefined || more.length > 0) return { address: text };
  return address === '' ? { port } : { address, port };
}

function readAddresses(text: string): IpRange | string {
  if (text.includes('-')) return readIpRange(text);
  const ip = parseIp(text);
  return ip === undefined ? explainPrefix(text, 'address') : { from: ip, to: ip };
}

/** Port 0 is no port to translate to. */
function readTargetPorts(text: string): PortRange | string {
  const ports = parsePorts(text);
  return ports === undefined || ports.from === 0
    ? `"${text}" is not a port or a range of ports: write 1 to 65535, or "40000-50000"`
    : ports;
}
