/** FTP sessions in a whole network that no ordinary client would hold: scripted applications say exactly what they are told. */
import { describe, expect, it } from 'vitest';
import { parseIp } from '../src/sim/addr/ip.ts';
import { fail } from '../src/sim/base/fail.ts';
import type { Design } from '../src/sim/design/design.ts';
import type { AppCommand, AppEvent } from '../src/sim/host/app/app.ts';
import type { Packet } from '../src/sim/packet/packet.ts';
import { World } from '../src/sim/world/world.ts';
import { script } from './script.ts';

const ip = (text: string) => parseIp(text) ?? fail(text);
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (payload: Uint8Array) => new TextDecoder().decode(payload);

/** A client behind a gateway that masquerades and helps; a server and a stranger outside. */
function network({ inside = '192.168.1', outside = '203.0.113.2' } = {}): Design {
  return {
    nodes: {
      client: { kind: 'host', interfaces: { eth0: `${inside}.10/24` }, gateway: `${inside}.1` },
      gateway: {
        kind: 'gateway',
        interfaces: { lan: `${inside}.1/24`, wan: `${outside}/24` },
        nat: { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' }], helpers: ['ftp'] },
      },
      server: { kind: 'host', interfaces: { eth0: ['203.0.113.50/24', '203.0.113.51/24'] } },
      stranger: { kind: 'host', interfaces: { eth0: '203.0.113.99/24' } },
    },
    links: [
      ['client', 'gateway:lan'],
      ['gateway:wan', 'server', 'stranger'],
    ],
  };
}

const write = (socket: string, line: string): AppCommand => ({ kind: 'write', socket, payload: bytes(line) });
const SERVER = { ip: ip('203.0.113.50'), port: 21 };
/** Where the server hears the control connection: the host names it so. */
const CONTROL = 'control#1';

interface Play {
  readonly design?: Design;
  /** Lines of the client and of the server by their time; the connection is there at 100 ms. */
  readonly client: readonly (readonly [number, string])[];
  readonly server?: readonly (readonly [number, string])[];
  /** What else the server does. */
  readonly more?: readonly (readonly [number, AppCommand])[];
  readonly stranger?: readonly (readonly [number, AppCommand])[];
  readonly until?: number;
}

function play({ design = network(), client, server = [[100, '220 ready\r\n']], more = [], ...rest }: Play) {
  const world = new World(design);
  const servant = script(
    'server',
    [0, { kind: 'listen', socket: 'control', port: 21 }],
    ...server.map(([at, line]) => [at, write(CONTROL, line)] as const),
    ...more,
  );
  const asker = script(
    'client',
    [0, { kind: 'listen', socket: 'data', port: 40001 }],
    [10, { kind: 'connect', socket: 'c', to: SERVER }],
    ...client.map(([at, line]) => [at, write('c', line)] as const),
  );
  const stranger = script('stranger', ...(rest.stranger ?? []));
  world.launch('server', servant.app);
  world.launch('client', asker.app);
  world.launch('stranger', stranger.app);
  world.runUntil(rest.until ?? 2000);
  return { world, server: servant, client: asker, stranger };
}

const accepted = (events: readonly AppEvent[]) => events.filter(({ kind }) => kind === 'accepted');

/** Whom the gateway expects. */
function expected(world: World): string[] {
  return world.inspect('gateway').expectations.map((row) => `${row.source} > ${row.destination}:${row.port}`);
}

/** What was dropped at the gateway, and why. */
function drops(world: World): string[] {
  return world.trace.flatMap((event) =>
    event.kind === 'fate' && event.fate.kind === 'dropped' && event.fate.node === 'gateway' ? [event.fate.reason] : [],
  );
}

/** Control segments with a payload on the wires to a node, each with where it begins in its stream. */
function segments(world: World, from: string): { readonly seq: number; readonly line: string }[] {
  const all = world.trace.flatMap((event) =>
    event.kind === 'wire' && event.from.startsWith(`${from}:`) && isControl(event.value) ? [event.value] : [],
  );
  return all.map(({ seq, payload }) => ({ seq: (seq - (all[0]?.seq ?? 0)) >>> 0, line: text(payload) }));
}

function isControl(packet: Packet): packet is Packet & { kind: 'tcp' } {
  return packet.kind === 'tcp' && packet.dport === 21 && packet.payload.length > 0;
}

const PORT = 'PORT 192,168,1,10,156,65\r\n';
const REWRITTEN = 'PORT 203,0,113,2,156,65\r\n';
const EXPECTED = '203.0.113.50 > 203.0.113.2:40001';
const USER: readonly [number, string] = [200, 'USER x\r\n'];
const toClient = (from: number, source = '203.0.113.50'): AppCommand => ({
  kind: 'connect',
  socket: 'data',
  to: { ip: ip('203.0.113.2'), port: 40001 },
  from: { ip: ip(source), port: from },
});

describe('LNX-FTP corners, over whole networks', () => {
  it('PORT as the very first line passes unread, and the data connection is refused by the gateway', () => {
    const { world, server } = play({ client: [[200, PORT]], more: [[400, toClient(20)]] });
    expect(server.said(CONTROL)).toBe(PORT);
    expect(expected(world)).toEqual([]);
    expect(server.heard.at(-1)).toMatchObject({ kind: 'failed', socket: 'data', error: 'refused' });
  });

  it('LNX-FTP-10 PORT split over two segments: the first piece is dropped, as often as it comes again (unlike FTP-A1)', () => {
    const { world, server } = play({
      client: [USER, [300, 'PORT 192,168'], [310, ',1,10,156,65\r\n']],
      until: 60_000,
    });
    const pieces = segments(world, 'client').filter(({ seq }) => seq === 8);
    expect(pieces.length).toBeGreaterThan(5);
    expect(new Set(pieces.map(({ line }) => line))).toEqual(new Set(['PORT 192,168']));
    expect(drops(world)).toEqual(pieces.map(() => 'helperIncomplete'));
    expect(server.said(CONTROL)).toBe('USER x\r\n');
    expect(expected(world)).toEqual([]);
  });

  it('LNX-FTP-2 a payload that shrinks: what follows on both sides is in order, and nothing is sent twice (FTP-A2, FTP-A4)', () => {
    const { world, server, client } = play({
      client: [USER, [300, PORT], [500, 'NOOP\r\n'], [700, 'QUIT\r\n']],
      server: [
        [100, '220 ready\r\n'],
        [400, '200 ok\r\n'],
        [600, '200 noop\r\n'],
        [800, '221 bye\r\n'],
      ],
    });
    expect(segments(world, 'client').map(({ seq, line }) => [seq, line])).toEqual([
      [0, 'USER x\r\n'],
      [8, PORT],
      [34, 'NOOP\r\n'],
      [40, 'QUIT\r\n'],
    ]);
    expect(segments(world, 'gateway').map(({ seq, line }) => [seq, line])).toEqual([
      [0, 'USER x\r\n'],
      [8, REWRITTEN],
      [33, 'NOOP\r\n'],
      [39, 'QUIT\r\n'],
    ]);
    expect(server.said(CONTROL)).toBe(`USER x\r\n${REWRITTEN}NOOP\r\nQUIT\r\n`);
    expect(client.said('c')).toBe('220 ready\r\n200 ok\r\n200 noop\r\n221 bye\r\n');
    expect(expected(world)).toEqual([EXPECTED]);
  });

  it('LNX-FTP-2 a payload that grows, twice: the difference adds up (FTP-A4)', () => {
    const { world, server } = play({
      design: network({ inside: '10.1.1', outside: '203.0.113.200' }),
      client: [USER, [300, 'PORT 10,1,1,10,156,65\r\n'], [500, 'EPRT |1|10.1.1.10|40002|\r\n'], [700, 'QUIT\r\n']],
    });
    expect(segments(world, 'gateway').map(({ seq, line }) => [seq, line])).toEqual([
      [0, 'USER x\r\n'],
      [8, 'PORT 203,0,113,200,156,65\r\n'],
      [35, 'EPRT |1|203.0.113.200|40002|\r\n'],
      [65, 'QUIT\r\n'],
    ]);
    expect(segments(world, 'client').at(-1)).toEqual({ seq: 57, line: 'QUIT\r\n' });
    expect(server.said(CONTROL).endsWith('40002|\r\nQUIT\r\n')).toBe(true);
  });

  it('LNX-FTP-4 data from another port than 20 is let in and led to the client (FTP-A5)', () => {
    const { world, client, server } = play({ client: [USER, [300, PORT]], more: [[400, toClient(54321)]] });
    expect(accepted(client.heard)).toMatchObject([
      { peer: { ip: ip('203.0.113.50'), port: 54321 }, local: { port: 40001 } },
    ]);
    expect(server.heard.at(-1)).toMatchObject({ kind: 'connected', socket: 'data' });
    expect(expected(world)).toEqual([]);
  });

  it.each([
    ['another address of the server', { more: [[400, toClient(20, '203.0.113.51')]] }],
    ['a stranger', { stranger: [[400, toClient(20, '203.0.113.99')]] }],
  ] as const)('LNX-FTP-4 data from %s is refused by the gateway, and the expectation waits on', (_, more) => {
    const { world, client, server, stranger } = play({ client: [USER, [300, PORT]], ...more });
    expect([...server.heard, ...stranger.heard]).toContainEqual(
      expect.objectContaining({ kind: 'failed', socket: 'data', error: 'refused' }),
    );
    expect(accepted(client.heard)).toEqual([]);
    expect(expected(world)).toEqual([EXPECTED]);
  });

  it("LNX-FTP-7 PORT with somebody else's address passes as it is, and opens nothing (FTP-A7)", () => {
    const bounce = 'PORT 203,0,113,99,0,80\r\n';
    const { world, server } = play({ client: [USER, [300, bounce], [500, 'NOOP\r\n']] });
    expect(server.said(CONTROL)).toBe(`USER x\r\n${bounce}NOOP\r\n`);
    expect(expected(world)).toEqual([]);
  });

  it('LNX-FTP-3 an expectation that nobody uses ends after 300 s (FTP-A5)', () => {
    const late = (at: number) => play({ client: [USER, [300, PORT]], more: [[at, toClient(20)]], until: 400_000 });
    expect(accepted(late(300_000).client.heard)).toHaveLength(1);
    expect(accepted(late(300_400).client.heard)).toEqual([]);
  });

  it('LNX-FTP-8 a port below 1024 is expected too (unlike FTP-A8)', () => {
    const { world } = play({ client: [USER, [300, 'PORT 192,168,1,10,3,232\r\n']] });
    expect(expected(world)).toEqual(['203.0.113.50 > 203.0.113.2:1000']);
  });

  it('LNX-FTP-13 after AUTH nothing can be read, and sequence numbers are shifted on (FTP-A9)', () => {
    const sealed = '\x17\x03\x03PORT 192,168,1,10,156,66\r\n';
    const { world, server, client } = play({
      client: [USER, [300, PORT], [500, 'AUTH TLS\r\n'], [700, sealed]],
      server: [
        [100, '220 ready\r\n'],
        [400, '200 ok\r\n'],
        [600, '234 go\r\n'],
        [800, '200 ok\r\n'],
      ],
    });
    expect(server.said(CONTROL)).toBe(`USER x\r\n${REWRITTEN}AUTH TLS\r\n${sealed}`);
    expect(client.said('c')).toBe('220 ready\r\n200 ok\r\n234 go\r\n200 ok\r\n');
    expect(segments(world, 'gateway').map(({ seq }) => seq)).toEqual([0, 8, 33, 43]);
    expect(expected(world)).toEqual([EXPECTED]);
  });

  it('unknown commands pass as they are; PORT after PASV is handled like any other (FTP-A10)', () => {
    const { world, server } = play({
      client: [USER, [300, 'XYZZY 1,2,3,4,5,6\r\n'], [500, 'PASV\r\n'], [700, PORT]],
      server: [
        [100, '220 ready\r\n'],
        [400, '500 what\r\n'],
        [600, '227 ok (203,0,113,50,195,80)\r\n'],
      ],
    });
    expect(server.said(CONTROL)).toBe(`USER x\r\nXYZZY 1,2,3,4,5,6\r\nPASV\r\n${REWRITTEN}`);
    expect(expected(world)).toEqual([EXPECTED]);
  });

  it('the data connection has the address of its control connection, whatever the pool holds (FTP-A6)', () => {
    const design = network();
    const gateway = design.nodes.gateway ?? fail('no gateway');
    const pool = Array.from({ length: 10 }, (_, i) => `203.0.113.${100 + i}`);
    const rules = [{ match: { outInterface: 'wan' }, action: 'snat' as const, to: `${pool[0]}-${pool.at(-1)}` }];
    const interfaces = { ...gateway.interfaces, wan: ['203.0.113.2', ...pool].map((address) => `${address}/24`) };
    const pooled: Design = {
      ...design,
      nodes: { ...design.nodes, gateway: { ...gateway, interfaces, nat: { rules, helpers: ['ftp'] } } },
    };
    const { world, server } = play({ design: pooled, client: [USER, [300, PORT], [500, 'PASV\r\n']] });
    const [peer] = server.heard.flatMap((event) => (event.kind === 'accepted' ? [event.peer.ip] : []));
    const [, last = ''] = /PORT 203,0,113,(\d+),156,65/.exec(server.said(CONTROL)) ?? [];
    expect(peer).toBe(ip(`203.0.113.${last}`));
    expect(expected(world)).toEqual([`203.0.113.50 > 203.0.113.${last}:40001`]);
  });
});
