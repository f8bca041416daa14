/** What a host is about to answer, collected while it works. */
import type { IpHeader } from '../packet/packet.ts';
import type { HostOutput, Outgoing, Reception } from './output.ts';

type Collected<Kind extends keyof HostOutput> = HostOutput[Kind] extends readonly (infer Item)[] ? Item[] : never;

/** What is collected but packets. */
interface News {
  readonly notes: Collected<'notes'>;
  readonly finished: Collected<'finished'>;
  readonly configured: Collected<'configured'>;
  readonly requests: Collected<'requests'>;
}

const NOTHING: readonly never[] = [];

/** Collects packets and news until they are taken; counts the IPv4 identifications that the host has used. */
export class Outbox {
  /** Undefined: none. Most answers are a packet, or nothing at all. */
  #packets: Collected<'packets'> | undefined;
  #news: News | undefined;
  /** The last answer that had nothing in it but the reception: most that are delivered are alike. */
  #quiet: HostOutput | undefined;
  #ident: number;

  constructor(firstIdent: number) {
    this.#ident = firstIdent;
  }

  /** Between two answers a host has nothing collected: only the counter goes on. */
  copy(): Outbox {
    return new Outbox(this.#ident);
  }

  /** The identification of the next packet to `dst`: one counter for all of IPv4, 0 for IPv6. */
  identFor(dst: IpHeader['dst']): number {
    if (typeof dst === 'bigint') return 0;
    this.#ident = (this.#ident + 1) & 0xffff;
    return this.#ident;
  }

  send(outgoing: Outgoing): void {
    if (this.#packets === undefined) this.#packets = [outgoing];
    else this.#packets.push(outgoing);
  }

  note(app: string, text: string): void {
    this.#tidings().notes.push({ app, text });
  }

  finish(finished: HostOutput['finished'][number]): void {
    this.#tidings().finished.push(finished);
  }

  configure(configured: HostOutput['configured'][number]): void {
    this.#tidings().configured.push(configured);
  }

  request(request: HostOutput['requests'][number]): void {
    this.#tidings().requests.push(request);
  }

  /** All that was collected since the last time, with the rest of the answer. */
  take(timers: HostOutput['timers'], reception: Reception | undefined): HostOutput {
    const packets = this.#packets;
    const news = this.#news;
    if (packets === undefined && news === undefined && timers.length === 0) return this.#quietly(reception);
    this.#packets = undefined;
    this.#news = undefined;
    return put({ packets: packets ?? NOTHING, timers, reception }, news ?? NO_NEWS);
  }

  #tidings(): News {
    this.#news ??= { notes: [], finished: [], configured: [], requests: [] };
    return this.#news;
  }

  #quietly(reception: Reception | undefined): HostOutput {
    if (this.#quiet === undefined || this.#quiet.reception !== reception) {
      this.#quiet = put({ packets: NOTHING, timers: NOTHING, reception }, NO_NEWS);
    }
    return this.#quiet;
  }
}

type Quick = Pick<HostOutput, 'packets' | 'timers' | 'reception'>;

const NO_NEWS: Omit<HostOutput, keyof Quick> = {
  notes: NOTHING,
  finished: NOTHING,
  configured: NOTHING,
  requests: NOTHING,
};

function put({ packets, timers, reception }: Quick, news: Omit<HostOutput, keyof Quick>): HostOutput {
  const { notes, finished, configured, requests } = news;
  return { packets, timers, notes, finished, requests, configured, reception };
}
