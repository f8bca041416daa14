import { family, type Ip, isLoopback, isMulticast, isUnspecified, LIMITED_BROADCAST, showIp } from '../../addr/ip.ts';
import { fail } from '../../base/fail.ts';
import { pick } from '../../program/ecmp.ts';
import type { NodeProgram, Route } from '../../program/program.ts';
import type { DropReason } from '../../trace/fate.ts';
import { answerError, type ErrorKind, NO_ROUTE, PROHIBITED, UNREACHABLE_ROUTE } from '../answer.ts';
import { GO_ON, type Passage, type Stage, type StageResult } from '../passage.ts';

/** Local delivery, or which way out. Martian addresses and the reverse path are looked at here, as in Linux. */
export const route: Stage = (passage, { program }) => {
  if (passage.in === undefined) return routeOut(passage, program);
  const { packet } = passage;
  const came = passage.arrived === undefined ? passage : { ...passage, packet: passage.arrived };
  const flaw = passage.in === 'lo' ? undefined : (martian(came, program) ?? reversePath(came, program));
  if (flaw !== undefined) return flaw;
  if (program.isBroadcast(packet.dst)) return local(packet.dst);
  if (isMulticast(packet.dst))
    return refuse(passage, 'broadcast', 'routes', `nobody here joined ${showIp(packet.dst)}`);
  return routeIn(passage, program);
};

function routeIn(passage: Passage, program: NodeProgram): StageResult {
  const { packet } = passage;
  const routes = program.fib.lookup(packet.dst);
  if (routes === undefined) return unrouted(passage, program);
  const best = pick(routes, packet) ?? fail('an empty list of routes');
  if (best.type === 'local' || best.type === 'broadcast') return local(packet.dst);
  if (best.type !== 'unicast') return discard(passage, program, best);
  return onward(passage, best, routes.length);
}

/** A packet that starts here; its interface may be fixed already (broadcasts, packets bound to an interface). */
function routeOut(passage: Passage, program: NodeProgram): StageResult {
  const { packet } = passage;
  if (passage.out !== undefined && passage.nextHop === packet.dst) return GO_ON;
  if (program.owns(packet.dst)) {
    passage.out = 'lo';
    passage.nextHop = packet.dst;
    return { verdict: 'next', why: { kind: 'local', address: packet.dst } };
  }
  const routes = program.fib.lookup(packet.dst);
  if (routes === undefined) return unrouted(passage, program);
  const best = pick(routes, packet) ?? fail('an empty list of routes');
  return best.type === 'unicast' || best.type === 'broadcast'
    ? onward(passage, best, routes.length)
    : discard(passage, program, best);
}

function onward(passage: Passage, best: Route, among: number): StageResult {
  const nextHop = best.via ?? passage.packet.dst;
  passage.out = best.out;
  passage.nextHop = nextHop;
  return { verdict: 'next', why: { kind: 'routed', route: best, among, nextHop } };
}

function local(address: Ip): StageResult {
  return { verdict: 'local', why: { kind: 'local', address } };
}

/** LNX-FWD-5; a node that does not forward says nothing (RFC 1122 §3.3.1.1). */
function unrouted(passage: Passage, program: NodeProgram): StageResult {
  const detail = `no route to ${showIp(passage.packet.dst)}`;
  return refuse(
    passage,
    'noRoute',
    'routes',
    detail,
    speaks(passage, program) ? { program, kind: NO_ROUTE } : undefined,
  );
}

/** LNX-FWD-6. */
function discard(passage: Passage, program: NodeProgram, best: Route): StageResult {
  const kind = best.type === 'unreachable' ? UNREACHABLE_ROUTE : best.type === 'prohibit' ? PROHIBITED : undefined;
  const loud = kind !== undefined && speaks(passage, program) ? { program, kind } : undefined;
  return refuse(
    passage,
    'blackhole',
    best.place,
    `the route to ${showIp(passage.packet.dst)} is of type ${best.type}`,
    loud,
  );
}

/** A packet made here draws its error from the sockets API, not from ICMP. */
function speaks(passage: Passage, program: NodeProgram): boolean {
  return passage.in !== undefined && program.forwards;
}

function refuse(
  passage: Passage,
  reason: DropReason,
  place: string,
  detail: string,
  loud?: { program: NodeProgram; kind: ErrorKind },
): StageResult {
  const answer = loud === undefined ? undefined : answerError(loud.program, passage, loud.kind);
  const why = { kind: 'refused', reason, place, detail } as const;
  return { verdict: 'drop', why, ...(answer === undefined ? {} : { answer }) };
}

/** The table of martians in the kernel: what no packet from a wire may carry. */
function martian(passage: Passage, program: NodeProgram): StageResult | undefined {
  const { src, dst } = passage.packet;
  if (isUnspecified(src) && (dst === LIMITED_BROADCAST || isMulticast(dst))) return undefined;
  const flaw = flawOfSource(src, program) ?? flawOfDestination(dst);
  return flaw === undefined ? undefined : refuse(passage, 'martian', 'routes', flaw);
}

function flawOfSource(src: Ip, program: NodeProgram): string | undefined {
  const what = strangeSource(src, program);
  return what === undefined ? undefined : `the source ${showIp(src)} is ${what}`;
}

function strangeSource(src: Ip, program: NodeProgram): string | undefined {
  if (isLoopback(src)) return 'a loopback address';
  if (isUnspecified(src)) return 'no address';
  if (isMulticast(src) || src === LIMITED_BROADCAST) return 'a group, not a host';
  // IPv6 has no such check: a node takes a packet from its own address
  return family(src) === 4 && program.owns(src) ? "this node's own address" : undefined;
}

function flawOfDestination(dst: Ip): string | undefined {
  return isLoopback(dst) || isUnspecified(dst) ? `the destination ${showIp(dst)} never appears on a wire` : undefined;
}

/** LNX-RPF; Linux has it for IPv4 only. */
function reversePath(passage: Passage, program: NodeProgram): StageResult | undefined {
  const { packet } = passage;
  if (program.reversePathFilter === 'off' || family(packet.src) === 6 || isUnspecified(packet.src)) return undefined;
  const back = program.fib.lookup(packet.src)?.filter((found) => found.type === 'unicast');
  const plausible =
    back !== undefined &&
    back.length > 0 &&
    (program.reversePathFilter === 'loose' || back.some((found) => found.out === passage.in));
  if (plausible) return undefined;
  const detail = `the way back to ${showIp(packet.src)} is not by ${passage.in}`;
  return refuse(passage, 'reversePath', 'reversePathFilter', detail);
}
