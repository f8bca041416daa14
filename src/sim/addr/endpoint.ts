import { type Ip, ip6 } from './ip.ts';

/** Address and port of one protocol (RFC 2663); for ICMP queries the identifier stands for the port. */
export interface Endpoint {
  readonly ip: Ip;
  readonly port: number;
}

/** One place where many are made: V8 makes objects of one shape, and learns of it once. */
export function endpointAt(ip: Ip, port: number): Endpoint {
  return { ip, port };
}

/** So that V8 does not take addresses for fractions, as it would if it met those of IPv4 alone. */
export const FIRST_ENDPOINT = endpointAt(ip6(1n), 0);
