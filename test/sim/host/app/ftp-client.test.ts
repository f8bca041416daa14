import { describe, expect, it } from 'vitest';
import { echoServer } from '../../../../src/sim/host/app/echo.ts';
import { seal } from '../../../../src/sim/host/app/ftp/record.ts';
import { FTP_MODES, type FtpClientConfig, ftpClient } from '../../../../src/sim/host/app/ftp-client.ts';
import { type FtpServerConfig, ftpServer } from '../../../../src/sim/host/app/ftp-server.ts';
import { pattern, toLatin1 } from '../../../../src/sim/host/app/stream/bytes.ts';
import { at, Driven, ip, written } from './drive.ts';
import { Ideal } from './ideal.ts';

const SERVER = ip('203.0.113.21');
const CLIENT = ip('198.51.100.2');
const to = { ip: SERVER, port: 21 };

function network(config: Partial<FtpServerConfig> = {}, address = SERVER): Ideal {
  const net = new Ideal();
  net.add([address], ftpServer({ port: 21, ...config }));
  return net;
}

const run = (net: Ideal, config: Partial<FtpClientConfig>) =>
  net.find([CLIENT], ftpClient({ to, mode: 'passive', ...config }));

describe('a transfer', () => {
  const cases = FTP_MODES.flatMap((mode) =>
    [false, true].flatMap((encrypted) =>
      (['download', 'upload'] as const).map((direction) => ({ mode, encrypted, direction })),
    ),
  );

  it.each(cases)('works: $mode $direction, encrypted: $encrypted', ({ mode, encrypted, direction }) => {
    for (const bytes of [0, 1, 1024, 70_000]) {
      const net = network();
      net.cut = (whole) =>
        [whole.subarray(0, 3), whole.subarray(3, 10), whole.subarray(10)].filter(({ length }) => length > 0);
      const { outcome, more } = run(net, { mode, encrypted, direction, bytes });
      expect([outcome, more?.bytes, more?.reason]).toEqual(['transferred', bytes, undefined]);
    }
  });

  it('stores byte for byte what was sent', () => {
    const net = new Ideal();
    const server = net.add([SERVER], ftpServer({ port: 21 }));
    run(net, { direction: 'upload', bytes: 5000 });
    expect(server.state).toMatchObject({ files: new Map([['upload-5000.bin', pattern(5000)]]) });
  });

  it('tells its whole dialogue', () => {
    expect(run(network(), { mode: 'active' })).toEqual({
      outcome: 'transferred',
      local: { ip: CLIENT, port: 40_000 },
      more: {
        bytes: 1024,
        command: 'PORT 198,51,100,2,156,65',
        dataPeer: { address: '203.0.113.21', port: 20 },
        replies: [
          '< 220 FTP server ready.',
          '> USER anonymous',
          '< 331 Please specify the password.',
          '> PASS guest@',
          '< 230 Login successful.',
          '> TYPE I',
          '< 200 Switching to Binary mode.',
          '> PORT 198,51,100,2,156,65',
          '< 200 PORT command successful. Consider using PASV.',
          '> RETR 1024.bin',
          '< 150 Opening BINARY mode data connection for 1024.bin (1024 bytes).',
          '< 226 Transfer complete.',
          '> QUIT',
          '< 221 Goodbye.',
        ],
      },
    });
    const secret = run(network(), { mode: 'extended-passive', encrypted: true });
    expect(secret.more).toMatchObject({ command: 'EPSV', dataPeer: { address: '203.0.113.21' } });
    const dialogue = [secret.more?.replies].flat();
    expect(dialogue.slice(1, 4)).toEqual(['> AUTH TLS', '< 234 Proceed with negotiation.', '> USER anonymous']);
    expect(dialogue).toContain('> PROT C');
  });

  it('works over IPv6 where the command can name it', () => {
    const six = { server: ip('2001:db8::21'), client: ip('2001:db8::2') };
    for (const mode of FTP_MODES) {
      const net = network({}, six.server);
      const { outcome, more } = net.find([six.client], ftpClient({ to: { ip: six.server, port: 21 }, mode }));
      expect(outcome).toBe(mode.startsWith('extended') ? 'transferred' : 'data-failed');
      if (mode === 'active') expect(more?.reason).toBe('PORT cannot name 2001:db8::2');
      if (mode === 'passive') expect(more?.reason).toBe('425 PASV is for IPv4. Use EPSV.');
      if (mode === 'extended-active') expect(more?.command).toMatch(/^EPRT \|2\|2001:db8::2\|\d+\|$/);
    }
  });

  it('uses the ports it is given, in turn', () => {
    const net = network({ passivePorts: { from: 50_000, to: 50_001 } });
    const used = [1, 2, 3].map(() => run(net, {}).more?.dataPeer);
    expect(used).toEqual([50_000, 50_000, 50_000].map((port) => ({ address: '203.0.113.21', port })));
    // A port that somebody else has is passed over.
    const taken = new Ideal();
    taken.add([SERVER], echoServer({ protocol: 'tcp', port: 50_000 }));
    taken.add([SERVER], ftpServer({ port: 21, passivePorts: { from: 50_000, to: 50_001 } }));
    expect(run(taken, {}).more?.dataPeer).toEqual({ address: '203.0.113.21', port: 50_001 });
  });

  it('logs in as it is told', () => {
    const net = network({ users: { eve: 'secret' } });
    expect(run(net, { user: 'eve', password: 'secret' }).outcome).toBe('transferred');
    expect(run(net, {})).toMatchObject({ outcome: 'control-failed', more: { reason: '530 Login incorrect.' } });
  });
});

describe('what goes wrong', () => {
  it('with the control connection', () => {
    const refused = run(new Ideal(), {});
    expect(refused).toMatchObject({ outcome: 'control-failed', more: { reason: 'control connection: unreachable' } });
    const net = network();
    expect(run(net, { to: { ip: SERVER, port: 2121 } })).toMatchObject({
      outcome: 'control-failed',
      more: { reason: 'control connection: refused', replies: [] },
    });
    net.filter = () => 'drop';
    expect(run(net, { timeout: 7000 })).toMatchObject({
      outcome: 'control-failed',
      more: { reason: 'the server does not answer' },
    });
  });

  it('with PORT: a strict server refuses another address, a lax one cannot get there', () => {
    // A translator on the way: the server sees the client come from elsewhere.
    const outside = ip('203.0.113.2');
    const translated = (config: Partial<FtpServerConfig>) => {
      const server = ftpServer({ port: 21, ...config });
      const net = new Ideal();
      net.add([SERVER], {
        ...server,
        handle: (state, event, now) =>
          server.handle(state, event.kind === 'accepted' ? { ...event, peer: { ip: outside, port: 1 } } : event, now),
      });
      return net;
    };
    expect(run(translated({}), { mode: 'active' })).toMatchObject({
      outcome: 'data-failed',
      more: { reason: '500 Illegal PORT command.', command: 'PORT 198,51,100,2,156,65' },
    });
    expect(run(translated({}), { mode: 'extended-active' }).more?.reason).toBe('500 Illegal EPRT command.');
    const lax = translated({ strictPort: false });
    lax.filter = (_, { port }) => (port === 21 ? 'pass' : 'refuse');
    expect(run(lax, { mode: 'active' }).more?.reason).toBe('425 Failed to establish connection.');
  });

  it('with the data connection to the client: it waits 5 s', () => {
    const net = network();
    net.filter = (from) => (from.port === 20 ? 'drop' : 'pass');
    expect(run(net, { mode: 'active' })).toMatchObject({
      outcome: 'data-failed',
      more: { reason: 'no data connection within 5s', bytes: 0 },
    });
    expect(net.now).toBeLessThan(5100);
    expect(run(net, { mode: 'extended-active', dataTimeout: 1500 }).more?.reason).toBe(
      'no data connection within 1s500ms',
    );
  });

  it('with the data connection to the server: the address it announced is believed', () => {
    const net = network({ announce: ip('192.168.1.21') });
    expect(run(net, {})).toMatchObject({
      outcome: 'data-failed',
      more: {
        reason: 'data connection with 192.168.1.21 port 40001: unreachable',
        dataPeer: { address: '192.168.1.21', port: 40_001 },
      },
    });
    expect(run(net, { ignorePasvAddress: true }).outcome).toBe('transferred');
    expect(run(net, { mode: 'extended-passive' }).outcome).toBe('transferred');
    net.filter = (_, { port }) => (port === 21 ? 'pass' : 'drop');
    expect(run(net, { mode: 'extended-passive' }).more?.reason).toBe('no data connection within 5s');
  });

  const connected = { kind: 'connected', socket: 'control', peer: to, local: at('198.51.100.2', 5) } as const;

  /** A client that a scripted server speaks to. */
  class Client extends Driven<unknown> {
    constructor(config: Partial<FtpClientConfig> = {}) {
      super(ftpClient({ to, mode: 'passive', ...config }));
      this.hear(connected);
    }
    told(...lines: string[]): string {
      this.hear({ kind: 'data', socket: 'control', payload: toLatin1(lines.map((line) => `${line}\r\n`).join('')) });
      return written(this.said).trim();
    }
  }

  function transferring(config: Partial<FtpClientConfig> = {}): Client {
    const client = new Client(config);
    for (const line of ['220 hi', '331 who', '230 in', '200 type', '227 (203,0,113,21,200,0)']) client.told(line);
    client.hear({ kind: 'connected', socket: 'data', peer: at('203.0.113.21', 51_200), local: at('198.51.100.2', 6) });
    expect(written(client.said)).toMatch(/^(RETR|STOR)/);
    return client;
  }

  it.each([
    ['control-failed', '421 full', ['421 full']],
    ['control-failed', '530 no', ['220 hi', '530 no']],
    ['control-failed', '530 no', ['220 hi', '331 who', '530 no']],
    ['control-failed', '504 no', ['220 hi', '331 who', '230 in', '504 no']],
    ['data-failed', '502 no PASV', ['220 hi', '230 in', '200 type', '502 no PASV']],
    ['data-failed', 'no endpoint in "227 none"', ['220 hi', '230 in', '200 type', '227 none']],
    ['control-failed', 'what?', ['what?']],
    ['control-failed', '530-no\n530 really', ['220 hi', '530-no', '530 really']],
  ])('%s by %j', (outcome, reason, lines) => {
    const client = new Client();
    const all = lines.map((line) => {
      client.told(line);
      return client.finding;
    });
    expect(all.at(-1)).toMatchObject({ outcome, more: { reason } });
    expect(all.slice(0, -1).every((finding) => finding === undefined)).toBe(true);
    // What follows the end is not heard.
    expect(client.told('200 late')).toBe('');
  });

  it('after the end nothing is said, even in one piece', () => {
    const client = new Client();
    client.told('220 hi', '530 no', '331 who');
    expect(client.said.filter(({ kind }) => kind === 'finish')).toHaveLength(1);
    expect(client.said.at(-1)?.kind).toBe('finish');
  });

  it('may need no password, and may be told to wait', () => {
    const client = new Client();
    expect(client.told('120 soon')).toBe('');
    expect(client.told('220-hi', ' there', '220 all')).toBe('USER anonymous');
    expect(client.told('230 in')).toBe('TYPE I');
  });

  it('with encryption', () => {
    const refused = new Client({ encrypted: true });
    refused.told('220 hi');
    refused.told('502 no TLS');
    expect(refused.finding).toMatchObject({ outcome: 'control-failed', more: { reason: '502 no TLS' } });
    const clear = new Client({ encrypted: true });
    clear.told('220 hi');
    clear.told('234 go');
    clear.told('331 in clear');
    expect(clear.finding).toMatchObject({
      outcome: 'control-failed',
      more: { reason: 'the server does not speak TLS' },
    });
    const sealed = new Client({ encrypted: true });
    sealed.told('220 hi');
    sealed.told('234 go');
    sealed.hear({ kind: 'data', socket: 'control', payload: seal(toLatin1('331 who\r\n')) });
    expect(written(sealed.said)).not.toContain('PASS');
  });

  it.each([
    ['control-failed', 'no answer to "USER anonymous"', ['220 hi']],
    ['control-failed', 'no answer to "PASV"', ['220 hi', '230 in', '200 type']],
  ])('%s: %s in time', (outcome, reason, lines) => {
    const client = new Client();
    for (const line of lines) client.told(line);
    client.hear({ kind: 'timer', name: 'timeout' });
    expect(client.finding).toMatchObject({ outcome, more: { reason } });
  });

  it('in the middle of the file', () => {
    const silent = transferring();
    silent.hear({ kind: 'timer', name: 'timeout' });
    expect(silent.finding).toMatchObject({ outcome: 'data-failed', more: { reason: 'no answer to "RETR 1024.bin"' } });

    const short = transferring();
    short.told('150 begin');
    short.hear({ kind: 'data', socket: 'data', payload: pattern(1000) });
    short.hear({ kind: 'ended', socket: 'data' });
    expect(short.said).toEqual([{ kind: 'close', socket: 'data' }]);
    short.told('226 done');
    expect(short.finding).toMatchObject({
      outcome: 'data-failed',
      more: { reason: '1000 of 1024 bytes came', bytes: 1000 },
    });

    const other = transferring();
    other.told('150 begin', '226 done');
    other.hear({ kind: 'data', socket: 'data', payload: pattern(1025).subarray(1) });
    other.hear({ kind: 'ended', socket: 'data' });
    expect(other.finding?.more?.reason).toBe('the bytes that came are not those of the file');

    const broken = transferring();
    const icmp = { type: 3, code: 1, from: SERVER };
    broken.hear({ kind: 'failed', socket: 'data', error: 'reset', icmp });
    expect(broken.finding).toMatchObject({
      outcome: 'data-failed',
      icmp,
      more: { reason: 'data connection with 203.0.113.21 port 51200: reset' },
    });

    const aborted = transferring();
    aborted.told('150 begin', '426 broken');
    expect(aborted.finding).toMatchObject({ outcome: 'data-failed', more: { reason: '426 broken' } });
  });

  it('when the server goes away', () => {
    const gone = transferring();
    gone.hear({ kind: 'ended', socket: 'control' });
    expect(gone.finding).toMatchObject({
      outcome: 'control-failed',
      more: { reason: 'the server closed the control connection' },
    });
    const icmp = { type: 3, code: 13, from: SERVER };
    const cut = transferring();
    cut.hear({ kind: 'failed', socket: 'control', error: 'unreachable', icmp });
    expect(cut.finding).toMatchObject({ outcome: 'control-failed', icmp });
  });

  it('no longer once the file is there', () => {
    for (const last of [
      { kind: 'ended', socket: 'control' },
      { kind: 'failed', socket: 'control', error: 'reset' },
      { kind: 'timer', name: 'timeout' },
      { kind: 'data', socket: 'control', payload: toLatin1('500 what\r\n') },
    ] as const) {
      const client = transferring();
      client.told('150 begin');
      client.hear({ kind: 'data', socket: 'data', payload: pattern(1024) });
      client.hear({ kind: 'ended', socket: 'data' });
      expect(client.told('226 done')).toBe('QUIT');
      client.hear(last);
      expect(client.finding).toMatchObject({ outcome: 'transferred', more: { bytes: 1024 } });
    }
  });

  it('without a port of its own', () => {
    const client = new Client({ mode: 'active' });
    for (const line of ['220 hi', '230 in', '200 type']) client.told(line);
    expect(client.said.at(-1)).toEqual({ kind: 'listen', socket: 'data', port: 0, address: CLIENT });
    expect(client.hear({ kind: 'link', interface: 'eth0', up: true })).toEqual([]);
    expect(client.told('200 what is that?')).toBe('');
    client.hear({ kind: 'failed', socket: 'data', error: 'no-port' });
    expect(client.finding).toMatchObject({ outcome: 'data-failed', more: { reason: 'data connection: no-port' } });
  });

  it('passes over what does not concern it', () => {
    const client = transferring({ direction: 'upload' });
    expect(client.hear({ kind: 'closed', socket: 'control' })).toEqual([]);
    expect(client.hear({ kind: 'closed', socket: 'data' })).toEqual([]);
    client.told('150 go');
    expect(client.said.slice(1)).toMatchObject([
      { kind: 'write', socket: 'data' },
      { kind: 'shutdown', socket: 'data' },
    ]);
    expect(client.told('125 going')).toBe('');
    expect(client.told('226 stored')).toBe('QUIT');
  });
});
