/** What each inside address holds: mappings, the outside address it is paired with, blocks of ports. */

import type { Endpoint } from '../../addr/endpoint.ts';
import type { Ip } from '../../addr/ip.ts';
import { RareMap } from '../../base/rare-map.ts';
import type { Millis } from '../../base/time.ts';
import type { PortRange } from '../../design/ports.ts';
import type { Mapping } from './mapping.ts';

/** Ports of one outside address that one inside address alone may use. */
export interface Block extends PortRange {
  readonly ip: Ip;
}

/** What one inside address holds. Mutable. */
export interface Subscriber {
  readonly ip: Ip;
  /** The outside endpoints of its mappings, by their id. */
  readonly mappings: Map<number, Endpoint>;
  /** The outside address of its oldest mapping that lives. */
  paired: Ip | undefined;
  readonly blocks: Block[];
}

/** Everybody who holds something, and whose each block is. Mutable. */
export class Subscribers {
  readonly #byIp = new RareMap<Ip, Subscriber>();
  /** Blocks in use, or resting since a moment, by their outside address and first port. */
  readonly #blocks = new RareMap<string, Millis | undefined>();
  /** Where sequential allocation goes on, by outside address and protocol. */
  readonly #next = new RareMap<string, number>();

  copy(): Subscribers {
    const copy = new Subscribers();
    for (const [ip, own] of this.#byIp) {
      copy.#byIp.set(ip, { ...own, mappings: new Map(own.mappings), blocks: [...own.blocks] });
    }
    for (const [key, since] of this.#blocks) copy.#blocks.set(key, since);
    for (const [key, port] of this.#next) copy.#next.set(key, port);
    return copy;
  }

  find(ip: Ip): Subscriber | undefined {
    return this.#byIp.get(ip);
  }

  join({ id, inside, outside }: Mapping): void {
    const own = this.#of(inside.ip);
    own.mappings.set(id, outside);
    own.paired ??= outside.ip;
  }

  /** Whoever holds no mapping holds nothing; a block goes with the last mapping in it. */
  leave({ id, inside, outside }: Mapping, at: Millis): void {
    const own = this.#byIp.get(inside.ip);
    if (own?.mappings.delete(id) !== true) return;
    const block = own.blocks.find((each) => isInBlock(each, outside));
    if (block !== undefined && ![...own.mappings.values()].some((other) => isInBlock(block, other))) {
      own.blocks.splice(own.blocks.indexOf(block), 1);
      this.#blocks.set(keyOfBlock(block), at);
    }
    if (own.mappings.size === 0) this.#byIp.delete(inside.ip);
  }

  /** Whether a block is nobody's, and has not been anybody's for `holdDown`. */
  isFree(block: Block, now: Millis, holdDown: Millis): boolean {
    const key = keyOfBlock(block);
    const since = this.#blocks.get(key);
    return since === undefined ? !this.#blocks.has(key) : since + holdDown <= now;
  }

  take(ip: Ip, block: Block): void {
    this.#of(ip).blocks.push(block);
    this.#blocks.set(keyOfBlock(block), undefined);
  }

  /** The port after the one that sequential allocation gave last. */
  next(key: string): number | undefined {
    return this.#next.get(key);
  }

  gave(key: string, port: number): void {
    this.#next.set(key, port + 1);
  }

  clear(): void {
    this.#byIp.clear();
    this.#blocks.clear();
    this.#next.clear();
  }

  #of(ip: Ip): Subscriber {
    const known = this.#byIp.get(ip);
    if (known !== undefined) return known;
    const made: Subscriber = { ip, mappings: new Map(), paired: undefined, blocks: [] };
    this.#byIp.set(ip, made);
    return made;
  }
}

function isInBlock(block: Block, { ip, port }: Endpoint): boolean {
  return block.ip === ip && block.from <= port && port <= block.to;
}

function keyOfBlock({ ip, from }: Block): string {
  return `${ip}/${from}`;
}
