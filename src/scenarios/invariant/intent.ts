/** What a network is meant to do, in one line: `laptop -> web:443/tcp`. */
import { parseIp } from '../../sim/addr/ip.ts';
import type { Issue } from '../../sim/base/fail.ts';
import type { Path } from '../../sim/base/path.ts';
import { didYouMean } from '../../sim/base/suggest.ts';
import type { Design } from '../../sim/design/design.ts';
import { parsePorts, SERVICE_PORTS } from '../../sim/design/ports.ts';
import type { World } from '../../sim/world/world.ts';
import { checkStep } from '../check/step.ts';
import { InputError } from '../issue.ts';
import { runStep, type StepReport } from '../run.ts';
import type { Step } from '../schema.ts';

export const INTENT_PROTOCOLS = ['tcp', 'udp', 'icmp'] as const;

export interface Intent {
  readonly from: string;
  /** A node, NODE:INTERFACE, an address or a DNS name. */
  readonly to: string;
  readonly protocol: (typeof INTENT_PROTOCOLS)[number];
  /** None for a ping. */
  readonly port?: number;
}

const SHAPE = 'write "FROM -> TO:PORT/tcp", "FROM -> TO:PORT/udp" or "FROM -> TO" for a ping';

/**
 * Reads `laptop -> web:443/tcp`, `laptop -> [2001:db8::1]:dns/udp`, `laptop -> web` (a ping); tcp is the protocol where
 * only a port is given. A text that is none gives the reason, a sentence without its full stop.
 */
export function readIntent(text: string): Intent | string {
  const [, from, rest] = /^\s*(\S+)\s*->\s*(\S+)\s*$/.exec(text) ?? [];
  if (from === undefined || rest === undefined) return `"${text}" is no intent: ${SHAPE}`;
  const [, target = '', named] = /^(.*?)(?:\/([A-Za-z]\w*))?$/.exec(rest) ?? [];
  const known = INTENT_PROTOCOLS.find((protocol) => protocol === named);
  if (named !== undefined && known === undefined) {
    const hint = didYouMean(named, INTENT_PROTOCOLS);
    return `"${named}" is no protocol of an intent: write tcp, udp or icmp${hint === undefined ? '' : ` (${hint})`}`;
  }
  const split = splitTarget(target);
  if (typeof split === 'string') return split;
  const { to, port } = split;
  if (to === '') return `"${text}" names no target: ${SHAPE}`;
  const protocol = known ?? (port === undefined ? 'icmp' : 'tcp');
  if (protocol === 'icmp' && port !== undefined) return `icmp has no ports: write "${from} -> ${to}"`;
  if (protocol !== 'icmp' && port === undefined)
    return `${protocol} needs a port: write "${from} -> ${to}:PORT/${protocol}"`;
  return { from, to, protocol, ...(port === undefined ? {} : { port }) };
}

/** What stands after the last colon is a port when it is a number or the name of a service. */
function splitTarget(text: string): { readonly to: string; readonly port?: number } | string {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) {
    const [, to = '', port] = bracketed;
    return port === undefined ? { to } : portOf(to, port);
  }
  const at = text.lastIndexOf(':');
  if (at < 0 || parseIp(text) !== undefined) return { to: text };
  const last = text.slice(at + 1);
  const looksLikePort = /^\d/.test(last) || Object.hasOwn(SERVICE_PORTS, last);
  return looksLikePort ? portOf(text.slice(0, at), last) : { to: text };
}

function portOf(to: string, text: string): { readonly to: string; readonly port: number } | string {
  const ports = parsePorts(text);
  if (ports !== undefined && ports.from === ports.to && ports.from > 0) return { to, port: ports.from };
  const hint = didYouMean(text, Object.keys(SERVICE_PORTS));
  return `"${text}" is not a port: write 1 to 65535 or the name of a service${hint === undefined ? '' : ` (${hint})`}`;
}

/** As `readIntent`, but a text that is none throws an `InputError`. */
export function parseIntent(text: string): Intent {
  const found = readIntent(text);
  if (typeof found === 'string') throw new InputError([{ code: 'intent', path: [], message: found }]);
  return found;
}

/** `laptop -> web:443/tcp` */
export function showIntent({ from, to, protocol, port }: Intent): string {
  if (port === undefined) return `${from} -> ${to}`;
  return `${from} -> ${parseIp(to) !== undefined && to.includes(':') ? `[${to}]` : to}:${port}/${protocol}`;
}

/** The step that tries it: a TCP connection, one datagram, or a ping. */
export function stepOf({ from, to, protocol, port }: Intent): Step {
  if (protocol === 'icmp' || port === undefined) return { ping: { from, to, count: 1 } };
  if (protocol === 'tcp') return { connect: { from, to, port } };
  return { send: { from, to, port, protocol, payload: 'anyone there?' } };
}

/** What an intent gets wrong about a design. */
export function checkIntent(intent: Intent, design: Design, path: Path = []): Issue[] {
  return checkStep(stepOf(intent), design).map((issue) => ({ ...issue, path: [...path, ...issue.path.slice(1)] }));
}

export interface Tried {
  /** A TCP connection was opened, a datagram arrived where somebody listens, a ping was answered. */
  readonly allowed: boolean;
  readonly report: StepReport;
}

const ALLOWED: ReadonlySet<string> = new Set(['connected', 'replied', 'delivered']);

/** Tries an intent on a world, which goes on from there; names that the world does not know throw an `InputError`. */
export function tryIntent(world: World, intent: Intent): Tried {
  const issues = checkIntent(intent, world.design);
  if (issues.length > 0) throw new InputError(issues);
  const report = runStep(world, stepOf(intent), world.steps);
  if ('issues' in report) throw new InputError(report.issues);
  return { allowed: ALLOWED.has(report.result.outcome ?? ''), report };
}
