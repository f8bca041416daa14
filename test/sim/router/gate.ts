/** A gateway in miniature for these tests: tracking, translation and helpers in the kernel's order, without routing. */
import { type Ip, parseIp } from '../../../src/sim/addr/ip.ts';
import { type Prefix, parsePrefix } from '../../../src/sim/addr/prefix.ts';
import { fail } from '../../../src/sim/base/fail.ts';
import { Rng } from '../../../src/sim/base/rng.ts';
import type { Millis } from '../../../src/sim/base/time.ts';
import { FLAG, type Packet, PROTOCOL, type Tcp, tcp } from '../../../src/sim/packet/packet.ts';
import type { Tracking, Translation } from '../../../src/sim/program/program.ts';
import { compileTracking } from '../../../src/sim/program/tracking.ts';
import { type Helped, help } from '../../../src/sim/router/alg/ftp.ts';
import { type Asked, asking, type Binding, translate, translateNew } from '../../../src/sim/router/bindings.ts';
import { Conntrack } from '../../../src/sim/router/conntrack.ts';
import type { Tracked } from '../../../src/sim/router/tracked.ts';

export const ip = (text: string): Ip => parseIp(text) ?? fail(text);
export const prefix = (text: string): Prefix => parsePrefix(text) ?? fail(text);

/** The actors of the reference: inside hosts A and B, outside servers, the gateway's own address. */
export const A = ip('192.168.1.50');
export const B = ip('192.168.1.51');
export const S = ip('203.0.113.50');
export const S2 = ip('203.0.113.51');
export const PUBLIC = ip('203.0.113.2');

export const LINUX: Tracking = compileTracking(undefined);

export interface GateOptions {
  readonly tracking?: Partial<Tracking>;
  readonly helpers?: readonly 'ftp'[];
  readonly seed?: number;
  readonly source?: (packet: Packet) => Translation | undefined;
  readonly destination?: (packet: Packet) => Translation | undefined;
  readonly masquerade?: Ip;
}

export interface Passed {
  readonly tracked: Tracked;
  /** Undefined: it was dropped, for `why`. */
  readonly packet: Packet | undefined;
  readonly why?: string;
  readonly binding?: Binding;
  readonly helped?: Helped;
}

export class Gate {
  readonly conntrack: Conntrack;
  readonly #options: GateOptions;

  constructor(options: GateOptions = {}) {
    this.#options = options;
    this.conntrack = new Conntrack({
      tracking: { ...LINUX, ...options.tracking },
      helpers: new Set(options.helpers),
      rng: new Rng(options.seed ?? 1),
    });
  }

  /** Takes a packet all the way through. */
  pass(packet: Packet, now: Millis = 0): Passed {
    const tracked = this.conntrack.track(packet, now);
    const { connection, direction, drop } = tracked;
    if (drop !== undefined) return { tracked, packet: undefined, why: drop.reason };
    if (connection === undefined || direction === undefined) return { tracked, packet };
    const after = this.#translate(packet, tracked, now);
    const inside = after.packet;
    if (inside === undefined) {
      this.conntrack.release(connection);
      return { tracked, ...after };
    }
    const helped = help(this.conntrack, inside, { connection, direction, now });
    const told = { tracked, helped, ...(after.binding === undefined ? {} : { binding: after.binding }) };
    if (helped.kind === 'drop') return { ...told, packet: undefined, why: helped.reason };
    if (this.conntrack.confirm(connection, now) === 'clash') {
      this.conntrack.release(connection);
      return { ...told, packet: undefined, why: 'natClash' };
    }
    return { ...told, packet: helped.packet };
  }

  #translate(packet: Packet, { connection, direction }: Tracked, now: Millis): Omit<Passed, 'tracked'> {
    const { conntrack } = this;
    const { destination, source, masquerade } = this.#options;
    if (connection === undefined || direction === undefined) return { packet };
    const fresh = direction === 'original' && !connection.confirmed;
    if (fresh)
      translateNew(
        { conntrack, connection, side: 'destination', now },
        askedAt(packet.dst, destination?.(packet), { redirect: ip('192.168.1.1') }),
      );
    const routed = translate(packet, connection, direction, 'destination');
    if (routed === undefined) return { packet: undefined, why: 'untranslatable' };
    const binding = fresh
      ? translateNew(
          { conntrack, connection, side: 'source', now },
          askedAt(routed.src, source?.(routed), { masquerade }),
        )
      : undefined;
    if (binding?.kind === 'exhausted') return { packet: undefined, why: 'natExhausted', binding };
    const left = translate(routed, connection, direction, 'source');
    if (left === undefined) return { packet: undefined, why: 'untranslatable' };
    return { packet: left, ...(binding === undefined ? {} : { binding }) };
  }
}

/** What a rule asks for at an address, where masquerading and redirecting give these. */
export function askedAt(
  here: Ip,
  rule: Translation | undefined,
  { masquerade, redirect }: { readonly masquerade?: Ip | undefined; readonly redirect?: Ip } = {},
): Asked {
  const given = rule?.kind === 'masquerade' ? masquerade : rule?.kind === 'redirect' ? redirect : undefined;
  return asking(rule, 'out0', { protocol: PROTOCOL.udp, here, given });
}

const PRIVATE = prefix('192.168.0.0/16');
const isPrivate = ({ src }: Packet) => typeof src === 'number' && src >>> 16 === Number(PRIVATE.ip) >>> 16;

/** Masquerading to PUBLIC for what comes from inside. */
export function masquerading(more: GateOptions = {}, ports?: Translation & { kind: 'masquerade' }): Gate {
  const rule: Translation = ports ?? { kind: 'masquerade', place: 'nat.rules[0]', ports: undefined };
  return new Gate({ masquerade: PUBLIC, source: (packet) => (isPrivate(packet) ? rule : undefined), ...more });
}

const FLAGS = {
  syn: FLAG.syn,
  'syn+ack': FLAG.syn | FLAG.ack,
  ack: FLAG.ack,
  'fin+ack': FLAG.fin | FLAG.ack,
  rst: FLAG.rst,
  'rst+ack': FLAG.rst | FLAG.ack,
} as const;
export type FlagText = keyof typeof FLAGS;

export interface Ends {
  readonly inside?: Ip;
  readonly outside?: Ip;
  readonly sport?: number;
  readonly dport?: number;
}

/** A segment between A:5000 and S:80 unless told otherwise; `>` goes out, `<` comes in. */
export function segment(way: '>' | '<', flags: FlagText | number, rest: Partial<Tcp> & Ends = {}): Tcp {
  const { inside = A, outside = S, sport = 5000, dport = 80, seq = 0, ack = 0, ...others } = rest;
  const bits = typeof flags === 'number' ? flags : FLAGS[flags];
  const common = { seq, ack, flags: bits, window: others.window, options: others.options, payload: others.payload };
  return way === '>'
    ? tcp({ src: inside, dst: outside, sport, dport, ...common })
    : tcp({ src: outside, dst: inside, sport: dport, dport: sport, ...common });
}
