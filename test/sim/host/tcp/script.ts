/** Scripts for one end of a connection: the test plays the peer and the application, segment by segment. */
import { fail } from '../../../../src/sim/base/fail.ts';
import { answerSyn, open } from '../../../../src/sim/host/tcp/handshake.ts';
import type { State } from '../../../../src/sim/host/tcp/machine.ts';
import { advance, distance, has, type Segment, type SynOptions } from '../../../../src/sim/host/tcp/segment.ts';
import { step, type TcpEvent } from '../../../../src/sim/host/tcp/step.ts';
import { deadlineOf, type Notice, type Tcb, type Turn } from '../../../../src/sim/host/tcp/tcb.ts';
import { FLAG, type FlagName, flagsOf } from '../../../../src/sim/packet/packet.ts';

/** The initial sequence numbers of this end and of the peer; they wrap within the first bytes. */
export const ISS = 0xffff_fff0;
export const IRS = 0xffff_ff00;

const LETTERS: readonly (readonly [string, FlagName])[] = [
  ['S', 'syn'],
  ['F', 'fin'],
  ['R', 'rst'],
  ['P', 'psh'],
  ['A', 'ack'],
];

/** `SA 0 ack 1`, `PA 1+5 ack 1`: flags, sequence number relative to `iss`, length, acknowledgement relative to `irs`. */
export function show(segment: Segment, iss = ISS, irs = IRS): string {
  const flags = LETTERS.filter(([, name]) => has(segment, name)).map(([letter]) => letter);
  const length = segment.payload.length === 0 ? '' : `+${segment.payload.length}`;
  const relative = segment.seq === 0 && has(segment, 'rst') ? 'zero' : String(distance(iss, segment.seq));
  const ack = has(segment, 'ack') ? ` ack ${distance(irs, segment.ack)}` : '';
  return `${flags.join('')} ${relative}${length}${ack}`;
}

/** What the peer says: flags by letter, sequence number relative to the peer's, acknowledgement to this end's. */
export interface Line {
  readonly seq?: number;
  readonly ack?: number;
  readonly bytes?: number;
  /** As on the wire. */
  readonly window?: number;
  readonly options?: Partial<SynOptions>;
  /** Edges of what it has got out of order. */
  readonly sack?: readonly (readonly [left: number, right: number])[];
}

export class Script {
  now = 0;
  tcb: Tcb;
  /** Everything sent and not yet asked for, with its time. */
  #sent: { at: number; segment: Segment }[] = [];
  #heard: Notice[] = [];
  /** Why the last segment was of no use, if so. */
  discarded: string | undefined;

  constructor(turn: Turn) {
    this.tcb = turn.tcb;
    this.#take(turn);
  }

  get state(): State {
    return this.tcb.state;
  }

  /** What was sent since the last time. */
  sent(): string[] {
    return this.segments().map((segment) => show(segment));
  }

  segments(): Segment[] {
    const sent = this.#sent.map(({ segment }) => segment);
    this.#sent = [];
    return sent;
  }

  /** The same with times in seconds since `from`. */
  timeline(from = 0): string[] {
    const lines = this.#sent.map(({ at, segment }) => `${((at - from) / 1000).toFixed(2)} ${show(segment)}`);
    this.#sent = [];
    return lines;
  }

  /** The kinds of notices since the last time, `failed` with its error. */
  heard(): string[] {
    const heard = this.#heard.map((notice) => (notice.kind === 'failed' ? `failed ${notice.error}` : notice.kind));
    this.#heard = [];
    return heard;
  }

  notices(): Notice[] {
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }

  /** A segment of the peer arrives. */
  hear(letters: string, line: Line = {}): this {
    const flags = flagsOf(LETTERS.filter(([letter]) => letters.includes(letter)).map(([, name]) => name));
    const { seq = 1, ack = 1, bytes = 0, window = 0xffff } = line;
    const options = { mss: 1460, scale: undefined, sackPermitted: false, ...line.options };
    const arrived: Segment = {
      seq: advance(IRS, seq),
      ack: flags & FLAG.ack ? advance(ISS, ack) : 0,
      flags,
      window,
      payload: Uint8Array.from({ length: bytes }, (_, i) => (seq + i) & 255),
      ...(flags & FLAG.syn ? { options } : {}),
      ...(line.sack === undefined ? {} : { sack: line.sack.map(edges) }),
    };
    return this.do({ kind: 'segment', segment: arrived });
  }

  do(event: TcpEvent): this {
    const turn = step(this.tcb, event, this.now);
    this.tcb = turn.tcb;
    this.discarded = turn.discarded;
    this.#take(turn);
    return this;
  }

  write(bytes: number): this {
    return this.do({ kind: 'write', payload: new Uint8Array(bytes) });
  }

  /** Lets time pass; the deadlines on the way are met. */
  wait(millis: number): this {
    const end = this.now + millis;
    for (let due = this.#due(end); due !== undefined; due = this.#due(end)) {
      this.now = due;
      this.do({ kind: 'tick' });
    }
    this.now = end;
    return this;
  }

  #due(end: number): number | undefined {
    const due = deadlineOf(this.tcb);
    return due !== undefined && due <= end ? Math.max(due, this.now) : undefined;
  }

  #take({ segments, notices }: Turn): void {
    this.#sent.push(...segments.map((segment) => ({ at: this.now, segment })));
    this.#heard.push(...notices);
  }
}

const edges = ([left, right]: readonly [number, number]) => ({ left: advance(ISS, left), right: advance(ISS, right) });

const INIT = { iss: ISS, receiveMss: 1460, pathMss: 1460, defaultMss: 536 };

/** A connection that has sent its SYN. */
export function synSent(init: Partial<typeof INIT> = {}): Script {
  return new Script(open({ ...INIT, ...init }, 0));
}

/** A connection that has answered a SYN. */
export function synReceived(line: Line = {}): Script {
  const options = { mss: 1460, scale: undefined, sackPermitted: false, ...line.options };
  const syn: Segment = {
    ...{ seq: IRS, ack: 0, flags: FLAG.syn, window: line.window ?? 0xffff, payload: new Uint8Array(0) },
    options,
  };
  return new Script(answerSyn(INIT, syn, 0));
}

/** An open connection, opened by this end; round trip 10 ms, nothing left to look at. */
export function established(line: Line = {}): Script {
  const script = synSent();
  script.now = 10;
  script.hear('SA', { seq: 0, ...line });
  script.segments();
  script.heard();
  return quiet(script, 'ESTABLISHED');
}

/** An open connection, opened by the peer. */
export function accepted(line: Line = {}): Script {
  const script = synReceived(line);
  script.now = 10;
  script.hear('A');
  script.segments();
  script.heard();
  return quiet(script, 'ESTABLISHED');
}

function quiet(script: Script, state: State): Script {
  return script.state === state ? script : fail(`${script.state} instead of ${state}`);
}

/** An open connection brought into a later state. */
export function closingDown(
  state: 'FIN-WAIT-1' | 'FIN-WAIT-2' | 'CLOSE-WAIT' | 'CLOSING' | 'LAST-ACK' | 'TIME-WAIT',
): Script {
  const script = established();
  if (state === 'CLOSE-WAIT' || state === 'LAST-ACK') {
    script.hear('FA');
    if (state === 'LAST-ACK') script.do({ kind: 'shutdown' });
  } else {
    script.do({ kind: 'shutdown' });
    if (state === 'CLOSING') script.hear('FA');
    if (state === 'FIN-WAIT-2' || state === 'TIME-WAIT') script.hear('A', { ack: 2 });
    if (state === 'TIME-WAIT') script.hear('FA', { ack: 2 });
  }
  script.segments();
  script.heard();
  return quiet(script, state);
}
