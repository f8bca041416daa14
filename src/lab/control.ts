/** The lines of an FTP control connection that name an endpoint, as they arrived: an application-level gateway may have rewritten them. */
import { finalForm, journeysOf } from '../sim/trace/journey.ts';
import type { Trace } from '../sim/trace/trace.ts';

/** A PORT or EPRT command, or a 227 or 229 reply, and the node that it came to. */
export interface ArrivedLine {
  readonly at: string;
  readonly line: string;
}

/** RFC 959 §4.1.2, RFC 2428. */
const NAMING = /^(?:(PORT|EPRT) \S+|22[79] [^\r\n]*)/;

/** What of the beginning of a payload is such a line. */
function lineIn(payload: string): string | undefined {
  return NAMING.exec(payload)?.[0];
}

/** As the nodes of a simulation received them, in order. */
export function arrivedLines(events: Trace): ArrivedLine[] {
  return [...journeysOf(events).values()].flatMap((journey) => {
    const packet = finalForm(journey);
    if (packet.kind !== 'tcp' || journey.fate?.kind !== 'delivered') return [];
    const line = lineIn(new TextDecoder('latin1').decode(packet.payload));
    return line === undefined ? [] : [{ at: journey.fate.node, line }];
  });
}

/** As a node of a lab heard them; payloads in hex. */
export function heardLines(at: string, payloads: readonly (string | undefined)[]): ArrivedLine[] {
  const lines = payloads
    .flatMap((hex) => lineIn(Buffer.from(hex ?? '', 'hex').toString('latin1')) ?? [])
    // over IPv6 a server may answer PASV without naming any address
    .filter((line) => !line.includes('(0,0,0,0,'));
  // a segment that was sent again says nothing new
  return [...new Set(lines)].map((line) => ({ at, line }));
}

/** Without the port, which is chance: `PORT 203,0,113,2,p,p at files`. */
export function showArrived({ at, line }: ArrivedLine): string {
  const [, numbers] = /(\d+,\d+,\d+,\d+),\d+,\d+/.exec(line) ?? [];
  const [, address] = /^EPRT \|\d\|([^|]+)\|/.exec(line) ?? [];
  const verb = line.slice(0, 4).trim();
  if (numbers !== undefined) return `${verb} ${numbers},p,p at ${at}`;
  return `${verb}${address === undefined ? '' : ` ${address}`} port p at ${at}`;
}
