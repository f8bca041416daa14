/**
 * Connections that a helper has announced: one address, from any port, to one endpoint, once, within a time
 * (LNX-FTP-3, -4, -12). Read RFC 6384 §3 first.
 */

import type { Ip } from '../addr/ip.ts';
import { RareMap } from '../base/rare-map.ts';
import type { Millis } from '../base/time.ts';
import { keyOf, type Tuple } from '../packet/tuple.ts';
import type { ConnectionId } from '../trace/trace.ts';
import type { Connection, CopyConnection, Direction } from './connection.ts';

/** From one address, any port, to one endpoint. */
export interface Expectation {
  readonly master: Connection;
  readonly protocol: number;
  readonly src: Ip;
  readonly dst: Ip;
  readonly port: number;
  readonly expires: Millis;
  /** Where the master is translated, so is what it expects: which way it goes, and the port to be restored. */
  readonly follow: { readonly direction: Direction; readonly port: number } | undefined;
}

/** An expectation as a table shows it. */
export interface ExpectationRow {
  readonly from: Ip;
  readonly to: { readonly ip: Ip; readonly port: number };
  readonly master: ConnectionId;
  readonly expires: Millis;
}

type Ending = 'used' | 'expired';
export type OnChange = (expectation: Expectation, change: 'new' | Ending, at: Millis) => void;

const MAX = 4096;

/** The table of expectations; what has run out is noticed when it is met. */
export class Expectations {
  readonly #byKey = new RareMap<string, Expectation>();
  /** An FTP connection expects one data connection at a time. */
  readonly #byMaster = new RareMap<Connection, Expectation>();
  readonly #onChange: OnChange;

  constructor(onChange: OnChange) {
    this.#onChange = onChange;
  }

  copy(copyOf: CopyConnection, onChange: OnChange): Expectations {
    const copy = new Expectations(onChange);
    for (const [key, expectation] of this.#byKey) {
      const own = { ...expectation, master: copyOf(expectation.master) };
      copy.#byKey.set(key, own);
      copy.#byMaster.set(own.master, own);
    }
    return copy;
  }

  /** Adds one, in place of an older one of the same master. `taken`: another connection expects just the same. */
  add(expectation: Expectation, now: Millis): 'added' | 'taken' | 'full' {
    const key = keyOfExpectation(expectation);
    const same = this.#live(key, now);
    if (same !== undefined && same.master !== expectation.master) return 'taken';
    this.removeOf(expectation.master, now);
    if (this.#byKey.size >= MAX) return 'full';
    this.#byKey.set(key, expectation);
    this.#byMaster.set(expectation.master, expectation);
    this.#onChange(expectation, 'new', now);
    return 'added';
  }

  /** The expectation that this packet fulfils; it is gone then. */
  take(tuple: Tuple, now: Millis): Expectation | undefined {
    if (this.#byKey.size === 0) return undefined;
    const found = this.#live(keyOf({ ...tuple, sport: 0 }), now);
    if (found === undefined || found.master.expires <= now) return undefined;
    this.#end(found, 'used', now);
    return found;
  }

  /** A connection that ends takes with it what it expects. */
  removeOf(master: Connection, at: Millis): void {
    const own = this.#byMaster.get(master);
    if (own !== undefined) this.#end(own, 'expired', Math.min(at, own.expires));
  }

  rows(now: Millis): ExpectationRow[] {
    for (const key of [...this.#byKey.keys()]) this.#live(key, now);
    return Array.from(this.#byKey.values(), ({ src, dst, port, master, expires }) => ({
      from: src,
      to: { ip: dst, port },
      master: master.id,
      expires,
    }));
  }

  #live(key: string, now: Millis): Expectation | undefined {
    const found = this.#byKey.get(key);
    if (found === undefined || found.expires > now) return found;
    this.#end(found, 'expired', found.expires);
    return undefined;
  }

  #end(expectation: Expectation, how: Ending, at: Millis): void {
    this.#byKey.delete(keyOfExpectation(expectation));
    this.#byMaster.delete(expectation.master);
    this.#onChange(expectation, how, at);
  }
}

function keyOfExpectation({ protocol, src, dst, port }: Expectation): string {
  return keyOf({ protocol, src, dst, sport: 0, dport: port });
}
