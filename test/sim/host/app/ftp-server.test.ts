import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seal, unseal } from '../../../../src/sim/host/app/ftp/record.ts';
import { fromLatin1, toLatin1 } from '../../../../src/sim/host/app/stream/bytes.ts';
import { at, ip } from './drive.ts';
import { CLIENT, LOGIN, loggedIn, open, replies, type Session, SOCKET, socketIn } from './ftp/session.ts';

describe('the control connection', () => {
  it('greets, logs in and says goodbye', () => {
    const session = open();
    expect(replies(session.said)).toEqual(['220 FTP server ready.']);
    expect(session.say('USER anonymous')).toEqual(['331 Please specify the password.']);
    expect(session.say('PASS guest@')).toEqual(['230 Login successful.']);
    expect(session.say('PASS guest@')).toEqual(['230 Already logged in.']);
    expect(session.say('QUIT')).toEqual(['221 Goodbye.']);
    expect(session.said.at(-1)).toEqual({ kind: 'close', socket: SOCKET });
    expect(session.say('NOOP')).toEqual([]);
    session.hear({ kind: 'closed', socket: SOCKET });
    expect(session.state).toMatchObject({ sessions: new Map() });
  });

  it('lets in only whom it knows, when it knows anybody', () => {
    const session = open({ users: { eve: 'secret' } });
    expect(session.say('USER eve', 'PASS wrong')).toEqual(['331 Please specify the password.', '530 Login incorrect.']);
    expect(session.say('PASS secret')).toEqual(['503 Login with USER first.']);
    expect(session.say('USER toString', 'PASS x').at(-1)).toBe('530 Login incorrect.');
    expect(session.say('USER eve', 'PASS secret').at(-1)).toBe('230 Login successful.');
  });

  it.each(['RETR 1.bin', 'PORT 10,0,0,2,10,0', 'PASV', 'SYST', 'NONSENSE', ''])(
    'says 530 to %j before that',
    (line) => {
      expect(open().say(line)).toEqual(['530 Please login with USER and PASS.']);
    },
  );

  it.each([
    ['NOOP', '200 NOOP ok.'],
    ['syst', '215 UNIX Type: L8'],
    ['HELP', '214 Help OK.'],
    ['PWD', '257 "/" is the current directory'],
    ['XPWD', '257 "/" is the current directory'],
    ['CWD /', '250 Directory successfully changed.'],
    ['CWD pub', '550 Failed to change directory.'],
    ['CDUP', '250 Directory successfully changed.'],
    ['TYPE I', '200 Switching to Binary mode.'],
    ['TYPE L 8', '200 Switching to Binary mode.'],
    ['TYPE A', '200 Switching to ASCII mode.'],
    ['TYPE E', '504 Unrecognised TYPE command.'],
    ['MODE S', '200 Mode set to S.'],
    ['MODE B', '504 Bad MODE command.'],
    ['STRU F', '200 Structure set to F.'],
    ['STRU R', '504 Bad STRU command.'],
    ['ALLO 10', '202 ALLO command ignored.'],
    ['OPTS UTF8 ON', '200 Always in UTF8 mode.'],
    ['OPTS MLST', '501 Option not understood.'],
    ['SIZE 300.bin', '213 300'],
    ['SIZE nothing', '550 Could not get file size.'],
    ['REST 10', '502 Command not implemented.'],
    ['DELE 1.bin', '502 Command not implemented.'],
    ['NONSENSE', '500 Unknown command.'],
    ['toString', '500 Unknown command.'],
    ['', '500 Unknown command.'],
    ['ABOR', '225 No transfer to ABOR.'],
    ['PBSZ 0', '503 Use AUTH first.'],
    ['PROT C', '503 Use AUTH first.'],
    ['AUTH KERBEROS', '504 Unknown AUTH type.'],
    ['RETR 1.bin', '425 Use PORT or PASV first.'],
    ['STOR x', '425 Use PORT or PASV first.'],
    ['LIST', '425 Use PORT or PASV first.'],
    ['PORT 10,0,0,2,200,10', '200 PORT command successful. Consider using PASV.'],
    ['PORT 10,0,0,3,200,10', '500 Illegal PORT command.'],
    ['PORT 10,0,0,2,3,255', '500 Illegal PORT command.'],
    ['PORT nonsense', '500 Illegal PORT command.'],
    ['EPRT |1|10.0.0.2|51210|', '200 EPRT command successful. Consider using EPSV.'],
    ['EPRT |1|10.0.0.3|51210|', '500 Illegal EPRT command.'],
    ['EPRT |1|10.0.0.2|1023|', '500 Illegal EPRT command.'],
    ['EPRT |2|::1|51210|', '500 Illegal EPRT command.'],
    ['EPRT nonsense', '500 Illegal EPRT command.'],
    ['EPRT |3|x|51210|', '522 Network protocol not supported, use (1,2)'],
    ['EPSV 2', '522 Network protocol not supported, use (1)'],
    ['EPSV x', '522 Network protocol not supported, use (1)'],
    ['EPSV ALL', '200 EPSV ALL ok.'],
  ])('answers %j with %j', (line, reply) => {
    expect(loggedIn().say(line)).toEqual([reply]);
  });

  it('tells its features in several lines', () => {
    const found = open().say('FEAT');
    expect(found[0]).toBe('211-Features:');
    expect(found).toContain(' EPSV');
    expect(found.at(-1)).toBe('211 End');
  });

  it('takes any address in PORT when it is told to', () => {
    const lax = loggedIn({ strictPort: false });
    expect(lax.say('PORT 192,168,1,10,0,80', 'PORT nonsense')).toEqual([
      '200 PORT command successful. Consider using PASV.',
      '500 Illegal PORT command.',
    ]);
    expect(lax.say('EPRT |2|::1|80|')).toEqual(['500 Illegal EPRT command.']);
  });

  it('takes nothing but EPSV after EPSV ALL', () => {
    const session = loggedIn();
    session.say('EPSV ALL');
    const only = '503 Only EPSV is allowed after EPSV ALL.';
    expect(session.say('PORT 10,0,0,2,200,10', 'EPRT |1|10.0.0.2|51210|', 'PASV')).toEqual([only, only, only]);
    session.say('EPSV');
    expect(session.said.at(-1)).toMatchObject({ kind: 'listen' });
  });

  it('speaks of its own family over IPv6', () => {
    const six = () => loggedIn({}, at('2001:db8::1', 21), at('2001:db8::2', 5));
    expect(six().say('PASV')).toEqual(['425 PASV is for IPv4. Use EPSV.']);
    expect(six().say('EPSV 1')).toEqual(['522 Network protocol not supported, use (2)']);
    expect(six().say('EPRT |2|2001:db8::2|2000|')).toEqual(['200 EPRT command successful. Consider using EPSV.']);
    expect(six().say('PORT 10,0,0,2,200,10')).toEqual(['500 Illegal PORT command.']);
  });

  it('ends what is silent for five minutes, but not a transfer', () => {
    const session = loggedIn();
    expect(session.said).toContainEqual({ kind: 'timer', name: `${SOCKET}/idle`, after: 300_000 });
    session.say('PORT 10,0,0,2,200,10', 'RETR 5.bin');
    const rung = { kind: 'timer', name: `${SOCKET}/idle` } as const;
    expect(session.hear(rung)).toEqual([{ kind: 'timer', name: `${SOCKET}/idle`, after: 300_000 }]);
    session.say('ABOR');
    expect(session.data(rung)).toEqual(['421 Timeout.']);
    expect(session.said.at(-1)).toEqual({ kind: 'close', socket: SOCKET });
  });

  it('ends a line that is too long, in one piece or many', () => {
    for (const pieces of [1, 3]) {
      const session = loggedIn();
      const line = 'x'.repeat(4200);
      const found = Array.from({ length: pieces }, (_, i) =>
        session.send(line.slice((i * 4200) / pieces, ((i + 1) * 4200) / pieces)),
      );
      expect(found.flat()).toEqual(['500 Input line too long.']);
      expect(session.said.at(-1)).toEqual({ kind: 'close', socket: SOCKET });
    }
    expect(loggedIn().send(`NOOP\r\n${'x'.repeat(4200)}\r\nNOOP\r\n`)).toEqual([
      '200 NOOP ok.',
      '500 Input line too long.',
    ]);
  });

  it('closes everything when the client goes', () => {
    const session = loggedIn();
    session.say('PASV');
    const listener = socketIn(session.said, 'listen');
    session.hear({ kind: 'ended', socket: SOCKET });
    expect(session.said).toEqual([
      { kind: 'close', socket: listener },
      { kind: 'close', socket: SOCKET },
    ]);
    const other = loggedIn();
    other.say('PORT 10,0,0,2,200,10', 'RETR 5.bin');
    other.hear({ kind: 'failed', socket: SOCKET, error: 'reset' });
    expect(other.said).toContainEqual({ kind: 'close', socket: `${SOCKET}/data0` });
    expect(other.state).toMatchObject({ sessions: new Map() });
  });

  it('says that its port is taken, and passes over what it does not know', () => {
    const session = open({ address: ip('10.0.0.1') });
    expect(session.hear({ kind: 'failed', socket: 'server', error: 'in-use' })).toEqual([
      { kind: 'note', text: 'server: in-use' },
    ]);
    expect(session.hear({ kind: 'link', interface: 'eth0', up: true })).toEqual([]);
    expect(session.hear({ kind: 'bound', socket: 'server', local: at('0.0.0.0', 21) })).toEqual([]);
    expect(session.hear({ kind: 'timer', name: 'server#9/idle' })).toEqual([]);
    expect(session.hear({ kind: 'connected', socket: SOCKET, peer: CLIENT, local: CLIENT })).toEqual([]);
  });
});

describe('an encrypted control connection', () => {
  function secured(): Session {
    const session = open();
    expect(session.say('AUTH TLS')).toEqual(['234 Proceed with negotiation.']);
    return session;
  }
  const ask = (session: Session, line: string) => {
    session.hear({ kind: 'data', socket: SOCKET, payload: seal(toLatin1(`${line}\r\n`)) });
    const sent = session.said.flatMap((command) => (command.kind === 'write' ? [...command.payload] : []));
    return fromLatin1(unseal(Uint8Array.from(sent))?.plain ?? new Uint8Array(0));
  };

  it('goes on in records', () => {
    const session = secured();
    expect(ask(session, 'USER x')).toBe('331 Please specify the password.\r\n');
    expect(ask(session, 'PASS x')).toBe('230 Login successful.\r\n');
    expect(ask(session, 'PBSZ 0')).toBe('200 PBSZ set to 0.\r\n');
    expect(ask(session, 'PROT C')).toBe('200 PROT now Clear.\r\n');
    expect(ask(session, 'PROT P')).toBe('536 PROT not supported at that level.\r\n');
    expect(ask(session, 'AUTH TLS')).toBe('503 Already secured.\r\n');
  });

  it('throws away what was sent in clear behind AUTH', () => {
    const session = open();
    expect(session.send('USER eve\r\nAUTH TLS\r\nPASS x\r\nNO')).toEqual([
      '331 Please specify the password.',
      '234 Proceed with negotiation.',
    ]);
    expect(ask(session, 'PASS x')).toBe('503 Login with USER first.\r\n');
  });

  it('ends when the client goes on in clear', () => {
    const session = secured();
    expect(session.say('USER x')).toEqual([]);
    expect(session.said).toContainEqual({ kind: 'close', socket: SOCKET });
  });
});

describe('any bytes', () => {
  it('say the same however they are cut', () => {
    const line = fc.oneof(
      fc.constantFrom(
        'USER x',
        'PASS y',
        'NOOP',
        'PASV',
        'EPSV ALL',
        'PORT 10,0,0,2,9,9',
        'RETR 9.bin',
        'ABOR',
        'QUIT',
        'STOR x',
      ),
      fc.stringMatching(/^[A-Z\x80-\xff ,|]{0,12}$/),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.array(fc.nat(150), { maxLength: 6 }), (lines, cuts) => {
        const whole = [...LOGIN, ...lines].map((text) => `${text}\r\n`).join('');
        const once = open();
        once.send(whole);
        const places = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length];
        const pieces = open();
        const said = places.slice(1).flatMap((to, i) => {
          pieces.send(whole.slice(places[i], to));
          return pieces.said.filter(({ kind }) => kind !== 'timer');
        });
        expect(said).toEqual(once.said.filter(({ kind }) => kind !== 'timer'));
        expect(pieces.state).toEqual(once.state);
      }),
    );
  });
});
