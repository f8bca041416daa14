import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ip, ip4, ip6, showIp } from '../../../src/sim/addr/ip.ts';
import { verify } from '../../../src/sim/packet/checksum.ts';
import { echo, FLAG, type Packet, type Tcp, tcp } from '../../../src/sim/packet/packet.ts';
import { withTtl } from '../../../src/sim/packet/rewrite.ts';
import { encodeOptions } from '../../../src/sim/packet/tcp-options.ts';
import { decode, encode } from '../../../src/sim/packet/wire/frame.ts';
import type { Translation } from '../../../src/sim/program/program.ts';
import { readCommand, writeEndpoint } from '../../../src/sim/router/alg/ftp-command.ts';
import { advance } from '../../../src/sim/router/track/sequence.ts';
import { A, B, Gate, type GateOptions, ip, masquerading, type Passed, PUBLIC, S } from './gate.ts';

const S_ = 1000;
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (packet: Packet | undefined) =>
  packet?.kind === 'tcp' ? new TextDecoder().decode(packet.payload) : undefined;

/** An FTP control connection through a gate: both ends number as they see things. */
class Control {
  readonly gate: Gate;
  readonly client: Ip;
  readonly server: Ip;
  /** Where the client sends to, and whom the server answers. */
  readonly asked: Ip;
  readonly seen: Ip;
  readonly port: number;
  client_ = 1000;
  server_ = 5000;
  gotByServer = 0;
  gotByClient = 0;
  now = 0;

  constructor(
    gate: Gate,
    from: { client?: Ip; server?: Ip; asked?: Ip; seen?: Ip; port?: number; sport?: number } = {},
  ) {
    const { client = A, server = S, asked = server, seen = PUBLIC, port = 21, sport = 3000 } = from;
    this.gate = gate;
    this.client = client;
    this.server = server;
    this.asked = asked;
    this.seen = seen;
    this.port = port;
    this.sport = sport;
    this.says('', FLAG.syn);
    this.replies('', FLAG.syn | FLAG.ack);
    this.says('');
  }
  readonly sport: number;

  says(line: string, flags: number = FLAG.ack, more: Partial<Tcp> = {}): Passed {
    const seq = more.seq ?? this.client_;
    const ack = flags & FLAG.ack ? this.gotByClient : 0;
    const ends = { src: this.client, dst: this.asked, sport: this.sport, dport: this.port };
    const passed = this.gate.pass(tcp({ ...ends, ack, flags, payload: bytes(line), ...more, seq }), this.now);
    const length = bytes(line).length + (flags & FLAG.syn ? 1 : 0);
    if (more.seq === undefined && passed.packet !== undefined) this.client_ = advance(this.client_, length);
    const { packet } = passed;
    if (packet?.kind === 'tcp')
      this.gotByServer = advance(packet.seq, packet.payload.length + (flags & FLAG.syn ? 1 : 0));
    return passed;
  }

  replies(line: string, flags: number = FLAG.ack, more: Partial<Tcp> = {}): Passed {
    const seq = more.seq ?? this.server_;
    const ends = { src: this.server, dst: this.seen, sport: this.port, dport: this.sport };
    const passed = this.gate.pass(
      tcp({ ...ends, ack: this.gotByServer, flags, payload: bytes(line), ...more, seq }),
      this.now,
    );
    const length = bytes(line).length + (flags & FLAG.syn ? 1 : 0);
    if (more.seq === undefined && passed.packet !== undefined) this.server_ = advance(this.server_, length);
    const { packet } = passed;
    if (packet?.kind === 'tcp')
      this.gotByClient = advance(packet.seq, packet.payload.length + (flags & FLAG.syn ? 1 : 0));
    return passed;
  }

  /** A line each way, after which both ends' lines are known to begin where they do. */
  greeted(): this {
    this.replies('220 ready\r\n');
    this.says('USER x\r\n');
    this.replies('331 go on\r\n');
    return this;
  }

  /** The first segment of a data connection. */
  data(src: Ip, dst: Ip, dport: number, sport = 20): Passed {
    return this.gate.pass(tcp({ src, dst, sport, dport, seq: 1, flags: FLAG.syn }), this.now);
  }

  get expected(): string[] {
    return this.gate.conntrack
      .expectationRows(this.now)
      .map(({ from, to }) => `${showIp(from)} > ${showIp(to.ip)}:${to.port}`);
  }
}

const helped: GateOptions = { helpers: ['ftp'] };
const clientSide = () => new Control(masquerading(helped)).greeted();
const firewall = () => new Control(new Gate(helped), { seen: A }).greeted();
const SERVER = ip('192.168.1.20');
const forwarded = (): Control => {
  const rule: Translation = { kind: 'dnat', place: 'x', addresses: [{ from: SERVER, to: SERVER }], ports: undefined };
  const gate = new Gate({ ...helped, destination: ({ dst }) => (dst === PUBLIC ? rule : undefined) });
  return new Control(gate, { client: S, server: SERVER, asked: PUBLIC, seen: S }).greeted();
};

describe('LNX-FTP: client behind masquerade', () => {
  it('-1 without the helper nothing is read or rewritten', () => {
    const control = new Control(masquerading()).greeted();
    const { packet, helped: done } = control.says('PORT 192,168,1,50,156,65\r\n');
    expect(text(packet)).toBe('PORT 192,168,1,50,156,65\r\n');
    expect(done).toEqual({ kind: 'pass', packet });
    expect(control.expected).toEqual([]);
  });

  it('-2 PORT leaves with the public address; later segments and ACKs are shifted', () => {
    const control = clientSide();
    const before = control.client_;
    const { packet, helped: done } = control.says('PORT 192,168,1,50,156,65\r\n');
    expect(text(packet)).toBe('PORT 203,0,113,2,156,65\r\n');
    expect(packet?.kind === 'tcp' && packet.seq).toBe(before);
    expect(done).toMatchObject({
      kind: 'pass',
      told: {
        detail: '203.0.113.50 may connect once to 203.0.113.2 port 40001',
        before: 'PORT 192,168,1,50,156,65',
        after: 'PORT 203,0,113,2,156,65',
      },
    });
    const ok = control.replies('200 ok\r\n');
    expect(ok.packet).toMatchObject({ ack: before + 26 });
    expect(control.says('LIST\r\n').packet).toMatchObject({ seq: before + 25 });
    expect(control.replies('150 x\r\n').packet).toMatchObject({ ack: before + 32 });
  });

  it('-3 the data connection is RELATED, translated to the client, and may come once', () => {
    const control = clientSide();
    control.says('PORT 192,168,1,50,156,65\r\n');
    expect(control.expected).toEqual(['203.0.113.50 > 203.0.113.2:40001']);
    const { tracked, packet } = control.data(S, PUBLIC, 40001);
    expect(tracked).toMatchObject({ state: 'related', detail: 'expected by connection 1, SYN_SENT' });
    expect(packet).toMatchObject({ src: S, dst: A, sport: 20, dport: 40001 });
    expect(control.gate.conntrack.rows(0).at(-1)?.status).toEqual(['UNREPLIED', 'EXPECTED', 'DNAT']);
    expect(control.expected).toEqual([]);
    expect(control.data(S, PUBLIC, 40001, 21).tracked.state).toBe('new');
    const answer = tcp({ src: A, dst: S, sport: 40001, dport: 20, seq: 9, ack: 2, flags: FLAG.syn | FLAG.ack });
    expect(control.gate.pass(answer)).toMatchObject({ tracked: { state: 'established' }, packet: { src: PUBLIC } });
  });

  it('-3 a retransmission of the first data segment is RELATED still', () => {
    const control = clientSide();
    control.says('PORT 192,168,1,50,156,65\r\n');
    control.data(S, PUBLIC, 40001);
    expect(control.data(S, PUBLIC, 40001).tracked.state).toBe('related');
  });

  it('-3 the expectation lasts 300 s', () => {
    for (const [wait, state] of [
      [299, 'related'],
      [300, 'new'],
    ] as const) {
      const control = clientSide();
      control.says('PORT 192,168,1,50,156,65\r\n');
      control.now = wait * S_;
      expect(control.data(S, PUBLIC, 40001).tracked.state).toBe(state);
    }
  });

  it('-4 from any port of the server, and from no other address', () => {
    const control = clientSide();
    control.says('PORT 192,168,1,50,156,65\r\n');
    expect(control.data(ip('203.0.113.99'), PUBLIC, 40001).tracked.state).toBe('new');
    expect(control.data(S, PUBLIC, 40001, 54321).tracked.state).toBe('related');
  });

  it('EPRT likewise, in lower case and with another delimiter', () => {
    expect(text(clientSide().says('EPRT |1|192.168.1.50|40001|\r\n').packet)).toBe('EPRT |1|203.0.113.2|40001|\r\n');
    expect(text(clientSide().says('eprt !1!192.168.1.50!40001!\r\n').packet)).toBe('eprt |1|203.0.113.2|40001|\r\n');
  });

  it('EPRT over IPv6 gets the address written out in full', () => {
    const [client, server, seen] = [ip('fd00:1::50'), ip('2001:db8:7::50'), ip('2001:db8:9::2')];
    const rule: Translation = { kind: 'masquerade', place: 'x', ports: undefined };
    const gate = new Gate({ ...helped, masquerade: seen, source: ({ src }) => (src === client ? rule : undefined) });
    const control = new Control(gate, { client, server, seen }).greeted();
    const { packet } = control.says('EPRT |2|fd00:1::50|40001|\r\n');
    expect(text(packet)).toBe('EPRT |2|2001:0db8:0009:0000:0000:0000:0000:0002|40001|\r\n');
    expect(control.data(server, seen, 40001).packet).toMatchObject({ dst: client });
    expect(text(control.says('PORT 10,0,0,1,1,1\r\n').packet)).toBe('PORT 10,0,0,1,1,1\r\n');
  });

  it('-7 another address than the own is neither rewritten nor expected', () => {
    const control = clientSide();
    const { packet, helped: done } = control.says('PORT 10,9,8,7,156,65\r\n');
    expect(text(packet)).toBe('PORT 10,9,8,7,156,65\r\n');
    expect(done).toMatchObject({ told: { detail: 'PORT names 10.9.8.7, not its sender: nothing is expected' } });
    expect(control.expected).toEqual([]);
  });

  it('-8 ports below 1024 are expected like others, port 0 is not', () => {
    expect(text(clientSide().says('PORT 192,168,1,50,0,80\r\n').packet)).toBe('PORT 203,0,113,2,0,80\r\n');
    expect(clientSide().says('PORT 192,168,1,50,0,0\r\n').why).toBe('natExhausted');
    expect(firewall().says('PORT 192,168,1,50,0,0\r\n').packet).toBeDefined();
  });

  it.each([' PORT 192,168,1,50,156,65\r\n', 'NOOP\r\nPORT 192,168,1,50,156,65\r\n'])('-9 not seen: %j', (line) => {
    const control = clientSide();
    expect(text(control.says(line).packet)).toBe(line);
    expect(control.expected).toEqual([]);
  });

  it('-9 a command in front of others in its segment is seen', () => {
    const { packet } = clientSide().says('port 192,168,1,50,156,65\r\nLIST\r\n');
    expect(text(packet)).toBe('port 203,0,113,2,156,65\r\nLIST\r\n');
  });

  it('the very first line of the client is not seen: nobody knows yet that it begins one', () => {
    const control = new Control(masquerading(helped));
    control.replies('220 ready\r\n');
    expect(text(control.says('PORT 192,168,1,50,156,65\r\n').packet)).toBe('PORT 192,168,1,50,156,65\r\n');
    expect(text(control.says('PORT 192,168,1,50,156,65\r\n').packet)).toBe('PORT 203,0,113,2,156,65\r\n');
  });

  it('a segment behind one that did not end its line is not seen', () => {
    const control = clientSide();
    control.says('SITE something');
    expect(text(control.says('PORT 192,168,1,50,156,65\r\n').packet)).toBe('PORT 192,168,1,50,156,65\r\n');
  });

  it.each(['PORT 192,168,1', 'P', 'PORT', 'PORT ', 'PORT nonsense\r\n', 'EPRT |1|\r\n', 'PORT 192,168,1,50,156,65'])(
    '-10 %j is dropped, and so is each retransmission',
    (line) => {
      const control = clientSide();
      for (let times = 0; times < 3; times++) {
        expect(control.says(line)).toMatchObject({ packet: undefined, why: 'helperIncomplete' });
      }
    },
  );

  it('-11 two clients ask for one port: the second gets another, above it', () => {
    const gate = masquerading(helped);
    const one = new Control(gate).greeted();
    const two = new Control(gate, { client: B, sport: 3001 }).greeted();
    one.says('PORT 192,168,1,50,156,65\r\n');
    const [, high = 0, low = 0] =
      /,(\d+),(\d+)\r/.exec(text(two.says('PORT 192,168,1,51,156,65\r\n').packet) ?? '') ?? [];
    const port = Number(high) * 256 + Number(low);
    expect(port).toBeGreaterThan(40001);
    expect(two.data(S, PUBLIC, port).packet).toMatchObject({ dst: B, dport: 40001 });
    expect(one.data(S, PUBLIC, 40001).packet).toMatchObject({ dst: A, dport: 40001 });
  });

  it('-11 no port above the highest: the command is dropped', () => {
    const gate = masquerading(helped);
    new Control(gate).greeted().says('PORT 192,168,1,50,255,255\r\n');
    const two = new Control(gate, { client: B, sport: 3001 }).greeted();
    expect(two.says('PORT 192,168,1,51,255,255\r\n')).toMatchObject({ packet: undefined, why: 'natExhausted' });
  });

  it('-12 a second PORT replaces the first expectation', () => {
    const control = clientSide();
    control.says('PORT 192,168,1,50,156,65\r\n');
    control.says('PORT 192,168,1,50,156,66\r\n');
    expect(control.expected).toEqual(['203.0.113.50 > 203.0.113.2:40002']);
    expect(control.data(S, PUBLIC, 40001).tracked.state).toBe('new');
  });

  it('-12 closing the control connection does not end the expectation, its end does', () => {
    const control = clientSide();
    control.says('PORT 192,168,1,50,156,65\r\n');
    control.says('', FLAG.fin | FLAG.ack);
    expect(control.expected).toHaveLength(1);
    control.gate.conntrack.flush(control.now);
    expect(control.expected).toEqual([]);
  });

  it('an expectation of a connection that has expired is void', () => {
    const control = clientSide();
    control.says('PORT 192,168,1,50,156,65\r\n');
    control.says('', FLAG.rst);
    control.now = 11 * S_;
    expect(control.data(S, PUBLIC, 40001).tracked.state).toBe('new');
  });

  it('-13 what is encrypted is not read', () => {
    const control = clientSide();
    const line = '\x16\x03\x01PORT 192,168,1,50,156,65\r\n';
    expect(text(control.says(line).packet)).toBe(line);
  });

  it('-14 another port than 21 is not read, nor is what the router itself says', () => {
    const control = new Control(masquerading(helped), { port: 2121 }).greeted();
    expect(text(control.says('PORT 192,168,1,50,156,65\r\n').packet)).toContain('192,168');
    const { conntrack } = new Gate(helped);
    const syn = tcp({ src: PUBLIC, dst: S, sport: 1, dport: 21, seq: 1, flags: FLAG.syn });
    expect(conntrack.track(syn, 0, true).connection?.helper).toBeUndefined();
    expect(conntrack.track(syn, 0).connection?.helper).toBe('ftp');
  });

  it('a retransmitted PORT is rewritten alike, is expected once, and shifts once', () => {
    const control = clientSide();
    const seq = control.client_;
    control.says('PORT 192,168,1,50,156,65\r\n');
    const again = control.says('PORT 192,168,1,50,156,65\r\n', FLAG.ack, { seq });
    expect(text(again.packet)).toBe('PORT 203,0,113,2,156,65\r\n');
    expect(again.packet).toMatchObject({ seq });
    expect(control.expected).toHaveLength(1);
    control.gotByServer = seq + 25;
    expect(control.says('LIST\r\n').packet).toMatchObject({ seq: seq + 25 });
  });

  it('two rewritten commands shift by the sum; a retransmission between them by the first', () => {
    const control = clientSide();
    const start = control.client_;
    control.says('PORT 192,168,1,50,156,65\r\n');
    const second = control.client_;
    control.says('PORT 192,168,1,50,156,66\r\n');
    expect(control.says('NOOP\r\n').packet).toMatchObject({ seq: start + 50 });
    expect(control.says('PORT 192,168,1,50,156,66\r\n', FLAG.ack, { seq: second }).packet).toMatchObject({
      seq: start + 25,
    });
  });

  it('SACK blocks of the server speak of what the client sent', () => {
    const control = clientSide();
    control.says('PORT 192,168,1,50,156,65\r\n');
    const sent = control.client_;
    control.says('LIST\r\n');
    const options = encodeOptions([{ kind: 'sack', blocks: [{ left: sent - 1, right: sent + 5 }] }]);
    const { packet } = control.replies('', FLAG.ack, { options, ack: sent - 1 });
    expect(packet).toMatchObject({
      ack: sent,
      options: encodeOptions([{ kind: 'sack', blocks: [{ left: sent, right: sent + 6 }] }]),
    });
  });

  it('an ICMP error passes the helper by', () => {
    const control = clientSide();
    control.says('PORT 192,168,1,50,156,65\r\n');
    expect(control.gate.pass(echo({ src: A, dst: S, id: 1, seq: 1 })).packet).toMatchObject({ kind: 'icmp' });
  });
});

describe('LNX-FTP-5: a firewall without NAT', () => {
  it('expects without rewriting', () => {
    const control = firewall();
    expect(text(control.says('PORT 192,168,1,50,156,65\r\n').packet)).toBe('PORT 192,168,1,50,156,65\r\n');
    expect(control.expected).toEqual(['203.0.113.50 > 192.168.1.50:40001']);
    const { tracked, packet } = control.data(S, A, 40001);
    expect(tracked.state).toBe('related');
    expect(packet).toMatchObject({ src: S, dst: A });
    expect(control.gate.conntrack.rows(0).at(-1)?.status).toEqual(['UNREPLIED', 'EXPECTED']);
  });

  it.each([
    ['227 Entering Passive Mode (203,0,113,50,156,65).\r\n', 40001],
    ['227 =203,0,113,50,156,66\r\n', 40002],
    ['229 Entering Extended Passive Mode (|||40003|)\r\n', 40003],
  ])('lets the client in after %j', (line, port) => {
    const control = firewall();
    control.says('PASV\r\n');
    control.replies(line);
    expect(control.expected).toEqual([`192.168.1.50 > 203.0.113.50:${port}`]);
    expect(control.data(A, S, port, 4444).tracked.state).toBe('related');
  });

  it('two connections may not expect the same: the second command is dropped', () => {
    const gate = new Gate(helped);
    const one = new Control(gate, { seen: A, sport: 3000 }).greeted();
    const two = new Control(gate, { seen: A, sport: 3001 }).greeted();
    one.says('PORT 192,168,1,50,156,65\r\n');
    expect(two.says('PORT 192,168,1,50,156,65\r\n')).toMatchObject({ packet: undefined, why: 'natExhausted' });
  });

  it('the table of expectations holds 4096', () => {
    const gate = new Gate(helped);
    for (let sport = 1; sport <= 4096; sport++) {
      new Control(gate, { seen: A, sport: 1000 + sport }).greeted().says(`EPRT |1|192.168.1.50|${sport}|\r\n`);
    }
    const last = new Control(gate, { seen: A, sport: 999 }).greeted();
    expect(last.says('EPRT |1|192.168.1.50|5000|\r\n').why).toBe('natExhausted');
  });
});

describe('LNX-FTP-6: server behind NAT', () => {
  it('the address in 227 becomes the public one, and the client is let in and led to the server', () => {
    const control = forwarded();
    control.says('PASV\r\n');
    const { packet } = control.replies('227 Entering Passive Mode (192,168,1,20,156,65).\r\n');
    expect(text(packet)).toBe('227 Entering Passive Mode (203,0,113,2,156,65).\r\n');
    const data = control.data(S, PUBLIC, 40001, 5555);
    expect(data.tracked.state).toBe('related');
    expect(data.packet).toMatchObject({ src: S, dst: SERVER, sport: 5555, dport: 40001 });
    expect(control.says('RETR x\r\n').packet).toMatchObject({ ack: control.server_ });
  });

  it('229 keeps its text, the expectation leads to the server', () => {
    const control = forwarded();
    control.says('EPSV\r\n');
    expect(text(control.replies('229 ok (|||40001|)\r\n').packet)).toBe('229 ok (|||40001|)\r\n');
    expect(control.data(S, PUBLIC, 40001, 5555).packet).toMatchObject({ dst: SERVER });
  });

  it('PORT of the outside client is expected from the server', () => {
    const control = forwarded();
    expect(text(control.says('PORT 203,0,113,50,156,65\r\n').packet)).toBe('PORT 203,0,113,50,156,65\r\n');
    const { tracked, packet } = control.data(SERVER, S, 40001);
    expect(tracked.state).toBe('related');
    expect(packet).toMatchObject({ src: PUBLIC, dst: S, dport: 40001 });
  });

  it.each(['227 none\r\n', '227 IPv4 (1,2,3,4,5,6)\r\n', '22', '229 (|||0|)\r\n', '229 (||1|)\r\n', '229 none\r\n'])(
    '%j is dropped as unreadable',
    (line) => {
      expect(forwarded().replies(line).why).toBe('helperIncomplete');
    },
  );
});

describe('what is recorded of expectations', () => {
  it('made, used, run out', () => {
    const control = clientSide();
    control.gate.conntrack.drain();
    control.says('PORT 192,168,1,50,156,65\r\n');
    control.data(S, PUBLIC, 40001);
    control.says('PORT 192,168,1,50,156,66\r\n');
    control.now = 301 * S_;
    expect(control.expected).toEqual([]);
    const changes = control.gate.conntrack.drain().filter(({ kind }) => kind === 'expectation');
    expect(changes).toMatchObject([
      { change: 'new', from: S, to: { ip: PUBLIC, port: 40001 }, master: 1, at: 0 },
      { change: 'used', to: { port: 40001 } },
      { change: 'new', to: { port: 40002 } },
      { change: 'expired', to: { port: 40002 }, at: 300 * S_ },
    ]);
  });
});

describe('reading and writing endpoints', () => {
  const anyPort = fc.integer({ min: 1, max: 65_535 });
  const anyIp4 = fc.integer({ min: 0, max: 0xffff_ffff }).map((n) => ip4(n));
  const anyIp6 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map((n) => ip6(n));

  it('what is written is read back', () => {
    const forms = [
      ['PORT', 'PORT ', '\r\n', 'original'],
      ['EPRT', 'EPRT ', '\r\n', 'original'],
      ['227', '227 ok (', ')\r\n', 'reply'],
    ] as const;
    fc.assert(
      fc.property(fc.constantFrom(...forms), anyIp4, anyPort, ([form, head, tail, direction], address, port) => {
        const endpoint = writeEndpoint(form, address, port);
        const found = readCommand(bytes(head + endpoint + tail), direction, 4);
        expect(found).toEqual({ form, ip: address, port, at: head.length, length: endpoint.length });
      }),
    );
    fc.assert(
      fc.property(anyIp6, anyPort, (address, port) => {
        const found = readCommand(bytes(`EPRT ${writeEndpoint('EPRT', address, port)}\r\n`), 'original', 6);
        expect(found).toMatchObject({ ip: address, port });
        expect(readCommand(bytes(`229 x (${writeEndpoint('229', address, port)})\r\n`), 'reply', 6)).toMatchObject({
          port,
          ip: undefined,
        });
      }),
    );
  });

  it.each([
    ['PORT 1,2,3,4,5,6,7\r\n', 4],
    ['PORT 1,2,3,4,5\r\n', 4],
    ['PORT 1.2.3.4.5.6\r\n', 4],
    ['PORT  1,2,3,4,5,6\r\n', 4],
    ['PORT 1,2,3,4,5,6\n', 4],
    ['EPRT |2|::1|80|\r\n', 4],
    ['EPRT |1|1.2.3.4|80|\r\n', 6],
    ['EPRT |2|1.2.3.4|80|\r\n', 6],
    ['EPRT |1|1.2.3|80|\r\n', 4],
    ['EPRT .1.1.2.3.4.80.\r\n', 4],
    ['EPRT 11|1.2.3.4|80|\r\n', 4],
    ['EPRT |1|1.2.3.4|0|\r\n', 4],
    ['EPRT |1|1.2.3.4|x|\r\n', 4],
    ['EPRT |1|1.2.3.4|80\r\n', 4],
    ['EPRT |1|1.2.3.4\r\n', 4],
    ['EPRT |1', 4],
  ] as const)('%j (IPv%i) cannot be read', (line, family) => {
    expect(readCommand(bytes(line), 'original', family)).toBe('partial');
  });

  it.each([
    ['PORT 1,2,3,300,1,1\r\n', '1.2.3.44', 257],
    ['PORT ,,,,,\r\n', '0.0.0.0', 0],
    ['PORT 1,2,3,4,300,5\r\n', '1.2.3.4', 11_269],
    ['EPRT |1|1.2.3.4|70000|\r\n', '1.2.3.4', 4464],
    ['PORTX 1,2,3,4,0,9\r\n', '1.2.3.4', 9],
  ])('%j wraps around as in the kernel', (line, address, port) => {
    expect(readCommand(bytes(line), 'original', 4)).toMatchObject({ port, ip: ip(address) });
  });

  it('other lines are none of its business', () => {
    for (const line of ['USER x\r\n', 'PASV\r\n', 'PWD\r\n', 'QUIT\r\n'])
      expect(readCommand(bytes(line), 'original', 4)).toBeUndefined();
    for (const line of ['220 x\r\n', '150 y\r\n']) expect(readCommand(bytes(line), 'reply', 4)).toBeUndefined();
  });
});

describe('what Linux 6.18 answered', () => {
  const one = (address: string) => ({ from: ip(address), to: ip(address) });
  /** Rules for what leaves by the outer interface; the inner networks and the gateway's own addresses do not. */
  const leaves = ({ dst }: Packet) => !/^(192\.168\.1\.|fd00:1:|203\.0\.113\.2$|2001:db8:9::2$)/.test(showIp(dst));
  const masqueraded = (address: string): GateOptions => ({
    masquerade: ip(address),
    source: (packet) => (leaves(packet) ? { kind: 'masquerade', place: 'x', ports: undefined } : undefined),
  });
  const mapped = (kind: 'snat' | 'dnat', address: string): Translation => ({
    kind,
    place: 'x',
    addresses: [one(address)],
    ports: undefined,
  });
  const CONFIGS: Readonly<Record<string, GateOptions>> = {
    masq4: masqueraded('203.0.113.2'),
    masq6: masqueraded('2001:db8:9::2'),
    none4: {},
    snat4long: { source: (packet) => (leaves(packet) ? mapped('snat', '203.0.113.222') : undefined) },
    dnat4: { destination: ({ dst }) => (dst === ip('203.0.113.9') ? mapped('dnat', '192.168.1.50') : undefined) },
  };

  const RECORDED = readFileSync(new URL('./recorded/ftp.txt', import.meta.url), 'utf8')
    .split('\n\n')
    .slice(1)
    .map((paragraph) => paragraph.trim().split('\n'));
  const unhex = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

  /** The packet that left, as the next hop got it; the recording marked it in its TOS field. */
  const asLeft = (packet: Packet | undefined): string => {
    if (packet === undefined) return 'none';
    const { tos: _, headerChecksum: __, ...rest } = packet;
    return JSON.stringify(rest, (___, value) => (typeof value === 'bigint' ? String(value) : value));
  };

  it.each(RECORDED.map(([name = '', ...lines], i) => ({ i, name: name.slice(2), lines })))(
    'recorded control connection $i ($name)',
    ({ name, lines }) => {
      const gate = new Gate({ ...helped, ...CONFIGS[name] });
      for (const line of lines) {
        const [, sent = '', state = '', left = ''] = /^\w+ (\w+) \| (\w+) ?(\w*)$/.exec(line) ?? [];
        const { tracked, packet } = gate.pass(parsed(sent));
        if (state === 'local') continue;
        expect(asLeft(packet === undefined ? undefined : withTtl(packet, packet.ttl - 1))).toBe(
          asLeft(left === '' ? undefined : parsed(left)),
        );
        if (state !== 'none') expect(tracked.state).toBe(state);
        if (packet !== undefined) expect(verify(packet)).toEqual({ header: true, transport: true });
      }
    },
  );

  function parsed(hex: string): Packet {
    const packet = decode(unhex(hex));
    if (!('src' in packet)) throw new Error('not a packet');
    expect(hex).toBe([...encode(packet)].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
    return packet;
  }
});
