/** What a server answers to each command. Words as vsftpd has them. Read RFC 959 §4 and §5.4, RFC 2428, 2577 and 4217 first. */
import type { Endpoint } from '../../../addr/endpoint.ts';
import { isIp4 } from '../../../addr/ip.ts';
import { NOTHING } from '../stream/bytes.ts';
import { type FtpCommand, protocolOf, readEprt, readPort } from './command.ts';
import { isRoot, list, nameIn, read } from './files.ts';
import { openPort } from './passive.ts';
import { after, over, type Scene, type Session, say, type Turn, withoutPlan } from './session.ts';
import { hasPlan, stop, transfer } from './transfer.ts';

type Handler = (session: Session, argument: string, scene: Scene) => Turn;

const always =
  (reply: string): Handler =>
  (session) =>
    say(session, reply);

/** What may be said without logging in. */
const OPEN: Readonly<Record<string, Handler>> = {
  USER: (session, user) => say({ ...session, user, loggedIn: false }, '331 Please specify the password.'),
  PASS: logIn,
  AUTH: secure,
  PBSZ: (session) => say(session, session.sealed === undefined ? '503 Use AUTH first.' : '200 PBSZ set to 0.'),
  PROT: protect,
  FEAT: always(
    ['211-Features:', ' AUTH TLS', ' EPRT', ' EPSV', ' PASV', ' PBSZ', ' PROT', ' SIZE', '211 End'].join('\r\n'),
  ),
  OPTS: (session, argument) =>
    say(session, /^utf8 on$/i.test(argument) ? '200 Always in UTF8 mode.' : '501 Option not understood.'),
  NOOP: always('200 NOOP ok.'),
  QUIT: (session) => {
    const turn = say(session, '221 Goodbye.');
    const done = withoutPlan(turn.session);
    const close = { kind: 'close', socket: session.control } as const;
    return { session: over(done.session), commands: [...done.commands, ...turn.commands, close] };
  },
};

const LOGGED_IN: Readonly<Record<string, Handler>> = {
  ...OPEN,
  SYST: always('215 UNIX Type: L8'),
  HELP: always('214 Help OK.'),
  PWD: always('257 "/" is the current directory'),
  XPWD: always('257 "/" is the current directory'),
  CWD: (session, path) =>
    say(session, isRoot(path) ? '250 Directory successfully changed.' : '550 Failed to change directory.'),
  CDUP: always('250 Directory successfully changed.'),
  TYPE: (session, argument) => say(session, typeReply(argument)),
  MODE: (session, argument) => say(session, /^s$/i.test(argument) ? '200 Mode set to S.' : '504 Bad MODE command.'),
  STRU: (session, argument) =>
    say(session, /^f$/i.test(argument) ? '200 Structure set to F.' : '504 Bad STRU command.'),
  ALLO: always('202 ALLO command ignored.'),
  SIZE: (session, path, { files }) => {
    const found = read(files, path);
    return say(session, found === undefined ? '550 Could not get file size.' : `213 ${found.length}`);
  },
  PORT: (session, argument, scene) => port(session, 'PORT', readPort(argument), scene),
  EPRT: (session, argument, scene) => {
    const found = readEprt(argument);
    if (found === 'family') return say(session, '522 Network protocol not supported, use (1,2)');
    return port(session, 'EPRT', found, scene);
  },
  PASV: pasv,
  EPSV: epsv,
  LIST: (session, _, { files }) => directory(session, list(files, 'lines')),
  NLST: (session, _, { files }) => directory(session, list(files, 'names')),
  RETR: retrieve,
  STOR: store,
  ABOR: (session) => {
    if (session.transfer === undefined) return say(session, '225 No transfer to ABOR.');
    return stop(session, ['426 Transfer aborted.', '226 ABOR successful.']);
  },
};

/** Commands of RFC 959 that this server knows and does not carry out. */
const UNSUPPORTED: ReadonlySet<string> = new Set(
  'ACCT SMNT REIN STOU APPE REST RNFR RNTO DELE RMD MKD SITE STAT MDTM XMKD XRMD XCUP'.split(' '),
);

/** Answers one command. */
export function obey(session: Session, { verb, argument }: FtpCommand, scene: Scene): Turn {
  const table = session.loggedIn ? LOGGED_IN : OPEN;
  const handler = Object.hasOwn(table, verb) ? table[verb] : undefined;
  if (handler !== undefined) return handler(session, argument, scene);
  if (!session.loggedIn) return say(session, '530 Please login with USER and PASS.');
  return say(session, UNSUPPORTED.has(verb) ? '502 Command not implemented.' : '500 Unknown command.');
}

function logIn(session: Session, password: string, { settings }: Scene): Turn {
  const { user, loggedIn } = session;
  if (loggedIn) return say(session, '230 Already logged in.');
  if (user === undefined) return say(session, '503 Login with USER first.');
  const { users } = settings;
  const right = users === undefined || (Object.hasOwn(users, user) && users[user] === password);
  if (right) return say({ ...session, loggedIn: true }, '230 Login successful.');
  const { user: _, ...stranger } = session;
  return say(stranger, '530 Login incorrect.');
}

/** From here on everything is unreadable; what was sent in clear behind AUTH is thrown away, as it may be forged. */
function secure(session: Session, argument: string): Turn {
  if (session.sealed !== undefined) return say(session, '503 Already secured.');
  if (!/^(tls|tls-c|ssl)$/i.test(argument)) return say(session, '504 Unknown AUTH type.');
  const { commands } = say(session, '234 Proceed with negotiation.');
  const { user: _, ...anew } = session;
  return { session: { ...anew, loggedIn: false, sealed: NOTHING, rest: NOTHING, lines: [] }, commands };
}

/** The data connection stays in clear. */
function protect(session: Session, level: string): Turn {
  if (session.sealed === undefined) return say(session, '503 Use AUTH first.');
  return say(session, /^c$/i.test(level) ? '200 PROT now Clear.' : '536 PROT not supported at that level.');
}

function typeReply(argument: string): string {
  if (/^(i|l ?8)$/i.test(argument)) return '200 Switching to Binary mode.';
  return /^a( n)?$/i.test(argument) ? '200 Switching to ASCII mode.' : '504 Unrecognised TYPE command.';
}

/** RFC 2577 §3: by default only to the client itself, and not to a well-known port. */
function port(session: Session, verb: 'PORT' | 'EPRT', to: Endpoint | undefined, { settings }: Scene): Turn {
  if (session.epsvAll) return onlyEpsv(session);
  const foreign = to === undefined || to.ip !== session.peer.ip || to.port < 1024;
  const wrongFamily = to === undefined || isIp4(to.ip) !== isIp4(session.local.ip);
  if (wrongFamily || (foreign && settings.strictPort)) return say(session, `500 Illegal ${verb} command.`);
  const { session: bare, commands } = withoutPlan(session);
  const instead = verb === 'PORT' ? 'PASV' : 'EPSV';
  const reply = `200 ${verb} command successful. Consider using ${instead}.`;
  return after(commands, say({ ...bare, plan: { kind: 'active', to } }, reply));
}

function onlyEpsv(session: Session): Turn {
  return say(session, '503 Only EPSV is allowed after EPSV ALL.');
}

function pasv(session: Session, _: string, scene: Scene): Turn {
  if (session.epsvAll) return onlyEpsv(session);
  if (!isIp4(session.local.ip)) return say(session, '425 PASV is for IPv4. Use EPSV.');
  return openPort(session, 'PASV', scene.settings);
}

function epsv(session: Session, argument: string, scene: Scene): Turn {
  if (/^all$/i.test(argument)) return say({ ...session, epsvAll: true }, '200 EPSV ALL ok.');
  const own = protocolOf(session.local.ip);
  if (argument !== '' && argument !== own) return say(session, `522 Network protocol not supported, use (${own})`);
  return openPort(session, 'EPSV', scene.settings);
}

function directory(session: Session, content: Uint8Array): Turn {
  if (!hasPlan(session)) return say(session, NO_PLAN);
  const opening = '150 Here comes the directory listing.';
  return transfer(session, {
    direction: 'send',
    opening,
    closing: '226 Directory send OK.',
    name: '',
    content: [content],
  });
}

const NO_PLAN = '425 Use PORT or PASV first.';

function retrieve(session: Session, path: string, { files }: Scene): Turn {
  if (!hasPlan(session)) return say(session, NO_PLAN);
  const content = read(files, path);
  if (content === undefined) return refuse(session, '550 Failed to open file.');
  const opening = `150 Opening BINARY mode data connection for ${path} (${content.length} bytes).`;
  return transfer(session, { direction: 'send', opening, closing: DONE, name: path, content: [content] });
}

const DONE = '226 Transfer complete.';

function store(session: Session, path: string): Turn {
  if (!hasPlan(session)) return say(session, NO_PLAN);
  const name = nameIn(path);
  if (name === undefined) return refuse(session, '553 Could not create file.');
  return transfer(session, { direction: 'receive', opening: '150 Ok to send data.', closing: DONE, name, content: [] });
}

function refuse(session: Session, reply: string): Turn {
  const { session: bare, commands } = withoutPlan(session);
  return after(commands, say(bare, reply));
}
