/** Replies of a server, of one line or several, and the endpoints they carry. Read RFC 959 §4.2 and RFC 2428 §3 first. */
import type { Endpoint } from '../../../addr/endpoint.ts';
import { readPort } from './command.ts';

export interface FtpReply {
  readonly code: number;
  /** All lines as sent. */
  readonly lines: readonly string[];
}

/** The lines of a reply that has not ended yet. */
export type OpenReply = readonly string[];

/** Puts lines together to replies; a line that belongs to none is one with code 0. */
export function readReplies(
  open: OpenReply,
  lines: readonly string[],
): { replies: readonly FtpReply[]; open: OpenReply } {
  const replies: FtpReply[] = [];
  let sofar = open;
  for (const line of lines) {
    sofar = [...sofar, line];
    const [, begun = '0', mark] = /^(\d{3})(-| |$)/.exec(sofar[0] ?? '') ?? [];
    const ended = mark !== '-' || (sofar.length > 1 && line.startsWith(`${begun} `));
    if (!ended) continue;
    replies.push({ code: Number(begun), lines: sofar });
    sofar = [];
  }
  return { replies, open: sofar };
}

/** The endpoint in a 227: the six numbers are looked for, since text and brackets vary (RFC 1123 §4.1.2.6). */
export function readPassive({ lines }: FtpReply): Endpoint | undefined {
  const [found] = /\d+(?:,\d+){5}/.exec((lines.at(-1) ?? '').slice(4)) ?? [];
  return found === undefined ? undefined : readPort(found);
}

/** The port in a 229: `(|||PORT|)`, any printable character for the bar. */
export function readExtendedPassive({ lines }: FtpReply): number | undefined {
  const [, , digits] = /\(([!-~])\1\1(\d{1,5})\1\)/.exec(lines.at(-1) ?? '') ?? [];
  const port = Number(digits ?? 0);
  return port > 0 && port < 65_536 ? port : undefined;
}
