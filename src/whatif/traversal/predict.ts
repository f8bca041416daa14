/**
 * Whether two hosts behind two NATs can reach each other, by the classes of RFC 4787 alone: a small model, explored until
 * nothing new can happen. It knows nothing of the simulator, and so can be held against it.
 *
 * Each NAT has an address of its own. Each host has sent to a third one, which told each how it sees the other. Both send
 * to what they know and answer whoever they hear, as often as it takes; what a NAT does not let in has no effect.
 *
 * Read RFC 4787 §4 and §5, and RFC 5128 §3.3 first.
 */
import type { Dependence } from '../../sim/design/behaviour.ts';

export interface Classes {
  readonly mapping: Dependence;
  readonly filtering: Dependence;
  /** Whose packets open a filter: those of one mapping (the default), or all that the inside endpoint sends. */
  readonly filterScope?: 'mapping' | 'endpoint';
}

/** How many of the two hosts must foresee the port that the other's NAT will choose. */
export interface Prospect {
  /** So that packets pass both ways. */
  readonly flow: 0 | 1 | 2;
  /** So that each gets an answer from the endpoint that it asked, as ICE wants it. */
  readonly check: 0 | 1 | 2;
}

/**
 * `D`: direct. `d`: packets pass both ways, but an answer comes from another endpoint than its request went to. `1`, `2`:
 * so many hosts must foresee a port.
 */
export type Cell = 'D' | 'd' | '1' | '2';

export function cellOf({ check, flow }: Prospect): Cell {
  if (flow === 0) return check === 0 ? 'D' : 'd';
  return flow === 1 ? '1' : '2';
}

type Side = 0 | 1;

/** A public endpoint: the port number `port` that the NAT of `side` gave out; 0 is the one that the third host saw. */
interface Public {
  readonly side: Side;
  readonly port: number;
}

interface Mapping {
  /** What it is for: everything, an address, or an endpoint. */
  readonly key: string;
  /** Endpoints that were sent to from it. */
  readonly sentTo: readonly string[];
}

interface Party {
  readonly mappings: readonly Mapping[];
  /** Ports of the other NAT that the host knows of. */
  readonly knows: readonly number[];
  readonly heard: boolean;
  /** A request of its own was answered from where it went. */
  readonly checked: boolean;
}

type State = readonly [Party, Party];

interface Setting {
  readonly nats: readonly [Classes, Classes];
  readonly protocol: 'udp' | 'tcp';
  /** Which hosts foresee ports. */
  readonly foresees: readonly [boolean, boolean];
}

const THIRD = 'third';
/** Requests in a row: more lead nowhere new, since each finding needs one request of each host at most. */
const DEPTH = 4;

/** What it takes to connect the hosts behind two NATs. */
export function predict(one: Classes, two: Classes, protocol: 'udp' | 'tcp' = 'udp'): Prospect {
  const nats = [one, two] as const;
  const blind = explore({ nats, protocol, foresees: [false, false] });
  const left = blind.check ? blind : explore({ nats, protocol, foresees: [true, false] });
  const right = left.check ? left : explore({ nats, protocol, foresees: [false, true] });
  const least = (goal: keyof Found): 0 | 1 | 2 => (blind[goal] ? 0 : left[goal] || right[goal] ? 1 : 2);
  return { flow: least('flow'), check: least('check') };
}

interface Found {
  readonly flow: boolean;
  readonly check: boolean;
}

/** What can be had by any requests in any order. */
function explore(setting: Setting): Found {
  let states: State[] = [begin(setting)];
  const seen = new Set<string>();
  let flow = false;
  for (let depth = 0; depth < DEPTH; depth++) {
    const next: State[] = [];
    for (const state of states) {
      for (const target of targetsIn(state, setting)) {
        const after = exchange(state, target, setting);
        if (after.every(({ checked }) => checked)) return { flow: true, check: true };
        flow ||= after.every(({ heard }) => heard);
        const key = JSON.stringify(after);
        if (!seen.has(key)) next.push(after);
        seen.add(key);
      }
    }
    states = next;
  }
  return { flow, check: false };
}

/** Over TCP both begin at once: each NAT has seen a SYN leave before one can arrive. */
function begin(setting: Setting): State {
  const fresh: State = [start(setting.nats[0]), start(setting.nats[1])];
  if (setting.protocol === 'udp') return fresh;
  return ([0, 1] as const).reduce((state, side) => {
    const target: Public = { side: side === 0 ? 1 : 0, port: 0 };
    return withParty(state, side, { mappings: open(state, side, target, setting).mappings });
  }, fresh);
}

function start(nat: Classes): Party {
  const mapping = { key: keyFor(nat, THIRD, THIRD), sentTo: [THIRD] };
  return { mappings: [mapping], knows: [0], heard: false, checked: false };
}

function keyFor({ mapping }: Classes, address: string, endpoint: string): string {
  if (mapping === 'endpoint-independent') return '*';
  return mapping === 'address-dependent' ? address : endpoint;
}

/** Whom the hosts may send to: what they know, and with foresight every port given out, and the next one. */
function targetsIn(state: State, { foresees }: Setting): Public[] {
  return ([0, 1] as const).flatMap((side) => {
    const other = side === 0 ? 1 : 0;
    const next = state[other].mappings.length;
    const ports = foresees[side] ? Array.from({ length: next + 1 }, (_, port) => port) : state[side].knows;
    return ports.map((port) => ({ side: other, port }) as const);
  });
}

/** A request to an endpoint, and the answer to it if it arrives. */
function exchange(before: State, target: Public, setting: Setting): State {
  const asking: Side = target.side === 0 ? 1 : 0;
  const asked = send(before, asking, target, setting);
  if (!asked.arrives) return asked.state;
  const { state } = asked;
  const { mappings } = state[target.side];
  if (setting.protocol === 'tcp' && !mappings.some(({ sentTo }) => sentTo.includes(nameOf(asked.source)))) {
    // Between these two no other session is there: the answer leaves by the one that the SYN began (RFC 5382 REQ-2). One
    // connection serves both hosts.
    return withParty(withParty(state, 0, { heard: true, checked: true }), 1, { heard: true, checked: true });
  }
  const answered = send(asked.state, target.side, asked.source, setting);
  if (!answered.arrives || answered.source.port !== target.port) return answered.state;
  const after = withParty(answered.state, asking, { checked: true });
  return setting.protocol === 'udp' ? after : withParty(after, target.side, { checked: true });
}

interface Sent {
  readonly state: State;
  readonly source: Public;
  readonly arrives: boolean;
}

interface Opened {
  readonly mappings: readonly Mapping[];
  readonly port: number;
}

/** The mappings of a NAT when its host sends to a target, and which of them it is. */
function open(before: State, side: Side, target: Public, { nats }: Setting): Opened {
  const { mappings } = before[side];
  const key = keyFor(nats[side], String(target.side), nameOf(target));
  const at = mappings.findIndex((mapping) => mapping.key === key);
  const port = at < 0 ? mappings.length : at;
  const opened = { key, sentTo: sortedSet([...(mappings[port]?.sentTo ?? []), nameOf(target)]) };
  return { mappings: [...mappings.slice(0, port), opened, ...mappings.slice(port + 1)], port };
}

function send(before: State, side: Side, target: Public, setting: Setting): Sent {
  const { mappings, port } = open(before, side, target, setting);
  const source: Public = { side, port };
  const state = withParty(before, side, { mappings });
  if (!admits(state, source, target, setting)) return { state, source, arrives: false };
  const knows = [...new Set([...state[target.side].knows, port])].sort((a, b) => a - b);
  return { state: withParty(state, target.side, { knows, heard: true }), source, arrives: true };
}

/** Whether the NAT in front of a target lets a packet in. */
function admits(state: State, source: Public, target: Public, { nats }: Setting): boolean {
  const { mappings } = state[target.side];
  const mapping = mappings[target.port];
  if (mapping === undefined) return false;
  const { filtering, filterScope = 'mapping' } = nats[target.side];
  if (filtering === 'endpoint-independent') return true;
  const sentTo = filterScope === 'mapping' ? mapping.sentTo : mappings.flatMap((each) => each.sentTo);
  return filtering === 'address-dependent'
    ? sentTo.some((each) => each.startsWith(`${source.side}:`))
    : sentTo.includes(nameOf(source));
}

function nameOf({ side, port }: Public): string {
  return `${side}:${port}`;
}

function sortedSet(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

function withParty([one, two]: State, side: Side, change: Partial<Party>): State {
  return side === 0 ? [{ ...one, ...change }, two] : [one, { ...two, ...change }];
}
