/** What a client says to get one file from a server, or there. Read RFC 959 §5.4, RFC 2428 and RFC 4217 first. */
import type { Endpoint } from '../../../addr/endpoint.ts';
import { showIp } from '../../../addr/ip.ts';
import type { Millis } from '../../../base/time.ts';
import { type AppCommand, type AppEvent, type Finding, type Reaction, react, type SocketName } from '../app.ts';
import { isPattern, NOTHING, pattern, toLatin1 } from '../stream/bytes.ts';
import { showEprt, showPort } from './command.ts';
import { nameOfSize } from './files.ts';
import { seal } from './record.ts';
import { type FtpReply, type OpenReply, readExtendedPassive, readPassive } from './reply.ts';

export const FTP_MODES = ['active', 'passive', 'extended-active', 'extended-passive'] as const;
export type FtpMode = (typeof FTP_MODES)[number];

export interface FtpErrand {
  /** The control port of the server. */
  readonly to: Endpoint;
  readonly mode: FtpMode;
  /** Whether to ask for AUTH TLS first; default false. */
  readonly encrypted: boolean;
  /** The size of the file; default 1024. */
  readonly bytes: number;
  /** Default `download`. */
  readonly direction: 'download' | 'upload';
  /** Whether to take the address of the control connection in place of the one in a 227; default false. */
  readonly ignorePasvAddress: boolean;
  /** Default `anonymous`. */
  readonly user: string;
  /** Default `guest@`. */
  readonly password: string;
  /** For the data connection to come about; default 5 s, so that a neighbour that does not answer (3 s) is heard of. */
  readonly dataTimeout: Millis;
  /** Without a word or a byte from the server; default 60 s. */
  readonly timeout: Millis;
}

/** What is awaited: the reply to the command of that name, the greeting, or a socket of its own. */
type Stage =
  | 'greeting'
  | 'auth'
  | 'user'
  | 'pass'
  | 'pbsz'
  | 'prot'
  | 'type'
  | 'listening'
  | 'setup'
  | 'connecting'
  | 'transfer'
  | 'quit'
  | 'over';

export interface Progress {
  readonly stage: Stage;
  /** A part of a line, of a reply, and of a record (undefined while the connection is in clear). */
  readonly rest: Uint8Array;
  readonly open: OpenReply;
  readonly sealed: Uint8Array | undefined;
  /** Every line of both sides. */
  readonly dialogue: readonly string[];
  readonly local?: Endpoint;
  /** The line that set the data connection up. */
  readonly command?: string;
  readonly dataPeer?: Endpoint;
  /** The data connection, once it is there. */
  readonly socket?: SocketName;
  /** Bytes that came, or were written. */
  readonly moved: number;
  readonly intact: boolean;
  /** The file has come to its end. */
  readonly ended: boolean;
  /** The server has begun, and has said that it is done. */
  readonly begun: boolean;
  readonly done: boolean;
}

export const BLANK: Progress = {
  stage: 'greeting',
  rest: NOTHING,
  open: [],
  sealed: undefined,
  dialogue: [],
  moved: 0,
  intact: true,
  ended: false,
  begun: false,
  done: false,
};

export const CONTROL = 'control';
/** Socket that connects or listens for data, and the timer for it. */
export const DATA = 'data';

/** The time that the server has for its next word. */
export function patience({ timeout }: FtpErrand): AppCommand {
  return { kind: 'timer', name: 'timeout', after: timeout };
}

function tell(state: Progress, stage: Stage, line: string): Reaction<Progress> {
  const plain = toLatin1(`${line}\r\n`);
  const payload = state.sealed === undefined ? plain : seal(plain);
  return react(
    { ...state, stage, dialogue: [...state.dialogue, `> ${line}`] },
    { kind: 'write', socket: CONTROL, payload },
  );
}

/** Takes one reply: the next command, or the end. */
export function hear(state: Progress, reply: FtpReply, errand: FtpErrand): Reaction<Progress> {
  const { code } = reply;
  const preliminary = code >= 100 && code < 200;
  if (state.stage === 'over' || (preliminary && state.stage !== 'transfer')) return react(state);
  if (state.stage === 'quit') return succeed(state);
  if (code === 0 || code >= 400)
    return fail(state, OPENED.has(state.stage) ? 'data-failed' : 'control-failed', textOf(reply));
  switch (state.stage) {
    case 'greeting':
      return errand.encrypted ? tell(state, 'auth', 'AUTH TLS') : tell(state, 'user', `USER ${errand.user}`);
    case 'auth':
      return tell({ ...state, sealed: NOTHING }, 'user', `USER ${errand.user}`);
    case 'user':
      return code >= 300 ? tell(state, 'pass', `PASS ${errand.password}`) : loggedIn(state);
    case 'pass':
      return loggedIn(state);
    case 'pbsz':
      return tell(state, 'prot', 'PROT C');
    case 'prot':
      return tell(state, 'type', 'TYPE I');
    case 'type':
      return setUp(state, errand);
    case 'setup':
      return agreed(state, reply, errand);
    case 'transfer':
      return preliminary ? begin({ ...state, begun: true }, errand) : conclude({ ...state, done: true }, errand);
    default:
      return react(state);
  }
}

/** In these stages the control connection has done its part. */
const OPENED: ReadonlySet<Stage> = new Set(['listening', 'setup', 'connecting', 'transfer']);

function textOf(reply: FtpReply): string {
  return reply.lines.join('\n');
}

function loggedIn(state: Progress): Reaction<Progress> {
  return state.sealed === undefined ? tell(state, 'type', 'TYPE I') : tell(state, 'pbsz', 'PBSZ 0');
}

function setUp(state: Progress, { mode }: FtpErrand): Reaction<Progress> {
  const { local } = state;
  switch (mode) {
    case 'passive':
      return ask(state, 'PASV');
    case 'extended-passive':
      return ask(state, 'EPSV');
    default: {
      const address = local === undefined ? {} : { address: local.ip };
      return react({ ...state, stage: 'listening' }, { kind: 'listen', socket: DATA, port: 0, ...address });
    }
  }
}

function ask(state: Progress, command: string): Reaction<Progress> {
  return tell({ ...state, command }, 'setup', command);
}

/** The server accepted PORT or EPRT, or said where to connect to. */
function agreed(state: Progress, reply: FtpReply, errand: FtpErrand): Reaction<Progress> {
  if (errand.mode === 'active' || errand.mode === 'extended-active')
    return request(state, errand, [waitForData(errand)]);
  const to = announced(reply, errand);
  if (to === undefined) return fail(state, 'data-failed', `no endpoint in "${textOf(reply)}"`);
  return react({ ...state, stage: 'connecting', dataPeer: to }, waitForData(errand), {
    kind: 'connect',
    socket: DATA,
    to,
  });
}

function waitForData({ dataTimeout }: FtpErrand): AppCommand {
  return { kind: 'timer', name: DATA, after: dataTimeout };
}

function announced(reply: FtpReply, { mode, to, ignorePasvAddress }: FtpErrand): Endpoint | undefined {
  if (mode === 'passive') {
    const found = readPassive(reply);
    return found === undefined || !ignorePasvAddress ? found : { ip: to.ip, port: found.port };
  }
  const port = readExtendedPassive(reply);
  return port === undefined ? undefined : { ip: to.ip, port };
}

function request(state: Progress, { direction, bytes }: FtpErrand, before: readonly AppCommand[] = []) {
  const line = direction === 'download' ? `RETR ${nameOfSize(bytes)}` : `STOR upload-${nameOfSize(bytes)}`;
  const { state: next, commands } = tell(state, 'transfer', line);
  return react(next, ...before, ...commands);
}

/** Takes an event of the data connection or of the port it is to come in at. */
export function data(state: Progress, event: Extract<AppEvent, { socket: SocketName }>, errand: FtpErrand) {
  switch (event.kind) {
    case 'bound':
      return offer(state, event.local.port, errand);
    case 'connected':
      return request({ ...state, socket: DATA }, errand, [{ kind: 'cancel', name: DATA }]);
    case 'accepted': {
      const there = begin({ ...state, socket: event.socket, dataPeer: event.peer }, errand);
      return react(there.state, { kind: 'cancel', name: DATA }, { kind: 'close', socket: DATA }, ...there.commands);
    }
    case 'data': {
      const intact = state.intact && errand.direction === 'download' && isPattern(event.payload, state.moved);
      return react({ ...state, intact, moved: state.moved + event.payload.length }, patience(errand));
    }
    case 'ended': {
      const there = conclude({ ...state, ended: true }, errand);
      return react(there.state, { kind: 'close', socket: event.socket }, ...there.commands);
    }
    case 'failed':
      return broken(state, event);
    default:
      return react(state);
  }
}

/** Names the port that the server is to connect to. */
function offer(state: Progress, port: number, { mode }: FtpErrand): Reaction<Progress> {
  if (state.local === undefined) return react(state);
  const endpoint = { ip: state.local.ip, port };
  if (mode === 'extended-active') return ask(state, `EPRT ${showEprt(endpoint)}`);
  const numbers = showPort(endpoint);
  if (numbers === undefined) return fail(state, 'data-failed', `PORT cannot name ${showIp(endpoint.ip)}`);
  return ask(state, `PORT ${numbers}`);
}

/** Sends the file once both the connection and the word of the server are there. */
function begin(state: Progress, { direction, bytes }: FtpErrand): Reaction<Progress> {
  const { socket, begun, moved } = state;
  if (direction === 'download' || socket === undefined || !begun || moved > 0) return react(state);
  return react(
    { ...state, moved: bytes },
    { kind: 'write', socket, payload: pattern(bytes) },
    { kind: 'shutdown', socket },
  );
}

/** Both sides are done once the server says so and, coming from there, the file is over. */
function conclude(state: Progress, { direction, bytes }: FtpErrand): Reaction<Progress> {
  const { done, ended, moved, intact } = state;
  if (!done || (direction === 'download' && !ended)) return react(state);
  if (moved !== bytes) return fail(state, 'data-failed', `${moved} of ${bytes} bytes came`);
  if (!intact) return fail(state, 'data-failed', 'the bytes that came are not those of the file');
  return tell(state, 'quit', 'QUIT');
}

function broken(state: Progress, { error, icmp }: Extract<AppEvent, { kind: 'failed' }>): Reaction<Progress> {
  const { dataPeer } = state;
  const where = dataPeer === undefined ? '' : ` with ${showIp(dataPeer.ip)} port ${dataPeer.port}`;
  return fail(state, 'data-failed', `data connection${where}: ${error}`, icmp === undefined ? {} : { icmp });
}

/** The file is there; whether the server still says goodbye makes no difference. */
export function succeed(state: Progress): Reaction<Progress> {
  return finish(state, { outcome: 'transferred' });
}

export function fail(
  state: Progress,
  outcome: 'control-failed' | 'data-failed',
  reason: string,
  found: Pick<Finding, 'icmp'> = {},
): Reaction<Progress> {
  return finish(state, { outcome, ...found, more: { reason } });
}

function finish(state: Progress, finding: Finding): Reaction<Progress> {
  const { moved: bytes, dialogue: replies, command, dataPeer, local } = state;
  const more = {
    bytes,
    replies,
    ...(command === undefined ? {} : { command }),
    ...(dataPeer === undefined ? {} : { dataPeer: { address: showIp(dataPeer.ip), port: dataPeer.port } }),
    ...finding.more,
  };
  const from = local === undefined ? {} : { local };
  return react({ ...state, stage: 'over' }, { kind: 'finish', finding: { ...finding, ...from, more } });
}
