import { describe, expect, it } from 'vitest';
import { seal } from '../../../../../src/sim/host/app/ftp/record.ts';
import { type FtpClientConfig, ftpClient } from '../../../../../src/sim/host/app/ftp-client.ts';
import { pattern, toLatin1 } from '../../../../../src/sim/host/app/stream/bytes.ts';
import { at, Driven, ip, written } from '../drive.ts';

const SERVER = ip('203.0.113.21');
const CLIENT = ip('198.51.100.2');
const to = { ip: SERVER, port: 21 };

describe('what goes wrong', () => {
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
