import { describe, expect, it } from 'vitest';
import { echoServer } from '../../../../src/sim/host/app/echo.ts';
import { FTP_MODES, type FtpClientConfig, ftpClient } from '../../../../src/sim/host/app/ftp-client.ts';
import { type FtpServerConfig, ftpServer } from '../../../../src/sim/host/app/ftp-server.ts';
import { pattern } from '../../../../src/sim/host/app/stream/bytes.ts';
import { ip } from './drive.ts';
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
});
