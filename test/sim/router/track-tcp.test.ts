import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FLAG, tcp } from '../../../src/sim/packet/packet.ts';
import { encodeOptions, mapSackEdges } from '../../../src/sim/packet/tcp-options.ts';
import type { FlowRow } from '../../../src/sim/trace/trace.ts';
import { A, type FlagText, Gate, ip, LINUX, S, segment } from './gate.ts';

const S_ = 1000;
/** Sequence numbers with which both ends begin. */
const C0 = 10_000;
const S0 = 70_000;

/** Two ends that always send the exact next sequence number and acknowledge all they got. */
class Talk {
  readonly gate: Gate;
  next = { '>': C0, '<': S0 };
  now = 0;

  constructor(gate = new Gate()) {
    this.gate = gate;
  }

  say(
    way: '>' | '<',
    flags: FlagText | number,
    rest: { bytes?: number; seq?: number; ack?: number; window?: number } = {},
  ) {
    const bits = segment(way, flags).flags;
    const acks = (bits & FLAG.ack) !== 0;
    const other = this.next[way === '>' ? '<' : '>'];
    const seq = rest.seq ?? this.next[way];
    const payload = new Uint8Array(rest.bytes ?? 0);
    const packet = segment(way, flags, {
      seq,
      ack: rest.ack ?? (acks ? other : 0),
      payload,
      ...(rest.window === undefined ? {} : { window: rest.window }),
    });
    const { tracked } = this.gate.pass(packet, this.now);
    const length = payload.length + (bits & FLAG.syn ? 1 : 0) + (bits & FLAG.fin ? 1 : 0);
    if (rest.seq === undefined) this.next[way] = (seq + length) >>> 0;
    return tracked;
  }

  /** `> syn, < syn+ack, > ack+10` says three segments, the last with ten bytes. */
  play(script: string): this {
    for (const line of script === '' ? [] : script.split(', ')) {
      const [way, what = ''] = line.split(' ');
      const [, flags = what, bytes] = /^(.*?)(?:\+(\d+))?$/.exec(what) ?? [];
      this.say(way as '>' | '<', flags as FlagText, { bytes: Number(bytes ?? 0) });
    }
    return this;
  }

  get row(): FlowRow | undefined {
    return this.gate.conntrack.rows(this.now).at(-1);
  }

  /** Seconds left. */
  get left(): number {
    return ((this.row?.expires ?? 0) - this.now) / S_;
  }
}

const OPENED = '> syn, < syn+ack, > ack';
const WAY_TO: Readonly<Record<string, string>> = {
  NO: '',
  SS: '> syn',
  SR: '> syn, < syn+ack',
  ES: OPENED,
  FW: `${OPENED}, > fin+ack`,
  CW: `${OPENED}, > fin+ack, < ack`,
  LA: `${OPENED}, > fin+ack, < ack, < fin+ack`,
  TW: `${OPENED}, > fin+ack, < ack, < fin+ack, > ack`,
  CL: `${OPENED}, > rst`,
  S2: '> syn, < syn',
};
const NAMES: Readonly<Record<string, string>> = {
  SS: 'SYN_SENT',
  SR: 'SYN_RECV',
  ES: 'ESTABLISHED',
  FW: 'FIN_WAIT',
  CW: 'CLOSE_WAIT',
  LA: 'LAST_ACK',
  TW: 'TIME_WAIT',
  CL: 'CLOSE',
  S2: 'SYN_SENT2',
};
const VERDICTS: Readonly<Record<string, string>> = { n: 'new', e: 'established', i: 'invalid' };

interface Cell {
  readonly way: '>' | '<';
  readonly flags: FlagText | number;
  readonly bytes: number;
  readonly from: string;
  readonly cell: string;
}

/** The tables as the kernel's answers were written down; `*`: the old entry is gone and a fresh one is made. */
function cells(way: '>' | '<', table: string): Cell[] {
  const [head = [], ...rows] = table
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));
  return rows.flatMap(([name = '', ...row]) =>
    row.map((cell, i) => {
      const bytes = name.endsWith('with data') ? 10 : 0;
      const flags = name.replace(' with data', '').toLowerCase() as FlagText;
      return { way, flags, bytes, from: head[i + 1] ?? '', cell };
    }),
  );
}

const ORIGINAL = cells(
  '>',
  `
  original dir. | NO    | SS          | SR   | ES   | FW   | CW   | LA   | TW    | CL    | S2
  SYN           | SS n  | SS n        | SR e | ES e | FW e | CW e | LA e | SS n* | SS n* | S2 e
  SYN+ACK       | i     | i           | SR e | i    | i    | i    | i    | i     | i     | SR e
  FIN+ACK       | i     | i           | FW e | FW e | LA e | LA e | LA e | TW e  | CL e  | i
  ACK           | ES n  | i           | ES e | ES e | CW e | CW e | TW e | TW e  | CL e  | i
  ACK with data | ES n  | i           | ES e | ES e | CW e | CW e | TW e | TW e  | CL e  | i
  RST           | i     | destroyed n | CL e | CL e | CL e | CL e | CL e | CL e  | CL e  | CL e
  RST+ACK       | i     | i           | CL e | CL e | CL e | CL e | CL e | CL e  | CL e  | CL e`,
);
const REPLY = cells(
  '<',
  `
  reply dir. | SS          | SR   | ES   | FW   | CW   | LA   | TW    | CL   | S2
  SYN        | S2 e        | i    | i    | i    | i    | i    | SS n* | i    | S2 e
  SYN+ACK    | SR e        | SR e | ES e | FW e | CW e | LA e | TW e  | CL e | SR e
  FIN+ACK    | i           | FW e | FW e | LA e | LA e | LA e | TW e  | CL e | i
  ACK        | SS e        | SR e | ES e | CW e | CW e | TW e | TW e  | CL e | S2 e
  RST        | destroyed e | CL e | CL e | CL e | CL e | CL e | CL e  | CL e | CL e
  RST+ACK    | destroyed e | CL e | CL e | CL e | CL e | CL e | CL e  | CL e | CL e`,
);

describe('LNX-TCP section 3: every kind of segment in every state', () => {
  it.each([...ORIGINAL, ...REPLY])(
    '$way $flags ($bytes bytes) in $from: $cell',
    ({ way, flags, bytes, from, cell }) => {
      const talk = new Talk().play(WAY_TO[from] ?? '');
      const before = talk.row;
      if (from !== 'NO') expect(before?.tcpState).toBe(NAMES[from]);
      const verdict = VERDICTS[cell.replace('*', '').at(-1) ?? ''];
      expect(talk.say(way, flags, { bytes }).state).toBe(verdict);
      if (cell.startsWith('destroyed')) expect(talk.row).toBeUndefined();
      else if (cell === 'i') expect(talk.row).toEqual(before);
      else expect(talk.row?.tcpState).toBe(NAMES[cell.slice(0, 2)]);
      if (cell.endsWith('*')) {
        expect(talk.row?.id).not.toBe(before?.id);
        expect(talk.row?.original.src).toBe(way === '>' ? A : S);
        expect(talk.gate.conntrack.rows(talk.now)).toHaveLength(1);
      } else if (from !== 'NO' && talk.row !== undefined) {
        expect(talk.row.id).toBe(before?.id);
      }
    },
  );

  const weird: readonly [string, number][] = [
    ['no flags', 0],
    ['FIN without ACK', FLAG.fin],
    ['SYN+FIN', FLAG.syn | FLAG.fin],
    ['SYN+RST', FLAG.syn | FLAG.rst],
    ['FIN+PSH+URG', FLAG.fin | FLAG.psh | FLAG.urg],
    ['RST+URG', FLAG.rst | FLAG.urg],
  ];
  it.each(weird.flatMap(([name, flags]) => Object.keys(WAY_TO).map((from) => ({ name, flags, from }))))(
    '$name in $from: invalid in both directions',
    ({ flags, from }) => {
      const talk = new Talk().play(WAY_TO[from] ?? '');
      const before = talk.row;
      expect(talk.say('>', flags).state).toBe('invalid');
      if (from !== 'NO') expect(talk.say('<', flags).state).toBe('invalid');
      expect(talk.row).toEqual(before);
    },
  );

  it.each([FLAG.psh, FLAG.urg, FLAG.ece | FLAG.cwr])('SYN with bits %i more counts as SYN', (bits) => {
    expect(new Talk().say('>', FLAG.syn | bits)).toMatchObject({ state: 'new' });
  });

  it('a lower ISN reopens TIME_WAIT as well as a higher one', () => {
    for (const isn of [C0 - 5000, C0 + 5_000_000]) {
      const talk = new Talk().play(WAY_TO.TW ?? '');
      expect(talk.say('>', 'syn', { seq: isn }).state).toBe('new');
      expect(talk.row).toMatchObject({ tcpState: 'SYN_SENT', status: ['UNREPLIED'] });
    }
  });
});

describe('TCP timeouts (section 5)', () => {
  it.each([
    ['SS', 120],
    ['SR', 60],
    ['ES', 432_000],
    ['FW', 120],
    ['CW', 60],
    ['LA', 30],
    ['TW', 120],
    ['CL', 10],
    ['S2', 120],
  ])('%s lives %i s', (state, seconds) => {
    expect(new Talk().play(WAY_TO[state] ?? '').left).toBe(seconds);
  });

  it('a retransmitted SYN does not renew the timer, an answer does', () => {
    const talk = new Talk().play('> syn');
    talk.now = 50 * S_;
    talk.say('>', 'syn', { seq: C0 });
    expect(talk.left).toBe(70);
    talk.say('<', 'syn+ack', { ack: C0 + 1 });
    expect(talk.left).toBe(60);
  });
});

describe('LNX-TCP-1, -2: loose pickup', () => {
  it('LNX-TCP-1 an ACK in the middle is NEW for 300 s; assured when both ends have gone on', () => {
    const talk = new Talk();
    expect(talk.say('>', 'ack').state).toBe('new');
    expect(talk.row).toMatchObject({ tcpState: 'ESTABLISHED', status: ['UNREPLIED'] });
    expect(talk.left).toBe(300);
    expect(talk.say('<', 'ack').state).toBe('established');
    expect(talk.row?.status).toEqual([]);
    expect(talk.left).toBe(300);
    talk.say('>', 'ack');
    expect(talk.row?.status).toEqual(['ASSURED']);
    expect(talk.left).toBe(432_000);
  });

  it('a second answer alone makes it ASSURED too', () => {
    const talk = new Talk().play('> ack, < ack, < ack');
    expect(talk.row?.status).toEqual(['ASSURED']);
  });

  it('windows are not judged after a pickup', () => {
    const talk = new Talk().play('> ack, < ack');
    expect(talk.say('>', 'ack', { seq: C0 + 900_000, bytes: 10 }).state).toBe('established');
  });

  it.each(['fin+ack', 'rst+ack', 'syn+ack'] as const)('LNX-TCP-1 %s is never picked up', (flags) => {
    expect(new Talk().say('>', flags).state).toBe('invalid');
  });

  it('LNX-TCP-2 with loose off the ACK is INVALID', () => {
    const talk = new Talk(new Gate({ tracking: { loose: false } }));
    expect(talk.say('>', 'ack').state).toBe('invalid');
    expect(talk.row).toBeUndefined();
    expect(talk.play(OPENED).row?.tcpState).toBe('ESTABLISHED');
  });
});

describe('LNX-TCP-3: the window check', () => {
  it.each([
    ['data 200000 beyond the window', '>', { seq: C0 + 1 + 200_000, bytes: 10 }, 'invalid'],
    ['data that ends a little beyond the window', '>', { seq: C0 + 1 + 64_241, bytes: 10 }, 'established'],
    ['an acknowledgement of data never sent', '>', { ack: S0 + 500, bytes: 0 }, 'invalid'],
    ['old data, 100 below', '>', { seq: C0 + 1 - 100, bytes: 50 }, 'established'],
    ['old data, 70000 below', '>', { seq: (C0 + 1 - 70_000) >>> 0, bytes: 50 }, 'established'],
    ['an acknowledgement long past', '<', { ack: (C0 - 200_000) >>> 0 }, 'established'],
  ] as const)('%s', (_, way, rest, verdict) => {
    const talk = new Talk().play(OPENED);
    const before = talk.row;
    expect(talk.say(way, 'ack', rest).state).toBe(verdict);
    if (verdict === 'invalid') expect(talk.row).toEqual(before);
  });

  it('scales windows only if both ends offer it', () => {
    const shift = encodeOptions([{ kind: 'windowScale', shift: 7 }]);
    const verdict = (answer: Uint8Array) => {
      const gate = new Gate();
      gate.pass(segment('>', 'syn', { seq: 1, options: shift }));
      gate.pass(segment('<', 'syn+ack', { seq: 100, ack: 2, options: answer, window: 1000 }));
      gate.pass(segment('>', 'ack', { seq: 2, ack: 101, window: 1000 }));
      gate.pass(segment('<', 'ack', { seq: 101, ack: 2, window: 1000 }));
      return gate.pass(segment('>', 'ack', { seq: 2 + 100_000, ack: 101, payload: new Uint8Array(10) })).tracked.state;
    };
    expect(verdict(shift)).toBe('established');
    expect(verdict(new Uint8Array())).toBe('invalid');
    expect(verdict(encodeOptions([{ kind: 'sackPermitted' }]))).toBe('invalid');
  });

  it('takes the highest SACK edge for the acknowledgement once SACK is agreed', () => {
    const permitted = encodeOptions([{ kind: 'sackPermitted' }]);
    const gate = new Gate();
    gate.pass(segment('>', 'syn', { seq: 1, options: permitted }));
    gate.pass(segment('<', 'syn+ack', { seq: 100, ack: 2, options: permitted }));
    gate.pass(segment('>', 'ack', { seq: 2, ack: 101 }));
    const sack = (right: number) => encodeOptions([{ kind: 'sack', blocks: [{ left: 2, right }] }]);
    expect(gate.pass(segment('<', 'ack', { seq: 101, ack: 2, options: sack(9_000) })).tracked.state).toBe('invalid');
    gate.pass(segment('>', 'ack', { seq: 2, ack: 101, payload: new Uint8Array(9_000) }));
    expect(gate.pass(segment('<', 'ack', { seq: 101, ack: 2, options: sack(9_000) })).tracked.state).toBe(
      'established',
    );
  });
});

describe('LNX-TCP-5…9: resets, retransmissions, timers', () => {
  it('LNX-TCP-5 a RST in the window but not exact passes, keeps the state, leaves 10 s', () => {
    const talk = new Talk().play(OPENED);
    expect(talk.say('>', 'rst', { seq: C0 + 50 }).state).toBe('established');
    expect(talk.row?.tcpState).toBe('ESTABLISHED');
    expect(talk.left).toBe(10);
  });

  it.each([C0 - 10, C0 + 300_000])('LNX-TCP-5 a RST out of the window (%i) is INVALID', (seq) => {
    const talk = new Talk().play(OPENED);
    expect(talk.say('>', 'rst', { seq }).state).toBe('invalid');
    expect(talk.left).toBe(432_000);
  });

  it('a RST right behind data of the same sender closes, though that data is not acknowledged', () => {
    const talk = new Talk().play(`${OPENED}, > ack+10, > rst`);
    expect(talk.row?.tcpState).toBe('CLOSE');
  });

  it.each(['FW', 'CW', 'LA', 'TW', 'CL'])('a RST with any numbers at all closes in %s', (state) => {
    const talk = new Talk().play(WAY_TO[state] ?? '');
    expect(talk.say('<', 'rst', { seq: 5 }).state).toBe('established');
    expect(talk.row?.tcpState).toBe('CLOSE');
  });

  it('LNX-TCP-6 a SYN on ESTABLISHED passes; challenge ACK, RST, and the next SYN is NEW', () => {
    const talk = new Talk().play(OPENED);
    const isn = 5_000_000;
    expect(talk.say('>', 'syn', { seq: isn }).state).toBe('established');
    expect(talk.row?.tcpState).toBe('ESTABLISHED');
    expect(talk.say('<', 'ack').state).toBe('established');
    expect(talk.say('>', 'rst', { seq: C0 + 1 }).state).toBe('established');
    expect(talk.row?.tcpState).toBe('CLOSE');
    expect(talk.say('>', 'syn', { seq: isn }).state).toBe('new');
  });

  it('a server that refuses an unbelieved SYN ends the connection, whatever its sequence number', () => {
    const talk = new Talk().play(OPENED);
    talk.say('>', 'syn', { seq: 5_000_000 });
    expect(talk.say('<', 'rst+ack', { seq: 1, ack: 5_000_001 }).state).toBe('established');
    expect(talk.row?.tcpState).toBe('CLOSE');
  });

  it('a server that takes an unbelieved SYN begins the connection anew', () => {
    const talk = new Talk().play(OPENED);
    talk.say('>', 'syn', { seq: 5_000_000 });
    expect(talk.say('<', 'syn+ack', { seq: 9_000_000, ack: 5_000_001 }).state).toBe('established');
    expect(talk.row?.tcpState).toBe('SYN_RECV');
    expect(talk.say('>', 'ack', { seq: 5_000_001, ack: 9_000_001 }).state).toBe('established');
    expect(talk.row?.tcpState).toBe('ESTABLISHED');
    expect(talk.say('>', 'ack', { seq: 5_900_000, ack: 9_000_001, bytes: 5 }).state).toBe('invalid');
  });

  it('a challenge ACK in LAST_ACK is not taken for the last ACK, a second one is', () => {
    const talk = new Talk().play(`${OPENED}, > fin+ack, < ack, < fin+ack`);
    talk.say('>', 'syn', { seq: 5_000_000 });
    expect(talk.say('<', 'ack').detail).toContain('challenge');
    expect(talk.row?.tcpState).toBe('LAST_ACK');
    talk.say('<', 'ack');
    expect(talk.row?.tcpState).toBe('TIME_WAIT');
  });

  it('a half-open peer: its ACK passes, the RST that answers it ends the entry, the next SYN is NEW', () => {
    const talk = new Talk().play('> syn');
    expect(talk.say('<', 'ack', { seq: 123, ack: 456 }).state).toBe('established');
    expect(talk.row?.tcpState).toBe('SYN_SENT');
    expect(talk.say('>', 'rst', { seq: 456 }).state).toBe('established');
    expect(talk.row?.tcpState).toBe('CLOSE');
    expect(talk.say('>', 'syn', { seq: C0 }).state).toBe('new');
  });

  it('a server that resets after its own challenge ACK ends the entry', () => {
    const talk = new Talk().play('> syn');
    talk.say('<', 'ack', { seq: 123, ack: 456 });
    talk.say('<', 'rst', { seq: 456, ack: 0 });
    expect(talk.row?.tcpState).toBe('CLOSE');
  });

  it('LNX-TCP-7 unacknowledged data leaves 300 s, its ACK gives 432000 s back', () => {
    const talk = new Talk().play(`${OPENED}, > ack+10`);
    expect(talk.left).toBe(300);
    talk.say('<', 'ack');
    expect(talk.left).toBe(432_000);
  });

  it('LNX-TCP-8 more than three retransmissions leave tcpMaxRetrans, an answer ends that', () => {
    const timeouts = { ...LINUX.timeouts, tcpMaxRetrans: 200 * S_ };
    const talk = new Talk(new Gate({ tracking: { timeouts } })).play(OPENED);
    const again = () => talk.say('>', 'ack', { seq: C0 + 1, bytes: 10 });
    for (let times = 0; times < 3; times++) again();
    expect(talk.left).toBe(300);
    again();
    expect(talk.left).toBe(200);
    talk.say('<', 'ack', { ack: C0 + 11 });
    expect(talk.left).toBe(432_000);
  });

  it('a closed window leaves tcpMaxRetrans', () => {
    const talk = new Talk().play('> syn, < syn+ack');
    talk.say('>', 'ack', { window: 0 });
    expect(talk.left).toBe(300);
  });

  it('LNX-TCP-9 RST+ACK answering a SYN destroys the entry at once', () => {
    const talk = new Talk().play('> syn');
    expect(talk.say('<', 'rst+ack', { seq: 0, ack: C0 + 1 })).toMatchObject({ state: 'established' });
    expect(talk.row).toBeUndefined();
    expect(
      talk.gate.conntrack.drain().map((change) => change.kind === 'flow' && [change.change, change.row.status]),
    ).toEqual([
      ['new', ['UNREPLIED']],
      ['destroy', ['UNREPLIED']],
    ]);
  });

  it('LNX-TCP-10 simultaneous open: SYN both ways, SYN+ACK both ways, ACK', () => {
    const talk = new Talk();
    const states = (['> syn', '< syn', '> syn+ack', '< syn+ack', '> ack'] as const).map((line) => {
      const [way, flags] = line.split(' ') as ['>' | '<', FlagText];
      const syn = flags.startsWith('syn');
      talk.say(
        way,
        flags,
        syn
          ? { seq: way === '>' ? C0 : S0, ack: flags === 'syn' ? 0 : way === '>' ? S0 + 1 : C0 + 1 }
          : { seq: C0 + 1, ack: S0 + 1 },
      );
      return talk.row?.tcpState;
    });
    expect(states).toEqual(['SYN_SENT', 'SYN_SENT2', 'SYN_RECV', 'SYN_RECV', 'ESTABLISHED']);
  });

  it('LNX-TCP-10 an ACK of the far end is enough after a simultaneous open', () => {
    const talk = new Talk().play('> syn, < syn, > syn+ack');
    talk.say('<', 'ack', { ack: C0 + 1 });
    expect(talk.row?.tcpState).toBe('ESTABLISHED');
  });

  it('LNX-TCP-11 after a flush the inside resumes, and the outside cannot', () => {
    const talk = new Talk().play(OPENED);
    talk.gate.conntrack.flush(talk.now);
    expect(talk.row).toBeUndefined();
    expect(talk.say('>', 'ack', { bytes: 5 }).state).toBe('new');
    expect(talk.row?.tcpState).toBe('ESTABLISHED');
  });

  it.each(['fin+ack', 'rst'] as const)('both ends closing out of window (%s) leaves 300 s', (flags) => {
    const talk = new Talk().play(OPENED);
    expect(talk.say('>', 'fin+ack', { seq: C0 + 500_000 }).state).toBe('invalid');
    expect(talk.left).toBe(432_000);
    expect(talk.say('<', flags, { seq: S0 + 500_000 }).state).toBe('invalid');
    expect(talk.left).toBe(300);
    talk.now = 200 * S_;
    talk.say('<', flags, { seq: S0 + 500_000 });
    expect(talk.left).toBe(100);
  });

  it('one end alone, or an unassured connection, changes nothing out of window', () => {
    const talk = new Talk().play(OPENED);
    talk.say('>', 'fin+ack', { seq: C0 + 500_000 });
    talk.say('>', 'fin+ack', { seq: C0 + 500_000 });
    talk.say('<', 'ack', { seq: S0 + 500_000, bytes: 1 });
    expect(talk.left).toBe(432_000);
    const young = new Talk().play('> syn, < syn+ack');
    young.say('>', 'fin+ack', { seq: C0 + 500_000 });
    young.say('<', 'fin+ack', { seq: S0 + 500_000 });
    expect(young.left).toBe(60);
  });
});

/** A paragraph a connection; see the head of the file. */
const RECORDED = readFileSync(new URL('./recorded/tcp.txt', import.meta.url), 'utf8')
  .replace(/^#.*\n/gm, '')
  .trim()
  .split('\n\n')
  .map((text) => text.split('\n'));

const bytesOf = (hex: string) =>
  Uint8Array.from(hex === '-' ? [] : (hex.match(/../g) ?? []), (byte) => Number.parseInt(byte, 16));

/** One recorded segment, its sequence numbers moved. */
function replay(gate: Gate, line: string, moved: { readonly client: number; readonly server: number }): string {
  const [way, flags, seq, ack, window, length, options = '-'] = line.split(' | ')[0]?.split(' ') ?? [];
  const out = way === '>';
  const [own, other] = out ? [moved.client, moved.server] : [moved.server, moved.client];
  const packet = tcp({
    ...(out ? { src: A, dst: S, sport: 5000, dport: 9000 } : { src: S, dst: A, sport: 9000, dport: 5000 }),
    seq: (Number(seq) + own) >>> 0,
    ack: Number(flags) & FLAG.ack ? (Number(ack) + other) >>> 0 : Number(ack),
    flags: Number(flags),
    window: Number(window),
    payload: new Uint8Array(Number(length)),
    options: mapSackEdges(bytesOf(options), (edge) => edge + other),
  });
  const { state } = gate.pass(packet).tracked;
  const [row] = gate.conntrack.rows(0);
  if (row === undefined) return `${state} gone`;
  const marks = (row.status.includes('UNREPLIED') ? 'U' : '') + (row.status.includes('ASSURED') ? 'A' : '');
  const words = [state, row.original.src === A ? 'o' : 'r', row.tcpState, marks, row.expires / S_];
  return words.filter((word) => word !== '').join(' ');
}

describe('what Linux 6.18 answered', () => {
  it.each(RECORDED.map((lines, i) => ({ i, lines })))('recorded connection $i', ({ lines }) => {
    const gate = new Gate();
    for (const [i, line] of lines.entries()) {
      expect(`${i}: ${replay(gate, line, { client: 0, server: 0 })}`).toBe(`${i}: ${line.split(' | ')[1]}`);
    }
  });
});

describe('laws', () => {
  it('only differences of sequence numbers count, wherever they wrap', () => {
    // a sequence number of 0, and what a RST acknowledges before there was an answer, mean something by themselves
    const plain = RECORDED.filter((lines) => lines.every((line) => !/^. (?:\d+ 0|20|4) /.test(line)));
    expect(plain.length).toBeGreaterThan(10);
    const seq = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(fc.constantFrom(...plain), seq, seq, (lines, client, server) => {
        const [here, there] = [new Gate(), new Gate()];
        const at = { client: 0, server: 0 };
        for (const line of lines) expect(replay(here, line, { client, server })).toBe(replay(there, line, at));
      }),
      { numRuns: 150 },
    );
  });

  it('IPv6 connections are tracked by the same table', () => {
    const gate = new Gate();
    const ends = { src: ip('fd00::5'), dst: ip('2001:db8::5'), sport: 1, dport: 2 };
    expect(gate.pass(tcp({ ...ends, seq: 1, flags: FLAG.syn })).tracked.state).toBe('new');
    const back = { src: ends.dst, dst: ends.src, sport: 2, dport: 1 };
    expect(gate.pass(tcp({ ...back, seq: 9, ack: 2, flags: FLAG.syn | FLAG.ack })).tracked.state).toBe('established');
    expect(gate.conntrack.rows(0)[0]).toMatchObject({ protocol: 'tcp', tcpState: 'SYN_RECV' });
  });
});
