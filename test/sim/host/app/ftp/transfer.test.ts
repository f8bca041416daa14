import { describe, expect, it } from 'vitest';
import type { AppEvent } from '../../../../../src/sim/host/app/app.ts';
import type { FtpServerConfig } from '../../../../../src/sim/host/app/ftp-server.ts';
import { pattern, toLatin1 } from '../../../../../src/sim/host/app/stream/bytes.ts';
import { at, ip, written } from '../drive.ts';
import { CLIENT, loggedIn, replies, type Session, SOCKET, socketIn } from './session.ts';

describe('a data connection of PORT', () => {
  function connecting(line = 'RETR 5.bin', port = 21): Session {
    const session = loggedIn({}, at('10.0.0.1', port));
    session.say('PORT 10,0,0,2,200,10');
    expect(session.say(line)).toEqual([]);
    return session;
  }
  const data = `${SOCKET}/data0`;
  const connected = {
    kind: 'connected',
    socket: data,
    peer: at('10.0.0.2', 51_210),
    local: at('10.0.0.1', 20),
  } as const;

  it('comes from the port below, and is announced once it is there', () => {
    expect(connecting('RETR 5.bin', 2121).said.slice(-2)).toEqual([
      { kind: 'timer', name: `${SOCKET}/timer`, after: 60_000 },
      { kind: 'connect', socket: data, to: at('10.0.0.2', 51_210), from: { ip: ip('10.0.0.1'), port: 2120 } },
    ]);
    const session = connecting();
    expect(session.data(connected)).toEqual(['150 Opening BINARY mode data connection for 5.bin (5 bytes).']);
    expect(session.said.slice(-2)).toEqual([
      { kind: 'write', socket: data, payload: pattern(5) },
      { kind: 'shutdown', socket: data },
    ]);
    // It is over when all has arrived, not when the client has nothing to say.
    expect(session.data({ kind: 'data', socket: data, payload: toLatin1('?') })).toEqual([]);
    expect(session.data({ kind: 'ended', socket: data })).toEqual([]);
    expect(session.data({ kind: 'closed', socket: data })).toEqual(['226 Transfer complete.']);
    expect(session.say('RETR 5.bin')).toEqual(['425 Use PORT or PASV first.']);
  });

  it('that does not come about is 425, one that breaks 426', () => {
    expect(connecting().data({ kind: 'failed', socket: data, error: 'refused' })).toEqual([
      '425 Failed to establish connection.',
    ]);
    const late = connecting();
    expect(late.data({ kind: 'timer', name: `${SOCKET}/timer` })).toEqual(['425 Failed to establish connection.']);
    expect(late.said[0]).toEqual({ kind: 'abort', socket: data });
    const sending = connecting();
    sending.data(connected);
    expect(sending.data({ kind: 'failed', socket: data, error: 'reset' })).toEqual([
      '426 Failure writing network stream.',
    ]);
    const receiving = connecting('STOR x');
    receiving.data(connected);
    expect(receiving.data({ kind: 'failed', socket: data, error: 'reset' })).toEqual([
      '426 Failure reading network stream.',
    ]);
    const still = connecting('STOR x');
    still.data(connected);
    expect(still.said).toContainEqual({ kind: 'timer', name: `${SOCKET}/timer`, after: 300_000 });
    expect(still.data({ kind: 'timer', name: `${SOCKET}/timer` })).toEqual(['426 Data connection timed out.']);
  });

  it('stores what comes, to be fetched and listed', () => {
    const session = connecting('STOR note');
    expect(session.data(connected)).toEqual(['150 Ok to send data.']);
    session.data({ kind: 'data', socket: data, payload: toLatin1('he') });
    session.data({ kind: 'data', socket: data, payload: toLatin1('llo') });
    expect(session.data({ kind: 'ended', socket: data })).toEqual(['226 Transfer complete.']);
    expect(session.said).toContainEqual({ kind: 'close', socket: data });
    expect(session.say('SIZE note')).toEqual(['213 5']);
    session.say('PORT 10,0,0,2,200,10', 'NLST');
    const list = `${SOCKET}/data1`;
    expect(session.data({ ...connected, socket: list })).toEqual(['150 Here comes the directory listing.']);
    expect(written(session.said.filter((command) => command.kind === 'write' && command.socket === list))).toBe(
      '1024.bin\r\nnote\r\n',
    );
    expect(session.data({ kind: 'closed', socket: list })).toEqual(['226 Directory send OK.']);
    session.say('PORT 10,0,0,2,200,10', 'LIST');
    session.data({ ...connected, socket: `${SOCKET}/data2` });
    expect(written(session.said)).toContain('-rw-r--r--');
  });

  it('lets only ABOR through; the rest waits', () => {
    const session = connecting();
    expect(session.say('NOOP', 'NOOP')).toEqual([]);
    session.data(connected);
    expect(session.data({ kind: 'closed', socket: data })).toEqual([
      '226 Transfer complete.',
      '200 NOOP ok.',
      '200 NOOP ok.',
    ]);
    session.say('PORT 10,0,0,2,200,10', 'RETR 5.bin');
    expect(session.say('ABOR', 'NOOP')).toEqual(['426 Transfer aborted.', '226 ABOR successful.', '200 NOOP ok.']);
    expect(session.said).toContainEqual({ kind: 'abort', socket: `${SOCKET}/data1` });
  });

  it.each([
    ['RETR nothing', '550 Failed to open file.'],
    ['STOR a/b', '553 Could not create file.'],
  ])('is not opened for %s', (line, reply) => {
    const session = loggedIn();
    session.say('PORT 10,0,0,2,200,10');
    expect(session.say(line, line)).toEqual([reply, '425 Use PORT or PASV first.']);
  });
});

describe('a data connection of PASV', () => {
  const bound = (session: Session, port: number): string[] =>
    session.data({ kind: 'bound', socket: socketIn(session.said, 'listen'), local: at('10.0.0.1', port) });

  function passive(verb = 'PASV', config: Partial<FtpServerConfig> = {}): { session: Session; listener: string } {
    const session = loggedIn(config);
    session.say(verb);
    const listener = socketIn(session.said, 'listen');
    bound(session, 50_000);
    return { session, listener };
  }
  const accepted = (listener: string, n = 1, peer = at('10.0.0.2', 60_000)): AppEvent => ({
    kind: 'accepted',
    socket: `${listener}#${n}`,
    listener,
    peer,
    local: at('10.0.0.1', 50_000),
  });

  it('is told once the port is there; commands wait for it', () => {
    const session = loggedIn();
    expect(session.say('PASV', 'NOOP')).toEqual([]);
    expect(session.said.at(-1)).toEqual({
      kind: 'listen',
      socket: `${SOCKET}/pasv0`,
      port: 0,
      address: ip('10.0.0.1'),
    });
    expect(bound(session, 60_691)).toEqual(['227 Entering Passive Mode (10,0,0,1,237,19).', '200 NOOP ok.']);
    session.say('EPSV 1');
    expect(session.said).toContainEqual({ kind: 'close', socket: `${SOCKET}/pasv0` });
    expect(bound(session, 60_692)).toEqual(['229 Entering Extended Passive Mode (|||60692|).']);
  });

  it('is told with the address that is to be announced', () => {
    const session = loggedIn({ announce: ip('203.0.113.9') });
    session.say('PASV');
    expect(bound(session, 1024)).toEqual(['227 Entering Passive Mode (203,0,113,9,4,0).']);
  });

  it('has its port from the range, the next when one is taken, none when all are', () => {
    const ports: number[] = [];
    const session = loggedIn({ passivePorts: { from: 50_000, to: 50_002 } });
    session.say('PASV');
    for (const _ of [1, 2, 3]) {
      const listen = session.said.find((command) => command.kind === 'listen');
      if (listen?.kind === 'listen') ports.push(listen.port);
      session.data({ kind: 'failed', socket: socketIn(session.said, 'listen'), error: 'in-use' });
    }
    expect(ports).toEqual([50_000, 50_001, 50_002]);
    expect(replies(session.said)).toEqual(['425 Cannot open a passive port.']);
    session.say('PASV');
    expect(bound(session, 50_000)).toEqual(['227 Entering Passive Mode (10,0,0,1,195,80).']);
  });

  it('may be there before the transfer is asked for', () => {
    const { session, listener } = passive();
    expect(session.data(accepted(listener))).toEqual([]);
    expect(session.said).toEqual([{ kind: 'close', socket: listener }]);
    expect(session.data(accepted(listener, 2))).toEqual([]);
    expect(session.said).toEqual([{ kind: 'close', socket: `${listener}#2` }]);
    expect(session.say('RETR 3.bin')).toEqual(['150 Opening BINARY mode data connection for 3.bin (3 bytes).']);
    expect(session.data({ kind: 'closed', socket: `${listener}#1` })).toEqual(['226 Transfer complete.']);
  });

  it('may come after the transfer is asked for', () => {
    const { session, listener } = passive('EPSV');
    expect(session.say('RETR 3.bin')).toEqual([]);
    expect(session.data(accepted(listener))).toEqual(['150 Opening BINARY mode data connection for 3.bin (3 bytes).']);
    const never = passive().session;
    never.say('RETR 3.bin');
    expect(never.data({ kind: 'timer', name: `${SOCKET}/timer` })).toEqual(['425 Failed to establish connection.']);
    expect(never.hear({ kind: 'timer', name: `${SOCKET}/timer` })).not.toContainEqual(
      expect.objectContaining({ kind: 'abort' }),
    );
  });

  it('may bring its bytes, and its end, early', () => {
    const { session, listener } = passive();
    const socket = `${listener}#1`;
    session.data(accepted(listener));
    session.data({ kind: 'data', socket, payload: toLatin1('ear') });
    session.data({ kind: 'data', socket, payload: toLatin1('ly') });
    session.data({ kind: 'ended', socket });
    expect(session.say('STOR note', 'SIZE note')).toEqual(['150 Ok to send data.', '226 Transfer complete.', '213 5']);
    const going = passive();
    going.session.data(accepted(going.listener));
    going.session.data({ kind: 'data', socket: `${going.listener}#1`, payload: toLatin1('on') });
    going.session.say('STOR note');
    going.session.data({ kind: 'data', socket: `${going.listener}#1`, payload: toLatin1('!') });
    expect(going.session.data({ kind: 'ended', socket: `${going.listener}#1` })).toEqual(['226 Transfer complete.']);
    expect(going.session.say('SIZE note')).toEqual(['213 3']);
  });

  it('may be gone before it is used', () => {
    const { session, listener } = passive();
    session.data(accepted(listener));
    expect(session.hear({ kind: 'closed', socket: listener })).toEqual([]);
    expect(session.hear({ kind: 'connected', socket: `${listener}#1`, peer: CLIENT, local: CLIENT })).toEqual([]);
    session.data({ kind: 'failed', socket: `${listener}#1`, error: 'reset' });
    expect(session.say('RETR 3.bin')).toEqual(['425 Use PORT or PASV first.']);
    const unused = passive();
    unused.session.data(accepted(unused.listener));
    unused.session.say('QUIT');
    expect(unused.session.said).toContainEqual({ kind: 'close', socket: `${unused.listener}#1` });
  });

  it('is refused to strangers', () => {
    const stranger = at('10.0.0.66', 60_000);
    const { session, listener } = passive();
    session.data(accepted(listener, 1, stranger));
    expect(session.said).toEqual([
      { kind: 'close', socket: listener },
      { kind: 'close', socket: `${listener}#1` },
    ]);
    expect(session.say('RETR 3.bin')).toEqual(['425 Security: Bad IP connecting.']);
    expect(session.say('RETR 3.bin')).toEqual(['425 Use PORT or PASV first.']);
    const waiting = passive();
    waiting.session.say('RETR 3.bin');
    expect(waiting.session.data(accepted(waiting.listener, 1, stranger))).toEqual(['425 Security: Bad IP connecting.']);
  });

  it('is given up for PORT', () => {
    const { session, listener } = passive();
    session.say('PORT 10,0,0,2,200,10');
    expect(session.said).toContainEqual({ kind: 'close', socket: listener });
  });
});
