/**
 * Behaviour discovery as a plan: which probe comes next after what the ones before it brought, and what all of them show.
 *
 * Read RFC 5780 §4 first. The probes have the names of its tests: M mapping, F filtering, H hairpinning, L lifetime.
 */
import type { Endpoint } from '../../../addr/endpoint.ts';
import type { Millis } from '../../../base/time.ts';
import type { Dependence } from '../../../design/behaviour.ts';
import type { SocketName } from '../app.ts';

export const STUN_TESTS = ['mapping', 'filtering', 'hairpin', 'lifetime'] as const;
export type StunTest = (typeof STUN_TESTS)[number];

/** One request. */
export interface Probe {
  readonly name: string;
  readonly socket: SocketName;
  readonly to: Endpoint;
  /** Asks for an answer from the other port, or from the other address and port. */
  readonly change?: 'port' | 'both';
  /** Asks for an answer to this port of the sender's public address. */
  readonly responsePort?: number;
  /** The socket that must hear the answer; in the hairpin test it is the request itself that must arrive. */
  readonly hearsAt: SocketName;
  /** Heard as soon as it reaches the node: a host refuses packets that bear its own address as their source. */
  readonly seen?: boolean;
  /** Silence before it. */
  readonly wait?: Millis;
}

/** What arrived. */
export interface Heard {
  readonly from: Endpoint;
  readonly mapped?: Endpoint;
  readonly other?: Endpoint;
}

/** By name of the probe; `silence` when nothing arrived. */
export type Answers = ReadonlyMap<string, Heard | 'silence'>;

export interface Subject {
  readonly server: Endpoint;
  readonly tests: readonly StunTest[];
  /** The sockets' own endpoints, as far as they are open. */
  readonly locals: ReadonlyMap<SocketName, Endpoint>;
}

/** The longest lifetime that is told from an endless one. */
export const PATIENCE: Millis = 86_400_000;
const SECOND: Millis = 1000;

/** The next probe; undefined when there is nothing more to ask. */
export function nextProbe(answers: Answers, subject: Subject): Probe | undefined {
  const { server, tests } = subject;
  const first = answers.get('M1');
  if (first === undefined) return { name: 'M1', socket: 'main', to: server, hearsAt: 'main' };
  if (first === 'silence' || first.mapped === undefined) return undefined;
  const { mapped, other } = first;
  const nat = isTranslated(answers, subject);
  const wanted = [
    ...(other !== undefined && nat && tests.includes('mapping') ? mappingProbes(server, other) : []),
    ...(other !== undefined && tests.includes('filtering') ? filteringProbes(server, answers) : []),
    ...(nat && tests.includes('hairpin') ? hairpinProbes(server, mapped, answers) : []),
  ];
  const next = wanted.find(({ name }) => !answers.has(name));
  if (next !== undefined) return next;
  return nat && tests.includes('lifetime') ? lifetimeProbe(server, answers) : undefined;
}

/** Whether the server sees another endpoint than the client has. */
export function isTranslated(answers: Answers, { locals }: Subject): boolean {
  const local = locals.get('main');
  const mapped = heard(answers, 'M1')?.mapped;
  return mapped !== undefined && !(local !== undefined && isSame(local, mapped));
}

function heard(answers: Answers, name: string): Heard | undefined {
  const found = answers.get(name);
  return found === 'silence' ? undefined : found;
}

function isSame(a: Endpoint | undefined, b: Endpoint | undefined): boolean {
  return a !== undefined && b !== undefined && a.ip === b.ip && a.port === b.port;
}

function mappingProbes(server: Endpoint, other: Endpoint): Probe[] {
  return [
    { name: 'M2', socket: 'main', to: { ip: other.ip, port: server.port }, hearsAt: 'main' },
    { name: 'M3', socket: 'main', to: other, hearsAt: 'main' },
  ];
}

/** From a socket that has not opened any filter yet. The last one says nothing new when the one before it was heard. */
function filteringProbes(server: Endpoint, answers: Answers): Probe[] {
  const common = { socket: 'filter', to: server, hearsAt: 'filter' };
  const both: Probe = { name: 'F2', ...common, change: 'both' };
  const port: Probe = { name: 'F3', ...common, change: 'port' };
  return [{ name: 'F1', ...common }, both, ...(answers.get('F2') === 'silence' ? [port] : [])];
}

/**
 * Each of two sockets sends to the public endpoint of the other: the first to arrive may find the filter closed, and
 * opens its own for the other. Where destinations have mappings of their own, and those filters of their own, nothing may
 * arrive although the NAT hairpins.
 */
function hairpinProbes(server: Endpoint, mapped: Endpoint, answers: Answers): Probe[] {
  const second = heard(answers, 'H1')?.mapped;
  return [
    { name: 'H1', socket: 'second', to: server, hearsAt: 'second' },
    ...(second === undefined ? [] : [{ name: 'H2', socket: 'main', to: second, hearsAt: 'second', seen: true }]),
    { name: 'H3', socket: 'second', to: mapped, hearsAt: 'main', seen: true },
  ];
}

/** How far the search for the lifetime has come. */
interface Search {
  readonly round: number;
  /** The longest silence that a mapping was seen to survive, and the shortest that it did not. */
  readonly low: Millis;
  readonly high: Millis | undefined;
}

function searchIn(answers: Answers): Search {
  let search: Search = { round: 0, low: 0, high: undefined };
  for (;;) {
    const found = answers.get(`L${search.round} end`);
    if (found === undefined) return search;
    const wait = waitOf(search);
    const round = search.round + 1;
    search = found === 'silence' ? { ...search, round, high: wait } : { ...search, round, low: wait };
  }
}

/** Doubles until a mapping is lost, then halves what is between. */
function waitOf({ low, high }: Search): Millis {
  if (high === undefined) return low === 0 ? SECOND : Math.min(low * 2, PATIENCE);
  return Math.round((low + high) / 2 / SECOND) * SECOND;
}

/**
 * A mapping is opened by one socket and left alone; then another socket asks the server to send to the first one's
 * public port. Both must have the same public address for that.
 */
function lifetimeProbe(server: Endpoint, answers: Answers): Probe | undefined {
  const asker = answers.get('L');
  if (asker === undefined) return { name: 'L', socket: 'asker', to: server, hearsAt: 'asker' };
  const search = searchIn(answers);
  if (isKnown(search)) return undefined;
  const socket = `idle ${search.round}`;
  const begin = `L${search.round}`;
  const opened = answers.get(begin);
  if (opened === undefined) return { name: begin, socket, to: server, hearsAt: socket };
  if (!isSameHost(asker, opened)) return undefined;
  return {
    name: `${begin} end`,
    socket: 'asker',
    to: server,
    responsePort: opened.mapped.port,
    hearsAt: socket,
    wait: waitOf(search),
  };
}

function isKnown({ low, high }: Search): boolean {
  return low >= PATIENCE || (high !== undefined && high - low <= SECOND);
}

function isSameHost(
  asker: Heard | 'silence',
  opened: Heard | 'silence',
): opened is Heard & { readonly mapped: Endpoint } {
  if (asker === 'silence' || opened === 'silence' || opened.mapped === undefined) return false;
  return asker.mapped?.ip === opened.mapped.ip;
}

/** What the answers show; fields that were not asked for, or that could not be found out, are left out. */
export interface Behaviour {
  readonly mapped: Endpoint;
  readonly mapping?: Dependence | 'none';
  readonly filtering?: Dependence;
  readonly hairpin?: 'external-source' | 'internal-source' | 'none';
  /** `endless` when a mapping outlived `PATIENCE`. */
  readonly lifetime?: Millis | 'endless';
  /** Why something is not known. */
  readonly reason?: string;
}

/** The behaviour of what is between client and server; undefined when the server was not heard at all. */
export function conclude(answers: Answers, subject: Subject): Behaviour | undefined {
  const first = heard(answers, 'M1');
  if (first?.mapped === undefined) return undefined;
  const nat = isTranslated(answers, subject);
  return {
    mapped: first.mapped,
    ...(nat ? mappingFrom(answers) : subject.tests.includes('mapping') ? { mapping: 'none' } : {}),
    ...filteringFrom(answers),
    ...hairpinFrom(answers, subject),
    ...(nat && answers.has('L') ? lifetimeFrom(searchIn(answers)) : {}),
    ...(first.other === undefined && subject.tests.some((test) => test === 'mapping' || test === 'filtering')
      ? { reason: 'the server has no second address to answer from' }
      : {}),
  };
}

function mappingFrom(answers: Answers): Pick<Behaviour, 'mapping'> {
  const [first, second, third] = ['M1', 'M2', 'M3'].map((name) => heard(answers, name)?.mapped);
  if (second === undefined || third === undefined) return {};
  if (isSame(first, second)) return { mapping: 'endpoint-independent' };
  return { mapping: isSame(second, third) ? 'address-dependent' : 'address-and-port-dependent' };
}

function filteringFrom(answers: Answers): Pick<Behaviour, 'filtering'> {
  const [first, second, third] = ['F1', 'F2', 'F3'].map((name) => answers.get(name));
  if (first === undefined || first === 'silence') return {};
  if (second !== 'silence') return { filtering: 'endpoint-independent' };
  return { filtering: third === 'silence' ? 'address-and-port-dependent' : 'address-dependent' };
}

function hairpinFrom(answers: Answers, { locals }: Subject): Pick<Behaviour, 'hairpin'> {
  if (!answers.has('H3')) return {};
  const [there, back] = [heard(answers, 'H2')?.from, heard(answers, 'H3')?.from];
  if (there === undefined && back === undefined) return { hairpin: 'none' };
  const isInternal = isSame(there, locals.get('main')) || isSame(back, locals.get('second'));
  return { hairpin: isInternal ? 'internal-source' : 'external-source' };
}

function lifetimeFrom(search: Search): Pick<Behaviour, 'lifetime' | 'reason'> {
  if (!isKnown(search))
    return { reason: 'the NAT gives one host several addresses, so a lifetime cannot be asked for' };
  return { lifetime: search.high ?? 'endless' };
}
