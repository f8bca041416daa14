/** What a host is about to answer, collected while it works. */
import type { IpHeader } from '../packet/packet.ts';
import type { HostOutput, Outgoing } from './output.ts';

type Collected = Pick<HostOutput, 'packets' | 'notes' | 'finished' | 'configured' | 'requests'>;

/** Collects packets and news until they are taken; counts the IPv4 identifications that the host has used. */
export class Outbox {
  #packets: Outgoing[] = [];
  #notes: HostOutput['notes'][number][] = [];
  #finished: HostOutput['finished'][number][] = [];
  #configured: HostOutput['configured'][number][] = [];
  #requests: HostOutput['requests'][number][] = [];
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
    this.#packets.push(outgoing);
  }

  note(app: string, text: string): void {
    this.#notes.push({ app, text });
  }

  finish(finished: HostOutput['finished'][number]): void {
    this.#finished.push(finished);
  }

  configure(configured: HostOutput['configured'][number]): void {
    this.#configured.push(configured);
  }

  request(request: HostOutput['requests'][number]): void {
    this.#requests.push(request);
  }

  /** All that was collected since the last time. */
  take(): Collected {
    const taken = {
      packets: this.#packets,
      notes: this.#notes,
      finished: this.#finished,
      configured: this.#configured,
      requests: this.#requests,
    };
    [this.#packets, this.#notes, this.#finished] = [[], [], []];
    [this.#configured, this.#requests] = [[], []];
    return taken;
  }
}
