import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { echo, type Packet, udp } from '../../../src/sim/packet/packet.ts';
import { keyOf } from '../../../src/sim/packet/tuple.ts';
import {
  A,
  B,
  type FlagText,
  Gate,
  type GateOptions,
  ip,
  LINUX,
  masquerading,
  PUBLIC,
  S,
  S2,
  segment,
} from './gate.ts';

const S_ = 1000;
const out = (sport = 5000, rest: object = {}) => udp({ src: A, dst: S, sport, dport: 9000, ...rest });
const back = (dport = 5000) => udp({ src: S, dst: A, sport: 9000, dport });

describe('an entry of the table', () => {
  it('LNX-HOOK-8 is there only when its first packet has passed everything', () => {
    const { conntrack } = new Gate();
    const { connection } = conntrack.track(out(), 0);
    expect(conntrack.rows(0)).toEqual([]);
    expect(conntrack.track(back(), 0).state).toBe('new');
    if (connection !== undefined) expect(conntrack.confirm(connection, 5)).toBe('confirmed');
    expect(conntrack.rows(5)).toEqual([
      {
        id: 1,
        protocol: 'udp',
        original: { protocol: 17, src: A, dst: S, sport: 5000, dport: 9000 },
        reply: { protocol: 17, src: S, dst: A, sport: 9000, dport: 5000 },
        status: ['UNREPLIED'],
        expires: 30 * S_ + 5,
      },
    ]);
    expect(conntrack.track(back(), 5)).toMatchObject({ state: 'established', direction: 'reply' });
  });

  it('confirming again changes nothing', () => {
    const gate = new Gate();
    const { connection } = gate.pass(out(), 0).tracked;
    if (connection !== undefined) expect(gate.conntrack.confirm(connection, 10 * S_)).toBe('confirmed');
    expect(gate.conntrack.rows(10 * S_)[0]?.expires).toBe(30 * S_);
  });

  it('LNX-HOOK-8 a first packet that dies leaves nothing', () => {
    const gate = masquerading();
    const { connection } = gate.conntrack.track(out(), 0);
    if (connection !== undefined) gate.conntrack.release(connection);
    expect(gate.conntrack.rows(0)).toEqual([]);
    expect(gate.conntrack.drain()).toEqual([]);
  });

  it('releasing a packet of a known connection leaves the connection', () => {
    const gate = masquerading();
    const { connection } = gate.pass(out()).tracked;
    if (connection !== undefined) gate.conntrack.release(connection);
    expect(gate.conntrack.rows(0)).toHaveLength(1);
  });

  it('two first packets that would have the same answers: the second is a clash', () => {
    const { conntrack } = new Gate();
    const [one, two] = [conntrack.track(out(), 0).connection, conntrack.track(out(), 0).connection];
    if (one === undefined || two === undefined) throw new Error('no connections');
    expect([conntrack.confirm(one, 0), conntrack.confirm(two, 0)]).toEqual(['confirmed', 'clash']);
  });

  it('says in words what each packet is', () => {
    const gate = new Gate();
    const say = (packet: Packet) => gate.pass(packet).tracked.detail;
    expect([say(out()), say(out()), say(back()), say(out())]).toEqual([
      'a new connection',
      'connection 1, not answered yet',
      'connection 1',
      'connection 1',
    ]);
    expect(say(segment('>', 'syn'))).toBe('a new connection, SYN_SENT');
  });
});

describe('time', () => {
  it('an expired entry is not found, and its end is dated when it was', () => {
    const gate = new Gate();
    gate.pass(out(), 0);
    gate.conntrack.drain();
    expect(gate.pass(back(), 30 * S_).tracked.state).toBe('new');
    expect(gate.conntrack.drain()).toMatchObject([
      { kind: 'flow', change: 'destroy', at: 30 * S_, row: { id: 1 } },
      { kind: 'flow', change: 'new', at: 30 * S_, row: { id: 2 } },
    ]);
  });

  it('a moment before it is', () => {
    const gate = new Gate();
    gate.pass(out(), 0);
    expect(gate.pass(back(), 30 * S_ - 1).tracked.state).toBe('established');
  });

  it('asking for the table ends what has expired, in the order of time', () => {
    const gate = new Gate();
    gate.pass(segment('>', 'syn', { sport: 1 }), 0);
    gate.pass(out(2), 1);
    gate.pass(echo({ src: A, dst: S, id: 3, seq: 1 }), 0);
    gate.conntrack.drain();
    expect(gate.conntrack.rows(500 * S_)).toEqual([]);
    expect(gate.conntrack.drain().map(({ at }) => at)).toEqual([30 * S_, 30 * S_ + 1, 120 * S_]);
  });

  it('changed timeouts hold for what is opened or refreshed from then on', () => {
    const gate = new Gate();
    gate.pass(out(1), 0);
    gate.pass(out(2), 0);
    const timeouts = { ...LINUX.timeouts, udp: 5 * S_ };
    gate.conntrack.configure({ tracking: { ...LINUX, timeouts }, helpers: new Set() });
    gate.pass(out(2), 0);
    gate.pass(out(3), 0);
    expect(gate.conntrack.rows(0).map(({ expires }) => expires / S_)).toEqual([30, 5, 5]);
  });
});

describe('what is recorded', () => {
  it('a flow once when new, when its status or state changes, when it ends', () => {
    const gate = new Gate();
    const steps: readonly ['>' | '<', FlagText, number, number][] = [
      ['>', 'syn', 1, 0],
      ['>', 'syn', 1, 0],
      ['<', 'syn+ack', 100, 2],
      ['>', 'ack', 2, 101],
      ['>', 'ack', 2, 101],
      ['>', 'fin+ack', 2, 101],
      ['>', 'rst', 3, 0],
      ['>', 'syn', 900, 0],
    ];
    for (const [way, flags, seq, ack] of steps) gate.pass(segment(way, flags, { seq, ack }), 0);
    const changes = gate.conntrack.drain();
    expect(
      changes.map((change) =>
        change.kind === 'flow' ? `${change.change} ${change.row.id} ${change.row.tcpState}` : '',
      ),
    ).toEqual([
      'new 1 SYN_SENT',
      'update 1 SYN_RECV',
      'update 1 ESTABLISHED',
      'update 1 FIN_WAIT',
      'update 1 CLOSE',
      'destroy 1 CLOSE',
      'new 2 SYN_SENT',
    ]);
    expect(gate.conntrack.drain()).toEqual([]);
  });

  it('an entry that is removed twice ends once', () => {
    const gate = new Gate();
    const { connection } = gate.pass(out()).tracked;
    if (connection === undefined) throw new Error('no connection');
    for (const at of [1, 2]) gate.conntrack.flows.remove(connection, at);
    expect(gate.conntrack.drain()).toMatchObject([{ change: 'new' }, { change: 'destroy', at: 1 }]);
  });

  it('a flush ends every entry', () => {
    const gate = new Gate();
    gate.pass(out(1), 0);
    gate.pass(out(2), 20 * S_);
    gate.conntrack.drain();
    gate.conntrack.flush(40 * S_);
    expect(gate.conntrack.drain()).toMatchObject([
      { change: 'destroy', at: 30 * S_ },
      { change: 'destroy', at: 40 * S_ },
    ]);
    expect(gate.conntrack.rows(40 * S_)).toEqual([]);
  });

  it('LNX-NAT-8 masqueraded flows end with their address, those of a plain snat stay', () => {
    const address = { from: PUBLIC, to: PUBLIC };
    const sources: readonly GateOptions['source'][] = [
      () => ({ kind: 'masquerade', place: 'x', ports: undefined }),
      () => ({ kind: 'snat', place: 'x', addresses: [address], ports: undefined }),
    ];
    const left = sources.map((source) => {
      const gate = new Gate({ ...(source === undefined ? {} : { source }), masquerade: PUBLIC });
      gate.pass(out(), 0);
      gate.conntrack.removeTranslatedTo(ip('203.0.113.3'), 1);
      expect(gate.conntrack.rows(1)).toHaveLength(1);
      gate.conntrack.removeTranslatedTo(PUBLIC, 1);
      return gate.conntrack.rows(1).length;
    });
    expect(left).toEqual([0, 1]);
  });
});

describe('laws', () => {
  const host = fc.constantFrom(A, B);
  const server = fc.constantFrom(S, S2);
  const port = fc.constantFrom(5000, 5001, 300);
  const anyFlow = fc
    .record({ src: host, dst: server, sport: port, dport: fc.constantFrom(80, 9000) })
    .chain((ends) =>
      fc.constantFrom<Packet>(
        udp(ends),
        segment('>', 'syn', { inside: ends.src, outside: ends.dst, ...ends }),
        echo({ ...ends, id: ends.sport, seq: 1 }),
      ),
    );
  const anyScript = fc.array(fc.record({ packet: anyFlow, wait: fc.constantFrom(0, 100, 20 * S_, 40 * S_) }), {
    maxLength: 25,
  });

  /** Plays a script and says what time it is then. */
  function play(gate: Gate, script: readonly { packet: Packet; wait: number }[], start = 0): number {
    return script.reduce((before, { packet, wait }) => {
      gate.pass(packet, before + wait);
      return before + wait;
    }, start);
  }

  it('no two live connections have a tuple in common', () => {
    fc.assert(
      fc.property(anyScript, fc.boolean(), (script, nat) => {
        const gate = nat ? masquerading() : new Gate();
        const rows = gate.conntrack.rows(play(gate, script));
        const keys = rows.flatMap(({ original, reply }) => [keyOf(original), keyOf(reply)]);
        expect(new Set(keys).size).toBe(2 * rows.length);
      }),
      { numRuns: 200 },
    );
  });

  it('what has expired is as if it had never been', () => {
    fc.assert(
      fc.property(anyScript, anyScript, (before, after) => {
        const [old, fresh] = [masquerading(), masquerading()];
        let now = play(old, before) + 500 * S_;
        for (const { packet, wait } of after) {
          now += wait;
          const [a, b] = [old.pass(packet, now), fresh.pass(packet, now)];
          expect([a.tracked.state, a.binding?.kind]).toEqual([b.tracked.state, b.binding?.kind]);
        }
        const shape = (gate: Gate) =>
          gate.conntrack
            .rows(now)
            .map(({ original, status, expires, tcpState }) => [original, status, expires, tcpState]);
        expect(shape(old)).toEqual(shape(fresh));
      }),
      { numRuns: 150 },
    );
  });

  it('every entry that began ends once, and never before it began', () => {
    fc.assert(
      fc.property(anyScript, (script) => {
        const gate = masquerading();
        gate.conntrack.flush(play(gate, script));
        const live = new Map<number, number>();
        for (const change of gate.conntrack.drain()) {
          if (change.kind !== 'flow') continue;
          const { id } = change.row;
          expect(live.has(id)).toBe(change.change !== 'new');
          if (change.change === 'new') live.set(id, change.at);
          expect(change.at).toBeGreaterThanOrEqual(live.get(id) ?? Number.POSITIVE_INFINITY);
          if (change.change === 'destroy') live.delete(id);
        }
        expect(live.size).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});
