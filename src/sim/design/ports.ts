/** Ports by number, range or IANA service name. */

/** Inclusive. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** The IANA service names people write in rules, with their registered port (tcp and udp alike). */
export const SERVICE_PORTS: Readonly<Record<string, number>> = {
  'ftp-data': 20,
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  time: 37,
  domain: 53,
  dns: 53,
  bootps: 67,
  bootpc: 68,
  tftp: 69,
  http: 80,
  kerberos: 88,
  pop3: 110,
  sunrpc: 111,
  ntp: 123,
  imap: 143,
  imap2: 143,
  snmp: 161,
  snmptrap: 162,
  bgp: 179,
  ldap: 389,
  https: 443,
  'microsoft-ds': 445,
  submissions: 465,
  isakmp: 500,
  syslog: 514,
  submission: 587,
  ldaps: 636,
  'domain-s': 853,
  'ftps-data': 989,
  ftps: 990,
  imaps: 993,
  pop3s: 995,
  socks: 1080,
  openvpn: 1194,
  'ms-sql-s': 1433,
  l2tp: 1701,
  pptp: 1723,
  radius: 1812,
  'radius-acct': 1813,
  nfs: 2049,
  mysql: 3306,
  'ms-wbt-server': 3389,
  stun: 3478,
  turn: 3478,
  epmd: 4369,
  'ipsec-nat-t': 4500,
  sip: 5060,
  'sip-tls': 5061,
  xmpp: 5222,
  'xmpp-client': 5222,
  postgresql: 5432,
  amqp: 5672,
  redis: 6379,
  'http-alt': 8080,
};

const NUMBER = /^\d{1,5}$/;

function parsePort(text: string): number | undefined {
  const port = NUMBER.test(text) ? Number(text) : undefined;
  return port !== undefined && port <= 65535 ? port : undefined;
}

/** Reads `80`, `"80"`, `"1024-65535"` or `"http"`; undefined when it is none of them. */
export function parsePorts(value: string | number): PortRange | undefined {
  if (typeof value === 'number') {
    return Number.isInteger(value) && value >= 0 && value <= 65535 ? { from: value, to: value } : undefined;
  }
  const named = Object.hasOwn(SERVICE_PORTS, value) ? SERVICE_PORTS[value] : undefined;
  const single = named ?? parsePort(value);
  if (single !== undefined) return { from: single, to: single };
  const [low = '', high = '', ...rest] = value.split('-');
  const from = parsePort(low);
  const to = parsePort(high);
  return from !== undefined && to !== undefined && rest.length === 0 && from <= to ? { from, to } : undefined;
}
