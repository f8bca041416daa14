/** What both kinds of peers have in common: whom they look for, and what they found out. */
import type { Endpoint } from '../../../addr/endpoint.ts';
import { type Ip, showIp } from '../../../addr/ip.ts';
import type { Finding } from '../app.ts';
import type { Introduction } from './message.ts';

export interface PeerConfig {
  /** Its own name, and that of the peer that it looks for. */
  readonly name: string;
  readonly peer: string;
  readonly rendezvous: Endpoint;
  /** The address that it uses. */
  readonly local: Ip;
  /** Begins the numbers of its requests, 32 bits. */
  readonly id: number;
  /** Whether peers that seem to be behind one NAT try their own endpoints too (RFC 5128 §3.3.3). */
  readonly direct: boolean;
}

export interface Meeting {
  /** What the rendezvous said. */
  readonly told: Introduction | undefined;
  /** Where to send: first what the rendezvous told, then every source that was heard. */
  readonly candidates: readonly Endpoint[];
  /** Sources of what came from the peer. */
  readonly heard: readonly Endpoint[];
  /** The endpoint of the peer that answered a request sent to it. */
  readonly settled: Endpoint | undefined;
}

export const STRANGERS: Meeting = { told: undefined, candidates: [], heard: [], settled: undefined };

/** So that two NATs that take a new port for each destination do not chase each other without end. */
const MOST_CANDIDATES = 6;

export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.ip === b.ip && a.port === b.port;
}

/** What to try once the peer is known. */
export function candidatesFrom({ seenAs, peer }: Introduction, direct: boolean): readonly Endpoint[] {
  if (peer === undefined) return [];
  const nearby = direct && peer.seenAs.ip === seenAs.ip && !sameEndpoint(peer.own, peer.seenAs);
  return nearby ? [peer.seenAs, peer.own] : [peer.seenAs];
}

/** The peer was heard from here: it is sent to as well from now on. */
export function hearFrom<M extends Meeting>(meeting: M, source: Endpoint): M {
  const { candidates, heard } = meeting;
  const known = heard.some((each) => sameEndpoint(each, source));
  const isNew = isNews(meeting, source);
  return {
    ...meeting,
    heard: known ? heard : [...heard, source],
    candidates: isNew ? [...candidates, source] : candidates,
  };
}

/** Whether hearing from here gives a new endpoint to try. */
export function isNews({ candidates }: Meeting, source: Endpoint): boolean {
  return candidates.length < MOST_CANDIDATES && !candidates.some((each) => sameEndpoint(each, source));
}

/** What a peer reports at its end. */
export function reportOf({ heard, settled, told }: Meeting, error?: string): Finding {
  const more = {
    heard: heard.map(shown),
    ...(told === undefined ? {} : { seenAs: shown(told.seenAs) }),
    ...(settled === undefined ? {} : { uses: shown(settled) }),
    introduced: told?.peer !== undefined,
    ...(error === undefined ? {} : { error }),
  };
  return { outcome: settled === undefined ? 'failed' : 'direct', more };
}

function shown({ ip, port }: Endpoint) {
  return { address: showIp(ip), port };
}
