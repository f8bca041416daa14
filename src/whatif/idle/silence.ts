/** Lets a session fall silent, and listens whether a word still gets through. */
import type { Endpoint } from '../../sim/addr/endpoint.ts';
import { showIp } from '../../sim/addr/ip.ts';
import type { Millis } from '../../sim/base/time.ts';
import { echoId, hasPorts, type Packet } from '../../sim/packet/packet.ts';
import { showEndpoint } from '../../sim/packet/show.ts';
import { familyOf, finalForm, type Journey, journeysOf } from '../../sim/trace/journey.ts';
import { type Stop, stopOf } from '../../sim/trace/stop.ts';
import type { World } from '../../sim/world/world.ts';
import { back, keepalive, next, sayer } from './session.ts';
import type { Memory } from './states.ts';

/** A session that is open, and about to fall silent. */
export interface Session {
  /** Only to be forked. */
  readonly world: World;
  readonly client: string;
  readonly server: string;
  /** The client's last packet as it sent it, and as the server got it. */
  readonly sent: Packet;
  readonly heard: Packet;
  /** When it was sent. */
  readonly spoke: Millis;
  readonly memories: readonly Memory[];
}

/** What becomes of the first word after a silence. */
export type Word =
  | { readonly kind: 'passes' }
  /** It came as from somebody that the server does not know. */
  | { readonly kind: 'renumbered'; readonly as: string }
  | { readonly kind: 'stopped'; readonly node: string; readonly place: string; readonly detail: string };

/** A word that comes to the node one millisecond before it forgets, and one that comes as it does. */
export interface Sides {
  readonly before: Word;
  readonly after: Word;
}

/** What a node remembers, and what it is for; undefined where a word does not come by it. */
export interface Judged extends Memory {
  readonly fromServer: Sides | undefined;
  readonly fromClient: Sides | undefined;
}

export interface Measured {
  readonly server: string;
  /** The client as the server knows it. */
  readonly seenAs: string;
  /** What becomes of a word of the server without any silence. */
  readonly atOnce: Word;
  /** In the order of the way. */
  readonly states: readonly Judged[];
  /** What is forgotten first so that the server is no longer heard; undefined: nothing is. */
  readonly firstLoss: Judged | undefined;
  /** The longest interval of keepalives, and whether a session that was kept by such was still heard through. */
  readonly keepalive: { readonly interval: Millis; readonly kept: boolean } | undefined;
}

type Voice = 'server' | 'client';

/** Tries every memory of a session, from both ends. */
export function measure(session: Session): Measured {
  const { server, heard, memories } = session;
  const delays = { server: delaysOf(session, 'server'), client: delaysOf(session, 'client') };
  const words = new Map<string, Word>();
  const at = (voice: Voice, time: Millis): Word => {
    const key = `${voice} ${time}`;
    const word = words.get(key) ?? say(session.world.fork(), session, voice, time);
    words.set(key, word);
    return word;
  };
  const sides = (voice: Voice, { node, expires }: Memory): Sides | undefined => {
    const delay = delays[voice].get(node);
    if (delay === undefined || expires - delay <= session.world.now) return undefined;
    return { before: at(voice, expires - delay - 1), after: at(voice, expires - delay) };
  };
  const states = memories.map((memory) => ({
    ...memory,
    fromServer: sides('server', memory),
    fromClient: sides('client', memory),
  }));
  const needed = states.filter(({ fromServer }) => fromServer !== undefined && !isNeedless(fromServer));
  const when = ({ node, expires }: Judged) => expires - (delays.server.get(node) ?? 0);
  const [firstLoss] = needed
    .filter(({ fromServer }) => fromServer !== undefined && isLoss(fromServer))
    .toSorted((a, b) => when(a) - when(b) || Number(stopsIt(b)) - Number(stopsIt(a)));
  return {
    server,
    seenAs: show(heard),
    atOnce: at('server', session.world.now),
    states,
    firstLoss,
    keepalive: firstLoss === undefined ? undefined : keepAlive(session, needed, delays),
  };
}

/** The word passes whether or not the node remembers. */
function isNeedless({ before, after }: Sides): boolean {
  return before.kind === 'passes' && after.kind === 'passes';
}

/** Of nodes that forget at the same moment, the one where it shows. */
function stopsIt({ node, fromServer }: Judged): boolean {
  return fromServer?.after.kind === 'stopped' && fromServer.after.node === node;
}

/** Whether it is this memory that the word needs. */
export function isLoss({ before, after }: Sides): boolean {
  return before.kind === 'passes' && after.kind !== 'passes';
}

/** How long a word takes to each node of its way. */
function delaysOf(session: Session, voice: Voice): ReadonlyMap<string, Millis> {
  const world = session.world.fork();
  const start = world.now;
  const journey = speak(world, session, voice).find(({ born }) => born.cause === undefined);
  const hops = journey?.hops.map(({ node, time }) => [node, time - start] as const) ?? [];
  return new Map(hops.toReversed());
}

/** Says a word in a world of its own and gives what came of it. */
function speak(world: World, { client, server, sent, heard }: Session, voice: Voice): readonly Journey[] {
  const begin = world.recorded;
  const [node, packet] = voice === 'server' ? [server, back(heard)] : [client, next(sent)];
  const program = world.launch(node, sayer(packet));
  world.settle(4000);
  return familyOf(journeysOf(world.since(begin)), program);
}

function say(world: World, session: Session, voice: Voice, time: Millis): Word {
  world.runUntil(time);
  const family = speak(world, session, voice);
  const own = family.find(({ born }) => born.cause === undefined);
  const arrived = own?.fate?.node === (voice === 'server' ? session.client : session.server) && hasReached(own);
  if (!arrived) return toWord(stopOf(family));
  const as = show(finalForm(own));
  return voice === 'server' || as === show(session.heard) ? { kind: 'passes' } : { kind: 'renumbered', as };
}

function toWord(stop: Stop | undefined): Word {
  if (stop === undefined) return { kind: 'stopped', node: '', place: '', detail: 'it never left' };
  const { node, place, detail } = stop;
  return { kind: 'stopped', node, place, detail };
}

/** It came as far as the sockets of a node, whether or not one was there. */
export function hasReached({ fate }: Journey): boolean {
  return fate?.kind === 'delivered' || (fate?.kind === 'dropped' && fate.place === 'services');
}

/** Two keepalives of the client, each at the last moment, and then the server at the last moment. */
function keepAlive(
  session: Session,
  needed: readonly Memory[],
  delays: Readonly<Record<Voice, ReadonlyMap<string, Millis>>>,
): { interval: Millis; kept: boolean } {
  const interval = Math.min(...needed.map(({ lifetime }) => lifetime)) - 1;
  const world = session.world.fork();
  for (const time of [session.spoke + interval, session.spoke + 2 * interval]) {
    world.runUntil(time);
    world.launch(session.client, sayer(keepalive(session.sent)));
  }
  // the node nearest to the client is the last to get the word, and the first to have been spoken to
  const times = needed.map(({ node }) => (delays.client.get(node) ?? 0) - (delays.server.get(node) ?? 0));
  const word = say(world, session, 'server', session.spoke + 3 * interval + Math.min(...times));
  return { interval, kept: word.kind === 'passes' };
}

/** Who sent it, as its receiver sees it. */
function show(packet: Packet): string {
  if (hasPorts(packet)) return showEndpoint(packet.src, packet.sport);
  return echoId(packet) === undefined ? showIp(packet.src) : `${showIp(packet.src)} (id ${echoId(packet)})`;
}

/** Where a packet goes; port 0 where there are no ports. */
export function destinationOf(packet: Packet): Endpoint {
  return { ip: packet.dst, port: hasPorts(packet) ? packet.dport : 0 };
}
