/** Ports by number, range or IANA service name. */

/** Inclusive. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** The IANA service names people write in rules, with their registered port (tcp and udp alike). */
export const SERVICE_PORTS: Readonly<Record<string, number>> = {
  echo: 7,
  discard: 9,
  daytime: 13,
  chargen: 19,
  'ftp-data': 20,
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  time: 37,
  whois: 43,
  domain: 53,
  dns: 53,
  bootps: 67,
  bootpc: 68,
  tftp: 69,
  finger: 79,
  http: 80,
  kerberos: 88,
  pop3: 110,
  sunrpc: 111,
  auth: 113,
  nntp: 119,
  ntp: 123,
  'netbios-ns': 137,
  'netbios-dgm': 138,
  'netbios-ssn': 139,
  imap: 143,
  imap2: 143,
  snmp: 161,
  snmptrap: 162,
  bgp: 179,
  irc: 194,
  ldap: 389,
  https: 443,
  'microsoft-ds': 445,
  kpasswd: 464,
  submissions: 465,
  isakmp: 500,
  syslog: 514,
  rip: 520,
  ripng: 521,
  'dhcpv6-client': 546,
  'dhcpv6-server': 547,
  rtsp: 554,
  submission: 587,
  ipp: 631,
  ldaps: 636,
  'domain-s': 853,
  rsync: 873,
  'ftps-data': 989,
  ftps: 990,
  telnets: 992,
  imaps: 993,
  ircs: 994,
  pop3s: 995,
  socks: 1080,
  openvpn: 1194,
  'ms-sql-s': 1433,
  'ms-sql-m': 1434,
  l2tp: 1701,
  pptp: 1723,
  radius: 1812,
  'radius-acct': 1813,
  mqtt: 1883,
  ssdp: 1900,
  nfs: 2049,
  'iscsi-target': 3260,
  mysql: 3306,
  'ms-wbt-server': 3389,
  stun: 3478,
  turn: 3478,
  svn: 3690,
  epmd: 4369,
  'ipsec-nat-t': 4500,
  vxlan: 4789,
  sip: 5060,
  'sip-tls': 5061,
  xmpp: 5222,
  'xmpp-client': 5222,
  'xmpp-server': 5269,
  mdns: 5353,
  llmnr: 5355,
  postgresql: 5432,
  amqps: 5671,
  amqp: 5672,
  x11: 6000,
  redis: 6379,
  'http-alt': 8080,
  'pcsync-https': 8443,
  'secure-mqtt': 8883,
  git: 9418,
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
