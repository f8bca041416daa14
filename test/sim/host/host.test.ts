import { describe, expect, it } from 'vitest';
import type { AppCommand, AppEvent } from '../../../src/sim/host/app/app.ts';
import { verify } from '../../../src/sim/packet/checksum.ts';
import { echo, FLAG, lengthOf, type Packet, tcp, udp } from '../../../src/sim/packet/packet.ts';
import { A, A6, B, B6, ip, kindsOf, Pair, puppet } from './pair.ts';

const payload = Uint8Array.of(1, 2, 3);
const RAW: AppCommand = { kind: 'raw', socket: 'raw', level: 'ip' };
const PACKET: AppCommand = { kind: 'raw', socket: 'frames', level: 'packet' };
const LISTEN: AppCommand = { kind: 'listen', socket: 'l', port: 80 };
const CONNECT: AppCommand = { kind: 'connect', socket: 'c', to: { ip: B, port: 80 } };
const inject = (packet: Packet, more: Partial<Extract<AppCommand, { kind: 'inject' }>> = {}): AppCommand => ({
  ...{ kind: 'inject', socket: 'raw', packet },
  ...more,
});

describe('programs', () => {
  it('leave notes, configuration and a finding', () => {
    const pair = new Pair();
    const lease = { address: A, prefix: { ip: A, length: 24 }, resolver: [], server: B, expires: 5 };
    const finding = { outcome: 'connected' };
    pair.start(
      'a',
      puppet('client'),
      { kind: 'note', text: 'hello' },
      { kind: 'configure', interface: 'wan', lease },
      { kind: 'configure', interface: 'wan', lease: undefined },
      { kind: 'finish', finding },
      { kind: 'note', text: 'never said' },
    );
    expect(pair.outputs[0]).toMatchObject({
      notes: [{ app: 'client', text: 'hello' }],
      configured: [
        { interface: 'wan', lease },
        { interface: 'wan', lease: undefined },
      ],
      finished: [{ app: 'client', finding }],
    });
    expect(pair.outputs[0]?.reception).toBeUndefined();
  });

  it('have timers: each name one, replaced and cancelled', () => {
    const pair = new Pair();
    const one = pair.start(
      'a',
      puppet('one'),
      { kind: 'timer', name: 'x', after: 10 },
      { kind: 'timer', name: 'x', after: 20 },
      { kind: 'timer', name: 'y', after: 15 },
      { kind: 'timer', name: 'z', after: 5 },
      { kind: 'cancel', name: 'z' },
      { kind: 'cancel', name: 'never set' },
    );
    expect(
      pair.outputs[0]?.timers.map(({ at }) => at),
      'only those still wanted',
    ).toEqual([20, 15]);
    pair.settle();
    expect([one.heard, pair.now]).toEqual([
      [
        { kind: 'timer', name: 'y' },
        { kind: 'timer', name: 'x' },
      ],
      20,
    ]);
  });

  it('a timer that nobody waits for any more is no event', () => {
    const pair = new Pair();
    const one = pair.start('a', puppet('one'), { kind: 'timer', name: 'x', after: 10 });
    const id = pair.outputs[0]?.timers[0]?.id ?? 0;
    expect(pair.hosts.a.wants(id)).toBe(true);
    pair.tell(one, { kind: 'timer', name: 'x', after: 30 });
    expect(pair.hosts.a.wants(id)).toBe(false);
    pair.take('a', pair.hosts.a.expire(id, 10));
    expect(one.heard).toEqual([]);
    pair.take('a', pair.hosts.a.stop('one', 10));
    pair.settle();
    expect([one.heard, pair.now]).toEqual([[], 0]);
  });

  it('hear of links', () => {
    const pair = new Pair();
    const [one, two] = [pair.start('a', puppet('one')), pair.start('a', puppet('two'))];
    pair.take('a', pair.hosts.a.linkChanged('wan', false, 0));
    expect([one.heard, two.heard]).toEqual([
      [{ kind: 'link', interface: 'wan', up: false }],
      [{ kind: 'link', interface: 'wan', up: false }],
    ]);
  });

  it('are stopped: their sockets close in order, once', () => {
    const pair = new Pair();
    pair.start('b', puppet('server'), LISTEN);
    pair.start('a', puppet('client'), CONNECT, { kind: 'bind', socket: 'u', port: 5 }, { ...LISTEN, port: 81 }, RAW, {
      kind: 'timer',
      name: 'x',
      after: 1e6,
    });
    pair.run(10);
    pair.take('a', pair.hosts.a.stop('client', pair.now));
    expect(pair.hosts.a.sockets().map(({ state, app }) => [state, app])).toEqual([['FIN-WAIT-1', undefined]]);
    expect(pair.hosts.a.stop('client', pair.now)).toEqual({
      packets: [],
      timers: [],
      notes: [],
      finished: [],
      configured: [],
      requests: [],
    });
    pair.start('a', puppet('client'), { kind: 'bind', socket: 'u', port: 5 });
    expect(pair.hosts.a.sockets()).toHaveLength(2);
  });

  it('two of one id, or one socket name twice, are a mistake of the engine', () => {
    const pair = new Pair();
    pair.start('a', puppet('one'));
    expect(() => pair.hosts.a.start(puppet('one').app, 'one', 0)).toThrow('one is running already');
    expect(() => pair.start('a', puppet('two'), RAW, RAW)).toThrow('two: socket "raw" is there already');
  });

  it('so are commands for a socket that never was, or of another kind', () => {
    const start =
      (...commands: AppCommand[]) =>
      () =>
        new Pair().start('a', puppet('one'), ...commands);
    expect(start({ kind: 'close', socket: 'x' })).toThrow('one: there is no socket "x"');
    expect(start(RAW, { kind: 'write', socket: 'raw', payload })).toThrow(
      'write does not go with the raw socket "raw"',
    );
    expect(start(LISTEN, { kind: 'send', socket: 'l', to: { ip: B, port: 1 }, payload })).toThrow(
      'send does not go with the listener',
    );
    expect(start(LISTEN, inject(echo({ src: A, dst: B, id: 1, seq: 1 }), { socket: 'l' }))).toThrow(
      'inject does not go with',
    );
  });

  it('commands for a socket that is gone do nothing: the news may be on its way', () => {
    const pair = new Pair();
    const gone: AppCommand[] = [
      { kind: 'write', socket: 'c', payload },
      { kind: 'shutdown', socket: 'c' },
      { kind: 'close', socket: 'c' },
      { kind: 'abort', socket: 'c' },
    ];
    const nowhere: AppCommand = { kind: 'connect', socket: 'c', to: { ip: ip('198.51.100.1'), port: 80 } };
    const one = pair.start('a', puppet('one'), nowhere, ...gone.slice(0, 2));
    expect(kindsOf(one)).toEqual(['failed unreachable']);
    pair.tell(one, ...gone);
    expect([kindsOf(one), pair.passed]).toEqual([['failed unreachable'], []]);
    const two = pair.start('a', puppet('two'), nowhere, { kind: 'close', socket: 'c' });
    expect(kindsOf(two)).toEqual([]);
  });

  it('events that are on their way to a closed socket are not heard, but for the last', () => {
    const pair = new Pair();
    const one = pair.start('a', puppet('one'), { kind: 'bind', socket: 'u', port: 5 }, { kind: 'close', socket: 'u' });
    expect(kindsOf(one)).toEqual(['closed']);
    const reacts = (event: AppEvent): AppCommand[] =>
      event.kind === 'accepted'
        ? [{ kind: 'note', text: event.socket }]
        : event.kind === 'ended'
          ? [{ kind: 'close', socket: event.socket }]
          : [];
    pair.start('b', puppet('server', reacts), LISTEN);
    for (const name of ['x', 'y']) pair.start('a', puppet(name), CONNECT);
    pair.run(10);
    const notes = pair.outputs.flatMap((output) => output.notes.map(({ text }) => text));
    expect(notes, 'accepted connections are numbered').toEqual(['l#1', 'l#2']);
  });

  it('answer the other program of their own host over loopback', () => {
    const pair = new Pair();
    pair.start('a', puppet('server'), LISTEN);
    const loopback = ip('127.0.0.1');
    const client = pair.start('a', puppet('client'), { ...CONNECT, to: { ip: loopback, port: 80 } });
    for (let i = 0; i < pair.passed.length; i++) {
      const packet = pair.passed[i]?.packet;
      if (packet !== undefined) pair.inject('a', packet, 'lo');
    }
    expect(kindsOf(client)).toEqual(['connected']);
    expect(pair.passed.every(({ packet }) => packet.src === loopback && packet.dst === loopback)).toBe(true);
  });
});

describe('raw and packet sockets', () => {
  const ping = echo({ src: B, dst: A, id: 1, seq: 1, reply: true });

  it('a raw socket gets a copy of what is delivered, a packet socket of every frame', () => {
    const pair = new Pair();
    const one = pair.start('a', puppet('one'), RAW, PACKET);
    expect(pair.inject('a', ping).reception).toEqual({ kind: 'delivered', to: 'one', apps: ['one'] });
    expect(one.heard).toEqual([{ kind: 'packet', socket: 'raw', packet: ping, interface: 'eth0' }]);
    const passing = udp({ src: B, dst: ip('10.0.0.77'), sport: 1, dport: 2 });
    const sniffed = pair.hosts.a.sniff(passing, 'eth7', 0);
    expect(sniffed.reception).toBeUndefined();
    expect(one.heard.at(-1)).toEqual({ kind: 'packet', socket: 'frames', packet: passing, interface: 'eth7' });
    pair.tell(one, { kind: 'close', socket: 'raw' }, { kind: 'close', socket: 'frames' });
    expect(kindsOf(one).slice(-2)).toEqual(['closed', 'closed']);
    expect(pair.hosts.a.sockets()).toEqual([]);
  });

  it('what the kernel refuses aloud is refused, though a raw socket looks on', () => {
    const pair = new Pair();
    const one = pair.start('a', puppet('one'), RAW);
    const { packets, reception } = pair.inject(
      'a',
      tcp({ src: B, dst: A, sport: 1, dport: 2, seq: 1, flags: FLAG.syn }),
    );
    expect([packets.length, reception]).toMatchObject([1, { kind: 'dropped', reason: 'noSocket' }]);
    expect(kindsOf(one)).toEqual(['packet']);
    expect(pair.inject('a', { ...ping, checksum: 1 }).reception).toMatchObject({ reason: 'badChecksum' });
    expect(pair.inject('a', echo({ src: B, dst: A, id: 1, seq: 1 })).reception).toMatchObject({ to: 'echo reply' });
  });

  it('a crafted packet leaves as it is, with right checksums, an identification and a source', () => {
    const pair = new Pair({ wire: () => [] });
    const crafted = udp({ src: ip('0.0.0.0'), dst: B, sport: 1, dport: 2, ttl: 3, payload });
    const one = pair.start('a', puppet('one'), RAW, inject({ ...crafted, checksum: 9 }));
    pair.tell(one, inject(udp({ ...crafted, src: B, ident: 77 })), inject(crafted, { interface: 'eth1' }));
    pair.tell(one, inject(echo({ src: ip('::'), dst: B6, id: 1, seq: 1 })));
    const sent = pair.passed.map(({ packet, interface: out, cause }) => [
      packet.src,
      packet.ident,
      packet.ttl,
      out,
      cause,
    ]);
    expect(sent).toEqual([
      [A, expect.any(Number), 3, undefined, 'raw'],
      [B, 77, 3, undefined, 'raw'],
      [ip('0.0.0.0'), expect.any(Number), 3, 'eth1', 'raw'],
      [A6, 0, 64, undefined, 'raw'],
    ]);
    expect(pair.passed[0]?.packet.ident).toBeGreaterThan(0);
  });

  it('a fragment keeps its own identification', () => {
    const pair = new Pair({ wire: () => [] });
    const piece: Packet = {
      ...udp({ src: A, dst: B, sport: 1, dport: 2 }),
      kind: 'other',
      protocol: 17,
      fragment: { offset: 8, more: false },
      payload,
    };
    pair.start('a', puppet('one'), RAW, inject(piece));
    expect(pair.passed[0]?.packet.ident).toBe(0);
  });

  it('without a way out it fails', () => {
    const pair = new Pair();
    const away = echo({ src: ip('0.0.0.0'), dst: ip('198.51.100.1'), id: 1, seq: 1 });
    const one = pair.start('a', puppet('one'), RAW, inject(away));
    expect(one.heard).toEqual([{ kind: 'failed', socket: 'raw', error: 'unreachable' }]);
    pair.tell(one, inject({ ...away, src: A }), inject({ ...away, src: A }, { interface: 'eth1' }));
    expect([kindsOf(one).length, pair.passed.length]).toEqual([2, 1]);
  });
});

describe('what a host shows', () => {
  it('its sockets, as ss -an', () => {
    const pair = new Pair();
    pair.start('b', puppet('server'), { ...LISTEN, address: B });
    pair.start('a', puppet('client'), CONNECT, { kind: 'listen', socket: 'l', port: 8080 }, RAW, PACKET);
    pair.start(
      'a',
      puppet('udp'),
      { kind: 'bind', socket: 'x', port: 5 },
      { kind: 'bind', socket: 'y', port: 6, peer: { ip: B, port: 7 } },
    );
    pair.run(1.5);
    expect(pair.hosts.b.sockets()).toEqual([
      { protocol: 'tcp', local: { ip: B, port: 80 }, state: 'LISTEN', app: 'server' },
      {
        protocol: 'tcp',
        local: { ip: B, port: 80 },
        remote: { ip: A, port: expect.any(Number) },
        state: 'SYN-RECEIVED',
        app: 'server',
      },
    ]);
    expect(pair.hosts.a.sockets()).toEqual([
      { protocol: 'tcp', local: { ip: ip('0.0.0.0'), port: 8080 }, state: 'LISTEN', app: 'client' },
      { protocol: 'udp', local: { ip: ip('0.0.0.0'), port: 5 }, state: 'UNCONNECTED', app: 'udp' },
      { protocol: 'udp', local: { ip: A, port: 6 }, remote: { ip: B, port: 7 }, state: 'ESTABLISHED', app: 'udp' },
      {
        protocol: 'tcp',
        local: { ip: A, port: expect.any(Number) },
        remote: { ip: B, port: 80 },
        state: 'SYN-SENT',
        app: 'client',
      },
      { protocol: 'raw', state: 'UNCONNECTED', app: 'client' },
      { protocol: 'packet', state: 'UNCONNECTED', app: 'client' },
    ]);
    expect(pair.hosts.a.name).toBe('a');
  });

  it('RFC 6528: sequence numbers that grow with time, and differ between pairs and hosts', () => {
    const pair = new Pair({ wire: () => [] });
    const seqs = (port: number, at: number) => {
      pair.now = at;
      pair.start('a', puppet(`${port} ${at}`), { ...CONNECT, from: { port } }, { kind: 'abort', socket: 'c' });
      const sent = pair.passed.at(-1)?.packet;
      return sent?.kind === 'tcp' ? sent.seq : 0;
    };
    const [first, later, other] = [seqs(5, 0), seqs(5, 1000), seqs(6, 1000)];
    expect((later - first) >>> 0).toBe(250_000);
    expect(Math.abs(other - later)).toBeGreaterThan(1000);
  });

  it('identifications counted up to their wrap, each packet with its own', () => {
    const pair = new Pair({ wire: () => [] });
    const one = pair.start('a', puppet('one'), { kind: 'bind', socket: 'u', port: 5 });
    const send: AppCommand = { kind: 'send', socket: 'u', to: { ip: B, port: 6 }, payload };
    for (let i = 0; i < 7; i++) pair.tell(one, ...Array.from({ length: 10_000 }, () => send));
    const idents = pair.passed.map(({ packet }) => packet.ident);
    expect(new Set(idents).size).toBe(65_536);
    expect(pair.passed.every(({ packet }) => verify(packet).header && lengthOf(packet) === 31)).toBe(true);
  });
});
