/** What must never, and what must always get through. */
import type { Fault, InvariantFlow, InvariantSpec } from '../../scenarios/invariant/schema.ts';
import { checkFlow, flowOf, nodesMeant } from '../../scenarios/invariant/who.ts';
import { InputError } from '../../scenarios/issue.ts';
import type { Step } from '../../scenarios/schema.ts';
import { family, type Ip, isLinkLocal, showIp } from '../../sim/addr/ip.ts';
import type { Design } from '../../sim/design/design.ts';
import { type PortRange, parsePorts } from '../../sim/design/ports.ts';
import { FLAG, isEcho, type Packet } from '../../sim/packet/packet.ts';
import { finalForm, type Journey, journeysOf } from '../../sim/trace/journey.ts';
import { World } from '../../sim/world/world.ts';
import { entriesOf, translates } from '../entry.ts';
import { FAULT_LAWS } from './faults.ts';
import type { Breach, Law, Sight } from './law.ts';

export interface Demand {
  readonly name: string;
  readonly kind: 'never' | 'always';
  readonly flow: InvariantFlow;
}

/** What `checkNetwork` tries to break. */
export type Invariant = Law | Demand;

/** No new connection, datagram or ping of this kind ever arrives, whether or not somebody listens. */
export function never(flow: string | InvariantFlow, name?: string): Demand {
  return demand({ never: flow }, name);
}

/** A connection, datagram or ping of this kind always gets through: to each of the targets from each of the senders. */
export function always(flow: string | InvariantFlow, name?: string): Demand {
  return demand({ always: flow }, name);
}

/** A fault that the network does not have. */
export function no(fault: Fault): Law {
  return FAULT_LAWS[fault];
}

/** An invariant of a file as `checkNetwork` takes it. */
export function invariantOf(spec: InvariantSpec): Invariant {
  if (!('no' in spec)) return demand(spec, spec.name);
  return { ...no(spec.no), ...(spec.name === undefined ? {} : { name: spec.name }) };
}

function demand(spec: Exclude<InvariantSpec, { no: unknown }>, name?: string): Demand {
  const kind = 'never' in spec ? 'never' : 'always';
  const about = 'never' in spec ? spec.never : spec.always;
  const flow = flowOf(spec) ?? { from: '*', to: '*' };
  return { name: name ?? `${kind} ${typeof about === 'string' ? about : showFlow(flow)}`, kind, flow };
}

function showFlow({ from, to, port, protocol }: InvariantFlow): string {
  const ports = port === undefined ? '' : `:${[port].flat().join(',')}`;
  return `${[from].flat().join(',')} -> ${[to].flat().join(',')}${ports}${protocol === undefined ? '' : `/${protocol}`}`;
}

/** Names that are not in the design throw an `InputError`. */
export function assertFits({ kind, flow }: Demand, design: Design): void {
  const issues = checkFlow(kind === 'never' ? { never: flow } : { always: flow }, design);
  if (issues.length > 0) throw new InputError(issues);
}

/** Every step that tries the demand once: each sender, target, address, protocol and port. */
export function probesOf(design: Design, wanted: Demand): readonly Step[] {
  const { flow } = wanted;
  const world = new World(design);
  world.settle();
  const pairs = nodesMeant(design, flow.from).flatMap((from) =>
    nodesMeant(design, flow.to).flatMap((to) => (from === to ? [] : [{ from, to }])),
  );
  return pairs.flatMap((pair) => (wanted.kind === 'always' ? needs(flow, pair) : attempts(world, flow, pair)));
}

interface Pair {
  readonly from: string;
  readonly to: string;
}

function needs({ protocol, port }: InvariantFlow, { from, to }: Pair): Step[] {
  if (protocol === 'icmp' || port === undefined) return [{ ping: { from, to, count: 1 } }];
  return portsIn(port).map((number) =>
    protocol === 'udp'
      ? { send: { from, to, protocol, port: number, payload: 'anyone there?' } }
      : { connect: { from, to, port: number, timeout: '4s' } },
  );
}

function attempts(world: World, { protocol, port }: InvariantFlow, { from, to }: Pair): Step[] {
  const { design } = world;
  const spoken = new Set(addressesOf(world, from).map(family));
  const ports = port === undefined ? portsOf(design) : portsIn(port);
  const protocols =
    protocol !== undefined ? [protocol] : port !== undefined ? ['tcp' as const] : (['icmp', 'tcp', 'udp'] as const);
  const doors = Object.entries(design.nodes).flatMap(([name, node]) =>
    translates(node) ? entriesOf(design, name, world.program(name)) : [],
  );
  const found = addressesOf(world, to).flatMap((own) =>
    protocols.flatMap((each) =>
      (each === 'icmp' ? [undefined] : ports).flatMap((number) => {
        const offer = { protocol: each, app: '', ...(number === undefined ? {} : { port: number }) };
        const ways = [
          { address: own, ...(number === undefined ? {} : { port: number }) },
          ...doors.flatMap((door) => door.lead(to, own, offer)),
        ];
        return ways
          .filter(({ address }) => spoken.has(family(address)))
          .map(({ address, port: at }) => attempt(from, address, each, at));
      }),
    ),
  );
  return [...new Map(found.map((step) => [JSON.stringify(step), step])).values()];
}

function attempt(from: string, to: Ip, protocol: 'tcp' | 'udp' | 'icmp', port: number | undefined): Step {
  const named = protocol === 'icmp' && family(to) === 6 ? ('icmpv6' as const) : protocol;
  return { send: { from, to: showIp(to), protocol: named, ...(port === undefined ? {} : { port }) } };
}

function addressesOf(world: World, name: string): readonly Ip[] {
  return [...world.program(name).interfaces.values()]
    .flatMap(({ addresses }) => addresses.map(({ ip }) => ip))
    .filter((ip) => !isLinkLocal(ip));
}

function rangesOf(port: NonNullable<InvariantFlow['port']>): PortRange[] {
  return [port].flat().flatMap((each) => parsePorts(each) ?? []);
}

/** Both ends of each range. */
function portsIn(port: NonNullable<InvariantFlow['port']>): number[] {
  return [...new Set(rangesOf(port).flatMap(({ from, to }) => [Math.max(1, from), to]))];
}

/** The ports that a design speaks of: in rules, translations and services. */
export function portsOf(design: Design): readonly number[] {
  const found = new Set<number>();
  const visit = (value: unknown, key: string): void => {
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    const texts = /port$/i.test(key) ? items : key === 'services' ? serviceTexts(items) : [];
    for (const text of texts) {
      const range = typeof text === 'string' || typeof text === 'number' ? parsePorts(text) : undefined;
      if (range !== undefined && range.from > 0) found.add(range.from);
    }
    if (typeof value === 'object' && value !== null) {
      for (const [name, part] of Object.entries(value)) visit(part, Array.isArray(value) ? key : name);
    }
  };
  for (const node of Object.values(design.nodes)) visit(node, '');
  return [...found].slice(0, 24);
}

/** `http` and `tcp/8080` name the port they listen on. */
function serviceTexts(items: readonly unknown[]): string[] {
  return items.flatMap((each) => (typeof each === 'string' ? (each.split('/').at(-1) ?? []) : []));
}

/** Whether the last step of a run broke the demand. */
export function judge(wanted: Demand, sight: Sight): Breach | undefined {
  return wanted.kind === 'never' ? judgeNever(wanted.flow, sight) : judgeAlways(sight);
}

function judgeNever(flow: InvariantFlow, { design, report }: Sight): Breach | undefined {
  const senders = new Set(nodesMeant(design, flow.from));
  const targets = new Set(nodesMeant(design, flow.to));
  for (const journey of journeysOf(report.steps.at(-1)?.events ?? []).values()) {
    const { born, fate } = journey;
    const arrived = fate?.kind === 'delivered' || (fate?.kind === 'dropped' && fate.place === 'services');
    if (!arrived || !senders.has(born.node) || !targets.has(fate.node) || born.node === fate.node) continue;
    const packet = finalForm(journey);
    if (born.cause !== undefined || !opens(packet) || !isMeant(packet, flow) || !isNew(journey)) continue;
    const port = 'dport' in packet ? ` port ${packet.dport}` : '';
    return {
      says: `${packet.kind} from ${born.node} arrives at ${fate.node}${port}`,
      at: `${born.node} ${fate.node}`,
      expect: { server: null },
    };
  }
  return undefined;
}

function opens(packet: Packet): boolean {
  if (packet.kind === 'tcp') return (packet.flags & (FLAG.syn | FLAG.ack | FLAG.rst)) === FLAG.syn;
  return packet.kind === 'udp' || isEcho(packet) === 'request';
}

function isMeant(packet: Packet, { protocol, port }: InvariantFlow): boolean {
  const wanted = protocol ?? (port === undefined ? undefined : 'tcp');
  if (wanted !== undefined && packet.kind !== wanted) return false;
  if (port === undefined) return true;
  return 'dport' in packet && rangesOf(port).some(({ from, to }) => from <= packet.dport && packet.dport <= to);
}

/** No node on the way took it for a part of a connection that the other side had opened. */
function isNew({ hops }: Journey): boolean {
  return !hops.some(({ steps }) =>
    steps.some(({ why }) => why.kind === 'tracked' && (why.state === 'established' || why.state === 'related')),
  );
}

function judgeAlways({ steps, report }: Sight): Breach | undefined {
  const [step, done] = [steps.at(-1), report.steps.at(-1)];
  if (step === undefined || done === undefined) return undefined;
  const { outcome = '', server, blockedAt = '', blockedBy = '', explanation } = done.result;
  const arrived =
    'send' in step ? server !== undefined && outcome !== 'rejected' : outcome === 'connected' || outcome === 'replied';
  if (arrived) return undefined;
  const expect = 'send' in step ? { server: step.send.to } : 'ping' in step ? 'replied' : 'connected';
  return { says: explanation, at: `${blockedAt} ${blockedBy.replace(/\[.*/, '')}`, expect };
}
