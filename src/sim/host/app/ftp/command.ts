/** Commands of a client, and the endpoints they carry. Read RFC 959 §4.1, RFC 2428 and RFC 1123 §4.1 first. */
import type { Endpoint } from '../../../addr/endpoint.ts';
import { family, type Ip, ip4, isIp4, parseIp, showIp } from '../../../addr/ip.ts';

export interface FtpCommand {
  /** In upper case. */
  readonly verb: string;
  readonly argument: string;
}

/** Telnet signals, as they come before ABOR (RFC 959 §3.1.1.5.1), are passed over. */
export function readCommand(line: string): FtpCommand {
  const text = line.replace(/\xff[\xf0-\xff]/g, '').trim();
  const [, verb = '', argument = ''] = /^(\S*)\s*(.*)$/s.exec(text) ?? [];
  return { verb: verb.toUpperCase(), argument };
}

/** `192,168,1,10,156,65`: the address, and the port as 256·156 + 65. Undefined when it is not that. */
export function readPort(text: string): Endpoint | undefined {
  const numbers = text.split(',').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  if (numbers.length !== 6 || numbers.some((number) => number > 255)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, high = 0, low = 0] = numbers;
  return { ip: ip4(((a << 24) | (b << 16) | (c << 8) | d) >>> 0), port: high * 256 + low };
}

/** The inverse of `readPort`; an IPv6 address cannot be written so (undefined). */
export function showPort({ ip, port }: Endpoint): string | undefined {
  return isIp4(ip) ? [...showIp(ip).split('.'), port >> 8, port & 255].join(',') : undefined;
}

/** `|2|2001:db8::2|5282|`, any printable character for the bar. `family` when it names one that does not exist. */
export function readEprt(text: string): Endpoint | 'family' | undefined {
  const [mark = ' '] = text;
  const parts = /[!-~]/.test(mark) ? text.split(mark) : [];
  const [before, af, address = '', port = '', after] = parts;
  if (parts.length !== 5 || before !== '' || after !== '' || !/^\d+$/.test(af ?? '')) return undefined;
  if (af !== '1' && af !== '2') return 'family';
  const ip = parseIp(address);
  if (ip === undefined || family(ip) !== (af === '1' ? 4 : 6)) return undefined;
  return /^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65_536 ? { ip, port: Number(port) } : undefined;
}

export function showEprt({ ip, port }: Endpoint): string {
  return `|${protocolOf(ip)}|${showIp(ip)}|${port}|`;
}

/** The number by which EPRT and EPSV know the family of an address. */
export function protocolOf(ip: Ip): '1' | '2' {
  return family(ip) === 4 ? '1' : '2';
}
