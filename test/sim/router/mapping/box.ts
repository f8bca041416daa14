/** A gateway with a behaviour of its own, alone: packets are walked through it and what comes out is looked at. */

import { type Ip, parseIp } from '../../../../src/sim/addr/ip.ts';
import { fail } from '../../../../src/sim/base/fail.ts';
import { Rng } from '../../../../src/sim/base/rng.ts';
import type { Millis } from '../../../../src/sim/base/time.ts';
import type { BehaviourSpec } from '../../../../src/sim/design/behaviour.ts';
import type { Design } from '../../../../src/sim/design/design.ts';
import type { Nat } from '../../../../src/sim/design/nat.ts';
import { echo, tcp, udp } from '../../../../src/sim/packet/build.ts';
import { echoId, flagsOf, hasPorts, type Packet } from '../../../../src/sim/packet/packet.ts';
import { showEndpoint } from '../../../../src/sim/packet/show.ts';
import { compileNode } from '../../../../src/sim/program/compile.ts';
import { connectionCopier } from '../../../../src/sim/router/connection.ts';
import { enter, runHop } from '../../../../src/sim/router/hop.ts';
import type { End, Passage, RouterState } from '../../../../src/sim/router/passage.ts';
import { Router, type RouterInit } from '../../../../src/sim/router/router.ts';
import { dropOf } from '../../../../src/sim/trace/verdict.ts';

export const ip = (text: string): Ip => parseIp(text) ?? fail(text);
/** The one outside address, unless the rules have a pool. */
export const PUBLIC = '203.0.113.2';

export interface BoxOptions {
  readonly rules?: Nat['rules'];
  readonly listens?: RouterState['listens'];
  readonly seed?: number;
  readonly firewall?: Design['nodes'][string]['firewall'];
}

export interface Passed {
  /** What left, or was delivered here. */
  readonly packet?: Packet;
  readonly out?: string;
  /** `DROP natFiltered`, `hold`, `deliver`; undefined: it was sent on. */
  readonly verdict?: string;
  readonly detail?: string;
  readonly place?: string;
  readonly answer?: Packet;
}

const MASQUERADE: Nat['rules'] = [{ action: 'masquerade', match: { outInterface: 'wan' } }];

/** `lan` is 192.168.0.0/16 and 100.64.0.0/24, `wan` everything else. */
export class Box {
  node: Router;
  readonly #init: RouterInit;

  constructor(behaviour: BehaviourSpec | undefined, options: BoxOptions = {}) {
    const { rules = MASQUERADE, listens = () => false, seed = 1, firewall } = options;
    const design: Design = {
      nodes: {
        gw: {
          kind: 'gateway',
          interfaces: {
            lan: ['192.168.0.1/16', '100.64.0.1/24', 'fd00::1/64'],
            wan: [`${PUBLIC}/24`, '2001:db8::2/64'],
          },
          gateway: ['203.0.113.1', '2001:db8::1'],
          nat: { ...(behaviour === undefined ? {} : { behaviour }), rules },
          ...(firewall === undefined ? {} : { firewall }),
        },
      },
    };
    const program = compileNode(design, 'gw');
    this.#init = { chance: () => new Rng(seed), listens };
    this.node = new Router(program, this.#init);
  }

  /** Goes on with copies of the tables; those that were keep what they had, and are given back. */
  fork(): Router {
    const before = this.node;
    this.node = before.copy(this.#init, connectionCopier());
    return before;
  }

  /** Walks a packet in by an interface. */
  walk(packet: Packet, by: string, now: Millis): Passed {
    const passage = enter(packet, by);
    return read(runHop(passage, this.node, now), passage);
  }

  /** A datagram from inside; the outside endpoint that it leaves with, or why it does not. */
  out(from: string, to: string, now: Millis = 0): string {
    return ends(this.walk(udp(between(from, to)), 'lan', now), 'source');
  }

  /** A datagram from outside; the inside endpoint that it reaches, or why it does not. */
  in(from: string, to: string, now: Millis = 0): string {
    return ends(this.walk(udp(between(from, to)), 'wan', now), 'destination');
  }

  /** A segment by an interface with these flags, `syn ack`. */
  segment(by: 'lan' | 'wan', from: string, to: string, flags = 'syn', now: Millis = 0): Passed {
    const names = flags.split(' ') as Parameters<typeof flagsOf>[0];
    return this.walk(tcp({ ...between(from, to), seq: 1000, ack: 1, flags: flagsOf(names) }), by, now);
  }

  /** An echo request from inside; the identifier that it leaves with. */
  ping(from: string, to: string, id: number, now: Millis = 0): string {
    const { packet, verdict } = this.walk(echo({ src: ip(from), dst: ip(to), id, seq: 1 }), 'lan', now);
    return packet === undefined ? (verdict ?? '') : `${echoId(packet)}`;
  }

  rows(now: Millis) {
    return this.node.conntrack.mappings.rows(now);
  }
}

/** Both ends of a packet: `192.168.0.2:5000`. */
export function between(from: string, to: string) {
  const [a, b] = [read2(from), read2(to)];
  return { src: a.ip, sport: a.port, dst: b.ip, dport: b.port };
}

function read2(text: string): { ip: Ip; port: number } {
  const [address = '', port] = text.split(':');
  return { ip: ip(address), port: Number(port) };
}

/** An end of what came out, or the verdict. */
export function ends({ packet, verdict }: Passed, side: 'source' | 'destination'): string {
  if (verdict !== undefined || packet === undefined) return verdict ?? 'nothing';
  if (!hasPorts(packet)) return packet.kind;
  return side === 'source' ? showEndpoint(packet.src, packet.sport) : showEndpoint(packet.dst, packet.dport);
}

function read(end: End, { packet, out }: Passage): Passed {
  switch (end.verdict) {
    case 'transmit':
      return { packet, ...(out === undefined ? {} : { out }) };
    case 'drop': {
      const { reason, detail, place } = dropOf(end.why);
      const answer = end.answer?.packet;
      return { verdict: `DROP ${reason}`, detail, place, ...(answer === undefined ? {} : { answer }) };
    }
    default:
      return { verdict: end.verdict, packet };
  }
}
