/** One line per packet, for people. */
import { family, type Ip, type Ip4, showIp } from '../addr/ip.ts';
import { isError, quoteOf } from './icmp-error.ts';
import { transportLength } from './length.ts';
import { FLAG, flagNames, type Icmp, isEcho, type Other, type Packet, queryId, type Tcp, type Udp } from './packet.ts';
import { PROTOCOL, protocolOf } from './protocol.ts';

/** `192.168.1.10:50000`, `[2001:db8::1]:50000`. */
export function showEndpoint(ip: Ip, port: number): string {
  return typeof ip === 'number' ? showEndpoint4(ip, port) : `[${showIp(ip)}]:${port}`;
}

/* As with addresses, the last text of each hash is kept: the story of a packet names the same few ends many times. */
const SHOWN = 256;
const shownIps = new Uint32Array(SHOWN);
const shownPorts = new Uint16Array(SHOWN);
const texts: string[] = new Array(SHOWN).fill('0.0.0.0:0');

function showEndpoint4(ip: Ip4, port: number): string {
  const at = Math.imul(Math.imul(ip, 0x9e37_79b1) + port, 0x85eb_ca6b) >>> 24;
  if (shownIps[at] !== ip || shownPorts[at] !== port) {
    shownIps[at] = ip;
    shownPorts[at] = port;
    texts[at] = `${showIp(ip)}:${port}`;
  }
  return texts[at] as string;
}

/** An endpoint, or an address alone where any port of it is meant. */
export function showRemote({ ip, port }: { readonly ip: Ip; readonly port: number | undefined }): string {
  return port === undefined ? showIp(ip) : showEndpoint(ip, port);
}

/** `tcp`, `icmpv6`, or `protocol 89` for one without a name here. */
export function showProtocol(protocol: number): string {
  return NAMES.get(protocol) ?? `protocol ${protocol}`;
}

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(PROTOCOL).map(([name, number]) => [number, name]));

/** `192.168.1.10:50000 > 203.0.113.9:21 tcp SYN seq 1000 len 0 ttl 63`; an error with what it quotes, text in excerpt. */
export function showPacket(packet: Packet): string {
  const { src, dst, ttl } = packet;
  switch (packet.kind) {
    case 'tcp':
    case 'udp': {
      const ends = `${showEndpoint(src, packet.sport)} > ${showEndpoint(dst, packet.dport)}`;
      const text = excerpt(packet.payload);
      return `${ends} ${packet.kind === 'tcp' ? showTcp(packet) : showUdp(packet)} ttl ${ttl}${text}`;
    }
    case 'icmp':
      return `${showIp(src)} > ${showIp(dst)} ${showIcmp(packet)} ttl ${ttl}${showQuote(packet)}`;
    case 'other':
      return `${showIp(src)} > ${showIp(dst)} ${showOther(packet)} ttl ${ttl}`;
  }
}

function showTcp(packet: Tcp): string {
  const ack = (packet.flags & FLAG.ack) === 0 ? '' : ` ack ${packet.ack}`;
  return `tcp ${showFlags(packet.flags & 0xff)} seq ${packet.seq}${ack} len ${packet.payload.length}`;
}

/** `SYN+ACK`. */
function showFlags(bits: number): string {
  const known = flagTexts[bits];
  if (known !== undefined) return known;
  const text = flagNames(bits).join('+').toUpperCase() || 'no flags';
  flagTexts[bits] = text;
  return text;
}

/** For each combination of the eight flags that has been written down. */
const flagTexts: (string | undefined)[] = new Array(256).fill(undefined);

function showUdp(packet: Udp): string {
  return `udp len ${packet.payload.length}`;
}

function showOther(packet: Other): string {
  const name = showProtocol(packet.protocol);
  const length = `len ${transportLength(packet)}`;
  if (packet.fragment === undefined) return `${name} ${length}`;
  const { offset, more } = packet.fragment;
  return `${name} fragment ${packet.ident} offset ${offset} ${length}${more ? ' more' : ' last'}`;
}

/** What an ICMP type and code mean, in words: `port unreachable`, `echo request`, `type 42 code 0`. */
export function showIcmpType(ip: Ip, type: number, code: number): string {
  const names = MEANINGS[family(ip)];
  return names[`${type}/${code}`] ?? names[type] ?? `type ${type} code ${code}`;
}

function showIcmp(packet: Icmp): string {
  const { src, type, code, rest } = packet;
  const what = `${showProtocol(protocolOf(packet))} ${showIcmpType(src, type, code)}`;
  if (isError(packet)) return isTooBig(packet) ? `${what} mtu ${rest}` : what;
  const id = queryId(packet);
  const seq = isEcho(packet) === undefined ? '' : ` seq ${rest & 0xffff}`;
  return `${what}${id === undefined ? '' : ` id ${id}`}${seq} len ${packet.payload.length}`;
}

function isTooBig({ src, type, code }: Icmp): boolean {
  return typeof src === 'number' ? type === 3 && code === 4 : type === 2;
}

function showQuote(packet: Icmp): string {
  const quote = quoteOf(packet);
  if (quote === undefined) return '';
  const { src, dst, protocol, sport, dport, type, code, id } = quote;
  const name = showProtocol(protocol);
  if (sport !== undefined && dport !== undefined) {
    return ` about ${showEndpoint(src, sport)} > ${showEndpoint(dst, dport)} ${name}`;
  }
  const message = type === undefined || code === undefined ? '' : ` ${showIcmpType(src, type, code)}`;
  return ` about ${showIp(src)} > ${showIp(dst)} ${name}${message}${id === undefined ? '' : ` id ${id}`}`;
}

/** How much of a payload is looked at, in bytes, and how much of it is shown, in characters. */
const LOOK = 256;
const SHOW = 40;

/** The readable stretches of a payload, as FTP commands and DNS names are, cut to 40 characters. */
function excerpt(payload: Uint8Array): string {
  const end = Math.min(payload.length, LOOK);
  let text = '';
  let begin = 0;
  for (let at = 0; at <= end && text.length <= SHOW; at++) {
    if (at < end && isReadable(payload[at] as number)) continue;
    if (at - begin >= 3) text += (text === '' ? '' : '.') + String.fromCharCode(...payload.subarray(begin, at));
    begin = at + 1;
  }
  if (text === '') return '';
  return ` "${text.length > SHOW ? `${text.slice(0, SHOW - 1)}…` : text}"`;
}

/** A character of ASCII that leaves a trace on paper, or a space. */
function isReadable(byte: number): boolean {
  return byte >= 0x20 && byte <= 0x7e;
}

const MEANINGS: Readonly<Record<4 | 6, Readonly<Record<string, string>>>> = {
  4: {
    '0': 'echo reply',
    '3/0': 'net unreachable',
    '3/1': 'host unreachable',
    '3/2': 'protocol unreachable',
    '3/3': 'port unreachable',
    '3/4': 'fragmentation needed',
    '3/5': 'source route failed',
    '3/6': 'net unknown',
    '3/7': 'host unknown',
    '3/9': 'net prohibited',
    '3/10': 'host prohibited',
    '3/11': 'net unreachable for TOS',
    '3/12': 'host unreachable for TOS',
    '3/13': 'administratively prohibited',
    '3/14': 'precedence violation',
    '3/15': 'precedence cutoff',
    '4': 'source quench',
    '5': 'redirect',
    '8': 'echo request',
    '9': 'router advertisement',
    '10': 'router solicitation',
    '11/0': 'time exceeded',
    '11/1': 'reassembly time exceeded',
    '12': 'parameter problem',
    '13': 'timestamp request',
    '14': 'timestamp reply',
    '15': 'information request',
    '16': 'information reply',
    '17': 'address mask request',
    '18': 'address mask reply',
  },
  6: {
    '1/0': 'no route',
    '1/1': 'administratively prohibited',
    '1/2': 'beyond scope',
    '1/3': 'address unreachable',
    '1/4': 'port unreachable',
    '1/5': 'source policy',
    '1/6': 'reject route',
    '2': 'packet too big',
    '3/0': 'hop limit exceeded',
    '3/1': 'reassembly time exceeded',
    '4/0': 'bad header field',
    '4/1': 'unknown next header',
    '4/2': 'unknown option',
    '128': 'echo request',
    '129': 'echo reply',
    '133': 'router solicitation',
    '134': 'router advertisement',
    '135': 'neighbour solicitation',
    '136': 'neighbour advertisement',
    '137': 'redirect',
  },
};
