/** A rule as the intervals that its fields allow: to ask rule by rule, and for a classifier that knows masks alone. */
import type { Match } from '../../src/sim/design/rule.ts';
import type { Packet } from '../../src/sim/packet/packet.ts';
import { PROTOCOL, protocolOf } from '../../src/sim/packet/protocol.ts';

/** Numbers that a field of a rule allows, both ends included. */
export type Span = readonly [from: number, to: number];

export interface Box {
  readonly source: Span;
  readonly destination: Span;
  readonly protocol: 'tcp' | 'udp' | 'icmp' | undefined;
  readonly sourcePort: Span;
  readonly destinationPort: Span;
}

/** What a masked field is to be: `number & mask === value`. */
type Masked = readonly [value: number, mask: number];

function prefixSpan(text: unknown): Span {
  if (typeof text !== 'string') return [0, 0xffff_ffff];
  const [address = '', length = '32'] = text.split('/');
  const from = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return [from, from + 2 ** (32 - Number(length)) - 1];
}

function portSpan(ports: unknown): Span {
  if (ports === undefined) return [0, 65_535];
  const [from = 0, to = from] = String(ports).split('-').map(Number);
  return [from, to];
}

/** For the matches of generated lists; another protocol fails. */
export function boxOf({ source, destination, sourcePort, destinationPort, protocol }: Match): Box {
  if (protocol !== undefined && protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'icmp') {
    throw new Error(`no generated list has the protocol ${JSON.stringify(protocol)}`);
  }
  return {
    source: prefixSpan(source),
    destination: prefixSpan(destination),
    protocol,
    sourcePort: portSpan(sourcePort),
    destinationPort: portSpan(destinationPort),
  };
}

/** The number of the first rule that a packet matches, or -1: rule by rule, as slowly as can be. */
export function firstMatch(boxes: readonly Box[], packet: Packet): number {
  const inside = ([from, to]: Span, value: number): boolean => from <= value && value <= to;
  const [src, dst] = [Number(packet.src), Number(packet.dst)];
  return boxes.findIndex((box) => {
    if (box.protocol !== undefined && box.protocol !== packet.kind) return false;
    if (!inside(box.source, src) || !inside(box.destination, dst)) return false;
    return !('sport' in packet) || (inside(box.sourcePort, packet.sport) && inside(box.destinationPort, packet.dport));
  });
}

/** As few masked values as allow the same numbers, of so many bits, and none of them twice. */
export function masksOf([from, to]: Span, bits: number): readonly Masked[] {
  const masked: Masked[] = [];
  for (let at = from; at <= to; ) {
    let size = 1;
    while (at % (2 * size) === 0 && at + 2 * size - 1 <= to) size *= 2;
    masked.push([at, 2 ** bits - size]);
    at += size;
  }
  return masked;
}

/** A rule as lines of masked fields, each with the number of the rule; ports in a range become several. */
function linesOf(box: Box, number: number): readonly string[] {
  const [source, destination] = [masksOf(box.source, 32), masksOf(box.destination, 32)];
  const protocol: readonly Masked[] = [box.protocol === undefined ? [0, 0] : [PROTOCOL[box.protocol], 255]];
  const fields = [source, destination, protocol, masksOf(box.sourcePort, 16), masksOf(box.destinationPort, 16)];
  return fields.reduce<readonly string[]>(
    (lines, masks) => lines.flatMap((line) => masks.map(([value, mask]) => `${line} ${value} ${mask}`)),
    [`rule ${number}`],
  );
}

/** ICMP has its type and code where others have ports. */
function portsOf(packet: Packet): readonly [number, number] {
  if ('sport' in packet) return [packet.sport, packet.dport];
  return packet.kind === 'icmp' ? [packet.type, packet.code] : [0, 0];
}

function lineOf(packet: Packet): string {
  return `packet ${packet.src} ${packet.dst} ${protocolOf(packet)} ${portsOf(packet).join(' ')}`;
}

/** A list and packets as `first-match` of `peer/classifier.c` reads them. */
export function toMasked(boxes: readonly Box[], packets: readonly Packet[]): string {
  return [...boxes.flatMap(linesOf), ...packets.map(lineOf), ''].join('\n');
}
