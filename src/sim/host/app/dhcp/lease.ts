/** What a server granted, read from its ACK. Read RFC 2131 §4.4.1 and §4.4.5 first. */
import type { Ip4 } from '../../../addr/ip.ts';
import { makePrefix } from '../../../addr/prefix.ts';
import type { Millis } from '../../../base/time.ts';
import type { Lease } from '../app.ts';
import type { DhcpMessage } from '../dhcp-message.ts';

export interface Held {
  readonly lease: Lease;
  readonly address: Ip4;
  readonly server: Ip4;
  /** When to ask its server for more (T1), when to ask any server (T2), when it is over: absolute. */
  readonly renewal: Millis;
  readonly rebinding: Millis;
  readonly expires: Millis;
}

/** A lease for ever (RFC 2131 §3.3). */
const INFINITE = 0xffff_ffff;

/**
 * The lease that an OFFER or ACK describes, counted from when it was asked for; undefined when it lacks what it takes to
 * use it. Without T1 and T2 they are 0.5 and 0.875 of the time.
 */
export function heldFrom(message: DhcpMessage, asked: Millis): Held | undefined {
  const { yiaddr: address, mask, server, lease: seconds, routers = [], resolvers: resolver = [] } = message;
  if (server === undefined || seconds === undefined || mask === undefined) return undefined;
  const after = (time: number) => (seconds === INFINITE ? Number.POSITIVE_INFINITY : asked + time * 1000);
  const expires = after(seconds);
  const [router] = routers;
  const prefix = makePrefix(address, Math.clz32(~mask));
  return {
    lease: { address, prefix, ...(router === undefined ? {} : { router }), resolver, server, expires },
    address,
    server,
    renewal: after(message.renewal ?? seconds * 0.5),
    rebinding: after(message.rebinding ?? seconds * 0.875),
    expires,
  };
}
