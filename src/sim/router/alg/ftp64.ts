/**
 * The FTP helper where NAT64 carries the control connection: the client speaks the extended commands of IPv6, the server
 * may know the old ones of IPv4 only. What is not for the server (EPSV ALL, ALGS) goes as NOOP, and its answer is put in
 * the place of the server's, so that both ends of the TCP connection stay in step.
 *
 * Read RFC 6384 first.
 */
import { isIp4, showIp } from '../../addr/ip.ts';
import { hostPrefix } from '../../addr/prefix.ts';
import { contains as holds } from '../../addr/range.ts';
import { PROTOCOL, type Tcp } from '../../packet/packet.ts';
import { withPayload } from '../../packet/rewrite.ts';
import type { Nat64 } from '../../program/program.ts';
import { allocate } from '../mapping/allocate.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { isFree } from '../mapping/outbound.ts';
import type { RouterState } from '../passage.ts';
import { addAdjustment } from '../seqadj.ts';
import { advance } from '../track/sequence.ts';
import type { Helping, Inspected } from './ftp.ts';
import { readCommand, writeEndpoint } from './ftp-command.ts';
import { beginsLine, rememberLine } from './lines.ts';

/** What is put in the place of the next reply: a passive endpoint in the words of IPv6, or a line of the helper's own. */
type Awaited = { readonly kind: 'passive' | 'auth' } | { readonly kind: 'line'; readonly line: string };

/** How far the helper is with a control connection. */
export interface Ftp64 {
  /** Off after `ALGS DISABLE64`. */
  readonly enabled: boolean;
  /** Nothing can be read any more. */
  readonly secured: boolean;
  readonly awaited: Awaited | undefined;
  /** The reply that was rewritten last, by its sequence number: it may be sent again. */
  readonly said: { readonly seq: number; readonly line: string } | undefined;
}

const START: Ftp64 = { enabled: true, secured: false, awaited: undefined, said: undefined };
const NEWLINE = 10;

/** Reads one segment of a control connection, and rewrites the line that it begins with where it must. */
export function inspect64(node: RouterState, segment: Tcp, helping: Helping): Inspected {
  const { connection, direction } = helping;
  const { payload, seq } = segment;
  const lines = connection.lines[direction];
  const state = connection.ftp64 ?? START;
  if (payload.length === 0 || state.secured) return { kind: 'pass', packet: segment };
  const known = beginsLine(lines, seq);
  if (payload.at(-1) === NEWLINE) rememberLine(lines, advance(seq, payload.length));
  if (!known) return { kind: 'pass', packet: segment };
  const text = new TextDecoder('latin1').decode(payload);
  const line = text.split('\r\n', 1).join('');
  if (direction === 'reply') return reply(node, segment, helping, line);
  if (!text.includes('\r\n') && OURS.test(line)) {
    return { kind: 'drop', reason: 'helperIncomplete', detail: 'half an FTP command' };
  }
  return command(node, segment, helping, line);
}

const OURS = /^(E|EP|EPS|EPSV|EPR|EPRT|A|AL|ALG|ALGS|AU|AUT|AUTH)( |$)/i;

function command(node: RouterState, segment: Tcp, helping: Helping, line: string): Inspected {
  const { connection } = helping;
  const state = connection.ftp64 ?? START;
  const [, verb = '', argument = ''] = /^(\S*) ?(.*)$/.exec(line) ?? [];
  const instead = (answer: string, change: Partial<Ftp64> = {}): Inspected => {
    connection.ftp64 = { ...state, ...change, awaited: { kind: 'line', line: answer } };
    return write(segment, helping, { line, to: 'NOOP', detail: `answers for the server: ${answer.slice(0, 3)}` });
  };
  switch (verb.toUpperCase()) {
    case 'ALGS':
      return algs(argument, state, instead);
    case 'AUTH':
      connection.ftp64 = { ...state, awaited: { kind: 'auth' } };
      return { kind: 'pass', packet: segment };
    case 'EPSV': {
      if (!state.enabled) return { kind: 'pass', packet: segment };
      if (/^all$/i.test(argument)) return instead('504 EPSV ALL is not possible across NAT64.');
      if (argument !== '' && argument !== '2') return instead('522 Network protocol not supported, use (2)');
      connection.ftp64 = { ...state, awaited: { kind: 'passive' } };
      return write(segment, helping, { line, to: 'PASV', detail: 'asks in the words of IPv4' });
    }
    case 'EPRT':
      return state.enabled ? active(node, segment, helping, line) : { kind: 'pass', packet: segment };
    default:
      return { kind: 'pass', packet: segment };
  }
}

function algs(
  argument: string,
  state: Ftp64,
  instead: (line: string, change?: Partial<Ftp64>) => Inspected,
): Inspected {
  const status = (enabled: boolean) => (enabled ? '216 EPSV EPRT' : '216 NONE');
  switch (argument.toUpperCase()) {
    case 'STATUS64':
      return instead(status(state.enabled));
    case 'ENABLE64':
      return instead(status(true), { enabled: true });
    case 'DISABLE64':
      return instead(status(false), { enabled: false });
    default:
      return instead('504 ALGS knows STATUS64, ENABLE64 and DISABLE64.');
  }
}

/** The mapping first, then the command that names it; an address other than the client's own is left alone. */
function active(node: RouterState, segment: Tcp, helping: Helping, line: string): Inspected {
  const { connection, now } = helping;
  const { conntrack } = node;
  const { original, reply } = connection;
  const found = readCommand(segment.payload, 'original', 6);
  const ip = typeof found === 'object' ? found.ip : undefined;
  if (typeof found !== 'object' || ip !== original.src || found.port < LOWEST) {
    return { kind: 'pass', packet: segment, told: { detail: 'the EPRT names no endpoint of its sender: it stays' } };
  }
  const expires = now + conntrack.tracking.timeouts.expectation;
  const mapping = lease(node, helping, { port: found.port, expires });
  if (mapping === undefined) return { kind: 'drop', reason: 'natExhausted', detail: 'no endpoint is left for EPRT' };
  const { outside } = mapping;
  expectFrom(node, helping, { src: reply.src, dst: outside.ip, port: outside.port, expires });
  const to = `PORT ${writeEndpoint('PORT', outside.ip, outside.port)}`;
  const detail = `${showIp(reply.src)} may connect to mapping ${mapping.id}`;
  return write(segment, helping, { line, to, detail });
}

const LOWEST = 1024;

function lease(
  node: RouterState,
  { connection, now }: Helping,
  { port, expires }: { readonly port: number; readonly expires: number },
): Mapping | undefined {
  const { mappings, rng } = node.conntrack;
  const { original, reply } = connection;
  const rule: Nat64 | undefined = node.program.nat64.find(({ addresses }) => holds(addresses, reply.dst));
  const inside = { ip: original.src, port };
  const protocol = PROTOCOL.tcp;
  const server = { ip: reply.src, port: 20 };
  const held = { expires, filter: [{ prefix: hostPrefix(reply.src), port: undefined }] };
  const known = mappings.from(protocol, inside, now).find(({ outside }) => outside.ip === reply.dst);
  if (known !== undefined) {
    mappings.lease(known, held, now);
    return known;
  }
  if (rule === undefined) return undefined;
  const out = node.program.fib.lookup(server.ip)?.[0]?.out ?? '';
  const wanted = {
    protocol,
    inside,
    remote: undefined,
    addresses: [{ from: reply.dst, to: reply.dst }],
    ports: undefined,
    subscribers: rule.subscribers,
    isFree: (outside: typeof inside) => isFree(node, { protocol, outside, from: server, out, now }),
  };
  const found = allocate(wanted, { behaviour: rule.behaviour, mappings, rng, now });
  if (found.kind !== 'given') return undefined;
  return mappings.add({ protocol, inside, outside: found.outside, remote: undefined }, now, held);
}

interface Awaiting {
  readonly src: Tcp['src'];
  readonly dst: Tcp['src'];
  readonly port: number;
  readonly expires: number;
}

/** The data connection is related to this one; NAT64 carries it by its mapping as any other. */
function expectFrom(node: RouterState, { connection, now }: Helping, { src, dst, port, expires }: Awaiting): void {
  const wanted = { master: connection, protocol: PROTOCOL.tcp, src, dst, port, expires, follow: undefined };
  node.conntrack.expectations.add(wanted, now);
}

function reply(node: RouterState, segment: Tcp, helping: Helping, line: string): Inspected {
  const { connection, now } = helping;
  const state = connection.ftp64 ?? START;
  const { awaited, said } = state;
  if (said?.seq === segment.seq) return write(segment, helping, { line, to: said.line, detail: 'as before' });
  if (awaited === undefined || !/^[2-5]\d\d /.test(line)) return { kind: 'pass', packet: segment };
  const done: Ftp64 = { ...state, awaited: undefined };
  connection.ftp64 = done;
  if (awaited.kind === 'line') {
    connection.ftp64 = { ...done, said: { seq: segment.seq, line: awaited.line } };
    return write(segment, helping, { line, to: awaited.line, detail: 'answered for the server' });
  }
  if (awaited.kind === 'auth') {
    connection.ftp64 = { ...done, secured: line.startsWith('2') };
    return { kind: 'pass', packet: segment };
  }
  const found = readCommand(segment.payload, 'reply', 4);
  if (typeof found !== 'object' || found.form !== '227') return { kind: 'pass', packet: segment };
  const { dst, src } = connection.original;
  expectFrom(node, helping, {
    src,
    dst,
    port: found.port,
    expires: now + node.conntrack.tracking.timeouts.expectation,
  });
  const named = found.ip !== undefined && isIp4(found.ip) ? ` whatever address it names (${showIp(found.ip)})` : '';
  const to = `229 Entering Extended Passive Mode (${writeEndpoint('229', dst, found.port)})`;
  connection.ftp64 = { ...done, said: { seq: segment.seq, line: to } };
  return write(segment, helping, { line, to, detail: `${showIp(src)} may connect to port ${found.port},${named}` });
}

/** The segment with another first line. */
function write(
  segment: Tcp,
  { connection, direction }: Helping,
  { line, to, detail }: { readonly line: string; readonly to: string; readonly detail: string },
): Inspected {
  const { payload, seq } = segment;
  const start = new TextEncoder().encode(to);
  const changed = new Uint8Array(payload.length - line.length + start.length);
  changed.set(start);
  changed.set(payload.subarray(line.length), start.length);
  addAdjustment(connection.adjustment[direction], seq, changed.length - payload.length);
  return { kind: 'pass', packet: withPayload(segment, changed), told: { detail, before: line, after: to } };
}
