/** What a host is about to answer, collected while it works. */
import type { IpHeader } from '../packet/packet.ts';
import type { HostOutput, Outgoing, Reception } from './output.ts';

type Collected<Kind extends keyof HostOutput> = HostOutput[Kind] extends readonly (infer Item)[] ? Item[] : never;

const NOTHING: readonly never[] = [];

/** Collects packets and news until they are taken; counts the IPv4 identifications that the host has used. */
export class Outbox {
  /** Undefined: none. Most answers are a packet, or nothing at all. */
  #packets: Collected<'packets'> | undefined;
  #notes: Collected<'notes'> | undefined;
  #finished: Collected<'finished'> | undefined;
  #configured: Collected<'configured'> | undefined;
  #requests: Collected<'requests'> | undefined;
  /** Whether anything is collected. */
  #any = false;
  /** The last answer that had nothing in it but the reception: most that are delivered are alike. */
  #quiet: HostOutput = quiet(undefined);
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
    this.#any = true;
    if (this.#packets === undefined) this.#packets = [outgoing];
    else this.#packets.push(outgoing);
  }

  note(app: string, text: string): void {
    this.#any = true;
    this.#notes ??= [];
    this.#notes.push({ app, text });
  }

  finish(finished: HostOutput['finished'][number]): void {
    this.#any = true;
    this.#finished ??= [];
    this.#finished.push(finished);
  }

  configure(configured: HostOutput['configured'][number]): void {
    this.#any = true;
    this.#configured ??= [];
    this.#configured.push(configured);
  }

  request(request: HostOutput['requests'][number]): void {
    this.#any = true;
    this.#requests ??= [];
    this.#requests.push(request);
  }

  /** All that was collected since the last time, with the rest of the answer. */
  take(timers: HostOutput['timers'], reception: Reception | undefined): HostOutput {
    if (!this.#any && timers.length === 0) return this.#quietly(reception);
    const taken = {
      packets: this.#packets ?? NOTHING,
      timers,
      notes: this.#notes ?? NOTHING,
      finished: this.#finished ?? NOTHING,
      requests: this.#requests ?? NOTHING,
      configured: this.#configured ?? NOTHING,
      reception,
    };
    this.#packets = undefined;
    this.#notes = undefined;
    this.#finished = undefined;
    this.#configured = undefined;
    this.#requests = undefined;
    this.#any = false;
    return taken;
  }

  #quietly(reception: Reception | undefined): HostOutput {
    if (this.#quiet.reception !== reception) this.#quiet = quiet(reception);
    return this.#quiet;
  }
}

/** An answer with nothing to send and nothing to say. */
function quiet(reception: Reception | undefined): HostOutput {
  return {
    packets: NOTHING,
    timers: NOTHING,
    notes: NOTHING,
    finished: NOTHING,
    requests: NOTHING,
    configured: NOTHING,
    reception,
  };
}
