/** What the boxes on the way remember of a session, for how long, and which setting says so. */
import { fail } from '../../sim/base/fail.ts';
import { type Millis, parseDuration } from '../../sim/base/time.ts';
import type { Design } from '../../sim/design/design.ts';
import { nodeNamed } from '../../sim/design/topology.ts';
import type { Trace } from '../../sim/trace/trace.ts';
import type { Tables, TupleRow } from '../../sim/world/tables.ts';
import type { World } from '../../sim/world/world.ts';

/** Something that a node remembers, and forgets when nothing is said for long. */
export interface Memory {
  readonly node: string;
  readonly kind: 'connection' | 'translation' | 'mapping';
  /** The session as the node knows it. */
  readonly what: string;
  /** How long it is kept after the last packet that counts. */
  readonly lifetime: Millis;
  /** When it goes if nothing more is said. */
  readonly expires: Millis;
  readonly setting: Setting;
}

/** What the lifetime follows from. */
export interface Setting {
  readonly name: string;
  /** Where the design says it; undefined: nowhere, so that it is the default. */
  readonly place: string | undefined;
}

/** A row of a table in short. */
interface Row {
  readonly key: string;
  readonly kind: Memory['kind'];
  readonly what: string;
  readonly protocol: string;
  readonly timeout: Millis;
  readonly assured: boolean;
}

/** The rows that a node has now and had not before, in the order of the way; what goes with its mapping is not told twice. */
export function memoriesOf(world: World, way: readonly string[], events: Trace, before: World): readonly Memory[] {
  return way.flatMap((node) => {
    const known = new Set(rowsOf(before.inspect(node)).map(({ key }) => key));
    const rows = rowsOf(world.inspect(node)).filter(({ key }) => !known.has(key));
    const mapped = new Set(rows.filter(({ kind }) => kind === 'mapping').map(({ timeout }) => timeout));
    const apart = rows.filter(({ kind, timeout }) => kind === 'mapping' || !mapped.has(timeout));
    return apart.map((row) => memoryOf(world, node, row, events));
  });
}

function rowsOf({ connections, mappings }: Tables): Row[] {
  return [
    ...mappings.map(({ protocol, inside, outside, remote, timeout }) => ({
      key: JSON.stringify(['mapping', protocol, inside, outside, remote]),
      kind: 'mapping' as const,
      what: `${inside} → ${outside}`,
      protocol,
      timeout: millis(timeout),
      assured: false,
    })),
    ...connections.map(({ protocol, original, reply, status, timeout }) => {
      const translated = status.includes('SNAT') || status.includes('DNAT');
      return {
        key: JSON.stringify(['connection', protocol, original]),
        kind: translated ? ('translation' as const) : ('connection' as const),
        what: translated ? showTranslation(original, reply) : `${source(original)} → ${destination(original)}`,
        protocol,
        timeout: millis(timeout),
        assured: status.includes('ASSURED'),
      };
    }),
  ];
}

function millis(text: string): Millis {
  return parseDuration(text) ?? fail(`"${text}" is no duration`);
}

/** The end that differs outside. */
function showTranslation(original: TupleRow, reply: TupleRow): string {
  const outside = end(reply.destination, reply.destinationPort ?? reply.id);
  return source(original) === outside
    ? `${destination(original)} → ${end(reply.source, reply.sourcePort)}`
    : `${source(original)} → ${outside}`;
}

function source({ source: address, sourcePort, id }: TupleRow): string {
  return end(address, sourcePort ?? id);
}

function destination({ destination: address, destinationPort }: TupleRow): string {
  return end(address, destinationPort);
}

function end(address: string, port: number | undefined): string {
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function memoryOf(world: World, node: string, row: Row, events: Trace): Memory {
  const expires = world.now + row.timeout;
  const { tracking } = world.program(node);
  const { behaviour } = tracking;
  const timeouts: Readonly<Record<string, Millis>> = behaviour?.timeouts ?? tracking.timeouts;
  const heard = events.flatMap((event) => (event.kind === 'hop' && event.node === node ? [event.time] : []));
  const follows = (lifetime: Millis) => heard.some((time) => Math.abs(time + lifetime - expires) < 0.001);
  const names = namesFor(row).filter((name) => timeouts[name] !== undefined);
  const name = names.find((each) => follows(timeouts[each] ?? 0));
  const lifetime = name === undefined ? expires - (heard.at(-1) ?? world.now) : (timeouts[name] ?? 0);
  const setting = { name: name ?? row.protocol, place: placeOf(world.design, node, name, behaviour !== undefined) };
  return { node, kind: row.kind, what: row.what, lifetime, expires, setting };
}

/** The settings that a row may live by, the likeliest first. */
function namesFor({ protocol, assured }: Row): readonly string[] {
  switch (protocol) {
    case 'tcp':
      return ['tcpEstablished', 'tcpUnacknowledged', 'tcpMaxRetrans', 'tcpSynRecv', 'tcpSynSent', 'tcpTransitory'];
    case 'udp':
      return assured ? ['udpStream', 'udp', 'udpWellKnown'] : ['udp', 'udpWellKnown', 'udpStream'];
    case 'icmp':
    case 'icmpv6':
      return ['icmp'];
    default:
      return ['generic'];
  }
}

/** The design's own word for it, if it has one. */
function placeOf(design: Design, node: string, name: string | undefined, behaves: boolean): string | undefined {
  const { nat, tracking } = nodeNamed(design, node) ?? {};
  if (!behaves) {
    const given = Object.keys(tracking?.timeouts ?? {}).find((each) => each === name);
    return given === undefined ? undefined : `tracking.timeouts.${given}`;
  }
  const spec = nat?.behaviour;
  const own = typeof spec === 'object' ? Object.keys(spec.timeouts ?? {}).find((each) => each === name) : undefined;
  return own === undefined ? 'nat.behaviour' : `nat.behaviour.timeouts.${own}`;
}
