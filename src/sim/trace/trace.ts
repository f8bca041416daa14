/**
 * The record of a run: every event once, in one total order (time, priority, sequence). All views (the hop-by-hop
 * explanation, the tables at any moment, a capture) are made from it afterwards.
 */
import type { Endpoint } from '../addr/endpoint.ts';
import type { Ip } from '../addr/ip.ts';
import type { Prefix } from '../addr/prefix.ts';
import type { Millis } from '../base/time.ts';
import type { Packet } from '../packet/packet.ts';
import type { Tuple } from '../packet/tuple.ts';
import type { StageName } from '../program/order.ts';
import type { Decision, Place, Route } from '../program/program.ts';
import type { DropReason, Fate } from './fate.ts';

export type PacketId = number;
export type ConnectionId = number;

/** What a stage decided, with its material. */
export type Why =
  | { readonly kind: 'checked' }
  | { readonly kind: 'waiting'; readonly detail: string }
  | { readonly kind: 'filter'; readonly chain: 'raw' | 'input' | 'forward' | 'output'; readonly decision: Decision }
  | {
      readonly kind: 'tracked';
      readonly state: 'new' | 'established' | 'related' | 'invalid' | 'untracked';
      readonly direction?: 'original' | 'reply';
      readonly connection?: ConnectionId;
      /** Why it is what it is: "SYN without entry", "expected by the ftp helper", "ACK of data never sent". */
      readonly detail: string;
    }
  | {
      readonly kind: 'translated';
      readonly side: 'source' | 'destination';
      readonly from: Endpoint;
      readonly to: Endpoint;
      /** `rule`: the first packet asked the rules; `flow`: a later one, or the reply, follows the connection. */
      readonly by: 'rule' | 'flow' | 'expectation' | 'mapping';
      readonly place?: Place;
      /** None where the packet was translated for itself alone. */
      readonly connection?: ConnectionId;
      readonly detail?: string;
    }
  /** From one family to the other, both ends at once. */
  | {
      readonly kind: 'carried';
      readonly from: { readonly src: Endpoint; readonly dst: Endpoint };
      readonly to: { readonly src: Endpoint; readonly dst: Endpoint };
      /** The rule, for the first packet of a session. */
      readonly place?: Place;
      readonly connection: ConnectionId;
      readonly detail: string;
    }
  /** Another prefix, without state; the same address where only the packet that an error quotes has it. */
  | {
      readonly kind: 'mapped';
      readonly side: 'source' | 'destination';
      readonly from: Ip;
      readonly to: Ip;
      readonly place: Place;
    }
  | {
      readonly kind: 'helped';
      readonly helper: 'ftp';
      readonly detail: string;
      readonly before?: string;
      readonly after?: string;
    }
  | { readonly kind: 'routed'; readonly route: Route; readonly among: number; readonly nextHop: Ip | undefined }
  | { readonly kind: 'local'; readonly address: Ip }
  | { readonly kind: 'decremented'; readonly ttl: number }
  | { readonly kind: 'fits'; readonly mtu: number; readonly length: number }
  | {
      readonly kind: 'confirmed';
      readonly connection: ConnectionId;
      readonly original: Tuple;
      readonly reply: Tuple;
      readonly timeout: Millis;
    }
  | { readonly kind: 'sent'; readonly out: string; readonly nextHop: Ip }
  | {
      readonly kind: 'refused';
      readonly reason: DropReason;
      readonly place: Place;
      readonly detail: string;
      readonly prefix?: Prefix;
    };

/** A stage looked at the packet, and that is all there is to say; most say so. */
export const CHECKED: Why = { kind: 'checked' };

export interface Step {
  readonly stage: StageName;
  readonly verdict: 'next' | 'drop' | 'steal';
  readonly why: Why;
  /** The packet as it left the stage; equal (===) to the one that entered when nothing was rewritten. */
  readonly before: Packet;
  readonly after: Packet;
}

/** A row of the connection-tracking table in the kernel's words. */
export interface FlowRow {
  readonly id: ConnectionId;
  readonly protocol: string;
  /** TCP only: `ESTABLISHED`, `SYN_SENT`, … */
  readonly tcpState?: string;
  readonly original: Tuple;
  readonly reply: Tuple;
  readonly status: readonly ('UNREPLIED' | 'ASSURED' | 'EXPECTED' | 'SNAT' | 'DNAT' | 'NAT64')[];
  readonly expires: Millis;
  readonly helper?: 'ftp';
}

/** A mapping of a NAT that has them. */
export interface MappingRow {
  readonly id: number;
  readonly protocol: string;
  readonly inside: Endpoint;
  readonly outside: Endpoint;
  /** The destinations it is good for, where it is not good for all. */
  readonly remote?: { readonly ip: Ip; readonly port: number | undefined };
  /** `explicit`: a client asked for it, and its lease runs. */
  readonly kind: 'dynamic' | 'explicit';
}

export type Occurrence =
  /** A packet comes into being at a node; `cause` is the packet it answers or carries on, if any. */
  | {
      readonly kind: 'born';
      readonly packet: PacketId;
      readonly node: string;
      readonly value: Packet;
      readonly cause: PacketId | undefined;
      readonly by: string;
    }
  /** One packet's walk through one node. */
  | {
      readonly kind: 'hop';
      readonly packet: PacketId;
      readonly node: string;
      readonly in: string | undefined;
      readonly out: string | undefined;
      readonly steps: readonly Step[];
    }
  /** On the wire from one interface to another. */
  | {
      readonly kind: 'wire';
      readonly packet: PacketId;
      readonly value: Packet;
      readonly link: number;
      readonly from: string;
      readonly to: string;
      readonly arrives: Millis;
    }
  | { readonly kind: 'fate'; readonly packet: PacketId; readonly fate: Fate }
  | {
      readonly kind: 'flow';
      readonly node: string;
      readonly change: 'new' | 'update' | 'destroy';
      readonly row: FlowRow;
      /** When it happened: an expiry is noticed only when the table is next looked at. */
      readonly at: Millis;
    }
  | {
      readonly kind: 'expectation';
      readonly node: string;
      readonly change: 'new' | 'used' | 'expired';
      readonly from: Ip;
      readonly to: Endpoint;
      readonly master: ConnectionId;
      readonly at: Millis;
    }
  | {
      readonly kind: 'mapping';
      readonly node: string;
      readonly change: 'new' | 'expired' | 'removed';
      readonly row: MappingRow;
      readonly at: Millis;
    }
  | { readonly kind: 'note'; readonly node: string; readonly app: string; readonly text: string }
  | { readonly kind: 'step'; readonly index: number; readonly text: string }
  | { readonly kind: 'design'; readonly text: string };

/** Events are totally ordered by (time, sequence); within one moment the sequence is the order in which they happened. */
export type TraceEvent = Occurrence & { readonly sequence: number; readonly time: Millis };
export type Trace = readonly TraceEvent[];
