import type { Ip } from './ip.ts';

/** Address and port of one protocol (RFC 2663); for ICMP queries the identifier stands for the port. */
export interface Endpoint {
  readonly ip: Ip;
  readonly port: number;
}
