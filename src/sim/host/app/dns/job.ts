/** How a server comes to its answers: from its zone, its cache, or the servers it forwards to. Read RFC 1034 §4.3 first. */
import type { Endpoint } from '../../../addr/endpoint.ts';
import { type Ip, showIp } from '../../../addr/ip.ts';
import type { Prefix } from '../../../addr/prefix.ts';
import type { Millis } from '../../../base/time.ts';
import { type AppCommand, type AppEvent, type Reaction, react, type SocketName } from '../app.ts';
import {
  type DnsMessage,
  type DnsQuestion,
  type DnsRecord,
  encodeDns,
  type GarbledDns,
  type Rcode,
} from '../message-dns.ts';
import { drop, put } from '../stream/table.ts';
import { follow } from './answer.ts';
import { type Cache, type Known, keyOf, knownFrom, recall, remember } from './cache.ts';
import { ask, type Exchange, hear, UDP_SIZE } from './exchange.ts';
import { withLength } from './stream.ts';
import { reverseName, synthesise, ttlOfDenial, usable } from './synthesis.ts';
import { lookUp, type Zone } from './zone.ts';

/** Who is to be answered. */
export type Asker =
  | { readonly kind: 'udp'; readonly socket: SocketName; readonly to: Endpoint; readonly from: Ip }
  | { readonly kind: 'tcp'; readonly socket: SocketName };

/** A query, and how far it got: `prefix` leads from the name in the query to the question that is open. */
export interface Job {
  readonly asker: Asker;
  readonly query: DnsMessage;
  readonly question: DnsQuestion;
  readonly prefix: readonly DnsRecord[];
  /** Addresses of IPv4 are asked for in place of those of IPv6, of which there are none: what was said to that. */
  readonly instead?: { readonly said: Answer; readonly prefix: readonly DnsRecord[] };
}

/** A question that is with the forwarders, and all who wait for it. */
interface Pending {
  readonly exchange: Exchange;
  readonly jobs: readonly Job[];
}

export interface Desk {
  readonly cache: Cache;
  /** By the key of the question. */
  readonly pending: ReadonlyMap<string, Pending>;
  /** How many questions were forwarded. */
  readonly forwarded: number;
}

export interface Scene {
  readonly zone: Zone;
  /** What goes with a denial of its own. */
  readonly soa: DnsRecord;
  readonly forward: readonly Ip[];
  /** What addresses of IPv6 are made with for names that have none. */
  readonly dns64?: Prefix | undefined;
  readonly now: Millis;
}

/** Each forwarder is given this long, twice. */
const TRY: Millis = 1500;
const ROUNDS = 2;
const MAX_ALIASES = 8;
/** Without EDNS (RFC 1035 §2.3.4). */
const SMALLEST_UDP = 512;

/** Answers the open question of a job from what is at hand, or asks the forwarders. */
export function work(desk: Desk, job: Job, scene: Scene): Reaction<Desk> {
  const { question, prefix, query } = job;
  if (prefix.length > MAX_ALIASES) return react(desk, ...answer({ ...job, prefix: [] }, scene, { rcode: 'SERVFAIL' }));
  const reverse = scene.dns64 === undefined ? undefined : reverseName(scene.dns64, question.name);
  if (reverse !== undefined && question.type !== 'CNAME') {
    const { ttl } = scene.zone;
    const record: DnsRecord = { type: 'CNAME', name: question.name, ttl, data: reverse };
    return work(desk, { ...job, question: { ...question, name: reverse }, prefix: [...prefix, record] }, scene);
  }
  const found = lookUp(scene.zone, question.name, question.type);
  switch (found.kind) {
    case 'found':
      return conclude(desk, job, scene, { own: true, answers: found.records });
    case 'alias': {
      const next = { ...job, question: { ...question, name: found.target }, prefix: [...prefix, found.record] };
      return work(desk, next, scene);
    }
    case 'no-data':
      return conclude(desk, job, scene, { own: true, authorities: [scene.soa] });
    case 'unknown':
      break;
  }
  if (scene.forward.length === 0) {
    // Where an alias leads elsewhere, the rest is for the asker to find.
    const denial = { rcode: 'NXDOMAIN', authorities: [scene.soa] } as const;
    return conclude(desk, job, scene, { own: true, ...(prefix.length > 0 ? {} : denial) });
  }
  const known = recall(desk.cache, question, scene.now);
  if (known !== undefined) return use(desk, job, known, scene);
  if (query.recursionDesired) return forward(desk, job, scene);
  return react(desk, ...answer(job, scene, prefix.length > 0 ? {} : { rcode: 'REFUSED' }));
}

/** Takes what the forwarders said, and goes on where they left an alias open. */
function use(desk: Desk, job: Job, known: Known, scene: Scene): Reaction<Desk> {
  const { rcode, answers, authorities } = known;
  const { found, end } = follow(job.question, answers);
  const open = rcode === 'NOERROR' && found.length === 0 && answers.length > 0 && authorities.length === 0;
  if (!open) return conclude(desk, job, scene, { rcode, answers, authorities });
  const next = { ...job, question: { ...job.question, name: end }, prefix: [...job.prefix, ...answers] };
  return work(desk, next, scene);
}

function forward(desk: Desk, job: Job, scene: Scene): Reaction<Desk> {
  const key = keyOf(job.question);
  const waiting = desk.pending.get(key);
  if (waiting !== undefined) {
    return react({ ...desk, pending: put(desk.pending, key, { ...waiting, jobs: [...waiting.jobs, job] }) });
  }
  const { exchange, commands } = ask({
    name: `forward${desk.forwarded}`,
    question: job.question,
    servers: scene.forward.map((ip) => ({ ip, port: 53 })),
    rounds: ROUNDS,
    timeout: TRY,
    id: (desk.forwarded * 16 + 1) & 0xffff,
  });
  const said: AppCommand = { kind: 'note', text: `forwards ${key} to ${scene.forward.map(showIp).join(', ')}` };
  const pending = put(desk.pending, key, { exchange, jobs: [job] });
  return react({ ...desk, pending, forwarded: desk.forwarded + 1 }, said, ...commands);
}

/** Takes an event of the exchange of a pending question. */
export function advance(desk: Desk, key: string, event: AppEvent, scene: Scene): Reaction<Desk> {
  const pending = desk.pending.get(key);
  if (pending === undefined) return react(desk);
  const { exchange, commands, verdict } = hear(pending.exchange, event);
  if (verdict === undefined) {
    return react({ ...desk, pending: put(desk.pending, key, { ...pending, exchange }) }, ...commands);
  }
  const rest = { ...desk, pending: drop(desk.pending, key) };
  if (verdict.kind !== 'answer') {
    const said: AppCommand = { kind: 'note', text: `${key}: the forwarders failed (${verdict.kind})` };
    const failed = { rcode: 'SERVFAIL' } as const;
    const first = react(rest, ...commands, said);
    return inTurn(first, pending.jobs, (so, job) => conclude(so, { ...job, prefix: [] }, scene, failed));
  }
  const known = knownFrom(verdict.message, exchange.question);
  const first = react({ ...rest, cache: remember(desk.cache, exchange.question, known, scene.now) }, ...commands);
  return inTurn(first, pending.jobs, (so, job) => use(so, job, known, scene));
}

/** One reaction after the other, each to the state that the one before left. */
export function inTurn<State, Item>(
  first: Reaction<State>,
  items: readonly Item[],
  step: (state: State, item: Item) => Reaction<State>,
): Reaction<State> {
  return items.reduce((sofar, item) => {
    const { state, commands } = step(sofar.state, item);
    return { state, commands: [...sofar.commands, ...commands] };
  }, first);
}

interface Answer {
  /** Default NOERROR. */
  readonly rcode?: Rcode;
  /** Whether it comes from the server's own records. */
  readonly own?: boolean;
  readonly answers?: readonly DnsRecord[];
  readonly authorities?: readonly DnsRecord[];
}

/**
 * Answers a job, unless the question was for an address of IPv6 and there is none to be had: then for one of IPv4, from
 * which one is made (RFC 6147 §5.1). A name that does not exist has neither.
 */
function conclude(desk: Desk, job: Job, scene: Scene, what: Answer): Reaction<Desk> {
  const { query, question, instead } = job;
  const { dns64 } = scene;
  if (dns64 === undefined) return react(desk, ...answer(job, scene, what));
  if (instead !== undefined) return react(desk, ...answerInstead(job, scene, what, { ...instead, dns64 }));
  if (question.type !== 'AAAA' || query.validating || what.rcode === 'NXDOMAIN') {
    return react(desk, ...answer(job, scene, what));
  }
  const said = { ...what, answers: usable(what.answers ?? []) };
  if (said.answers.some(({ type }) => type === 'AAAA')) return react(desk, ...answer(job, scene, said));
  const asked = { name: query.question?.name ?? question.name, type: 'A' };
  return work(desk, { ...job, question: asked, prefix: [], instead: { said, prefix: job.prefix } }, scene);
}

type Instead = NonNullable<Job['instead']> & { readonly dns64: Prefix };

function answerInstead(job: Job, scene: Scene, what: Answer, { said, prefix, dns64 }: Instead): AppCommand[] {
  const answers = synthesise(dns64, what.answers ?? [], ttlOfDenial(said.authorities ?? []));
  if (!answers.some(({ type }) => type === 'AAAA')) return answer({ ...job, prefix }, scene, said);
  const note = `makes ${answers.flatMap((record) => (record.type === 'AAAA' ? [showIp(record.data)] : [])).join(', ')}`;
  const text = `${note} for ${job.question.name}, which has addresses of IPv4 only`;
  return [{ kind: 'note', text }, ...answer(job, scene, { own: what.own ?? false, answers })];
}

function answer(job: Job, scene: Scene, what: Answer): AppCommand[] {
  const { rcode = 'NOERROR', own = false, answers = [], authorities = [] } = what;
  const message = {
    ...refusal(job.query, rcode),
    authoritative: own,
    recursionAvailable: scene.forward.length > 0,
    answers: [...job.prefix, ...answers],
    authorities,
  };
  return [reply(job.asker, message, job.query)];
}

/** An answer that says no more than why there is none. */
export function refusal(query: DnsMessage | GarbledDns, rcode: Rcode): DnsMessage {
  const { question, opcode, recursionDesired } =
    query.kind === 'garbled' ? { question: undefined, opcode: 0, recursionDesired: false } : query;
  return {
    id: query.id,
    kind: 'response',
    opcode,
    rcode,
    authoritative: false,
    truncated: false,
    recursionDesired,
    recursionAvailable: false,
    ...(question === undefined ? {} : { question }),
    answers: [],
    authorities: [],
  };
}

/** Sends an answer; one that is too long for a datagram goes without its records, marked as truncated. */
export function reply(asker: Asker, message: DnsMessage, query: DnsMessage | GarbledDns): AppCommand {
  const asked = query.kind === 'garbled' ? undefined : query.udpSize;
  const full = { ...message, ...(asked === undefined ? {} : { udpSize: UDP_SIZE }) };
  const bytes = encodeDns(full);
  if (asker.kind === 'tcp') return { kind: 'write', socket: asker.socket, payload: withLength(bytes) };
  const limit = Math.max(SMALLEST_UDP, Math.min(asked ?? 0, UDP_SIZE));
  const cut = { ...full, answers: [], authorities: [], truncated: true };
  const { kind: _, ...way } = asker;
  return { kind: 'send', ...way, payload: bytes.length <= limit ? bytes : encodeDns(cut) };
}
