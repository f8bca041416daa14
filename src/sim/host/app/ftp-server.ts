/**
 * An FTP server that anybody may log in to. Read RFC 959, 1123 §4.1, 2428, 2577 and 4217 first.
 *
 * It behaves as vsftpd does, in its words too. Files are sent as they are, whatever the TYPE. While a transfer lasts
 * only ABOR is heard; other commands wait. Any file `N.bin` of N bytes exists, and what is stored stays for the run.
 */
import type { Ip } from '../../addr/ip.ts';
import { type App, type AppCommand, type AppEvent, type Reaction, react, type SocketName } from './app.ts';
import { readCommand } from './ftp/command.ts';
import { obey } from './ftp/dialogue.ts';
import type { Files } from './ftp/files.ts';
import { notOpened, opened } from './ftp/passive.ts';
import { unseal } from './ftp/record.ts';
import {
  after,
  dataTimer,
  type FtpSettings,
  IDLE,
  idleTimer,
  openSession,
  over,
  type Session,
  say,
  type Turn,
  withoutPlan,
} from './ftp/session.ts';
import { accept, expire, move } from './ftp/transfer.ts';
import { concat } from './stream/bytes.ts';
import { takeLines } from './stream/lines.ts';
import { drop, put } from './stream/table.ts';

export interface FtpServerConfig extends Partial<FtpSettings> {
  /** The control port; data connections of PORT and EPRT come from the one below. */
  readonly port: number;
  readonly address?: Ip;
}

export interface FtpServerState {
  /** By the name of the control connection. */
  readonly sessions: ReadonlyMap<SocketName, Session>;
  readonly files: Files;
}

/** The longest line of a command, in bytes. */
const LONGEST_LINE = 4096;

export function ftpServer(config: FtpServerConfig): App<FtpServerState> {
  const { port, address, ...given } = config;
  const settings = { strictPort: true, ...given };
  const at = { port, ...(address === undefined ? {} : { address }) };
  return {
    name: 'ftp',
    start: () => react({ sessions: new Map(), files: new Map() }, { kind: 'listen', socket: 'server', ...at }),
    handle: (state, event) => handle(state, event, settings),
  };
}

function handle(state: FtpServerState, event: AppEvent, settings: FtpSettings): Reaction<FtpServerState> {
  if (event.kind === 'accepted' && event.listener === 'server') {
    const session = openSession(event.socket, event.peer, event.local);
    const turn = say(session, '220 FTP server ready.');
    return keep(state, { ...turn, commands: [idle(session), ...turn.commands] }, settings);
  }
  if (event.kind === 'failed' && event.socket === 'server') {
    return react(state, { kind: 'note', text: `${event.socket}: ${event.error}` });
  }
  const session = state.sessions.get(ownerOf(event));
  if (session === undefined) return react(state);
  const concerns = 'socket' in event && event.socket === session.control;
  if (concerns && (event.kind === 'closed' || event.kind === 'failed')) return forget(state, session);
  const scene = { settings, files: state.files };
  return keep(state, concerns ? control(session, event) : data(session, event, scene.settings), settings);
}

/** Sockets and timers of a session are named `CONTROL/…`; what comes in at a passive port, by its listener. */
function ownerOf(event: AppEvent): SocketName {
  const name = event.kind === 'timer' ? event.name : 'socket' in event ? event.socket : '';
  return name.replace(/\/.*/, '');
}

function idle(session: Session): AppCommand {
  return { kind: 'timer', name: idleTimer(session), after: IDLE };
}

function control(session: Session, event: AppEvent): Turn {
  if (event.kind === 'ended') return leave(session);
  if (event.kind !== 'data' || session.over) return { session, commands: [] };
  return after([idle(session)], receive(session, event.payload));
}

/** Puts what came to the lines that wait, unmasked if need be. */
function receive(session: Session, chunk: Uint8Array): Turn {
  if (session.sealed === undefined) return split(session, chunk);
  const found = unseal(concat(session.sealed, chunk));
  if (found === undefined) return leave(session);
  return split({ ...session, sealed: found.rest }, found.plain);
}

function split(session: Session, chunk: Uint8Array): Turn {
  const { lines, rest } = takeLines(session.rest, chunk);
  return { session: { ...session, rest, lines: [...session.lines, ...lines] }, commands: [] };
}

/** Ends the session at once. */
function leave(session: Session): Turn {
  const { session: bare, commands } = withoutPlan(session);
  const socket = bare.transfer?.socket;
  const sockets = socket === undefined ? [] : [socket];
  return {
    session: over(bare),
    commands: [...commands, ...[...sockets, session.control].map((name) => ({ kind: 'close', socket: name }) as const)],
  };
}

function data(session: Session, event: AppEvent, settings: FtpSettings): Turn {
  const { plan } = session;
  switch (event.kind) {
    case 'timer':
      return event.name === dataTimer(session) ? expire(session) : silent(session);
    case 'accepted':
      return accept(session, event);
    case 'bound':
      return opened(session, event.local.port, settings);
    case 'failed':
      if (plan.kind === 'opening' && plan.socket === event.socket) return notOpened(session, settings);
      return move(session, event);
    default:
      return move(session, event);
  }
}

/** Nothing was said for long; a transfer that goes on is reason enough. */
function silent(session: Session): Turn {
  if (session.transfer !== undefined) return { session, commands: [idle(session)] };
  const turn = say(session, '421 Timeout.');
  return after(turn.commands, leave(session));
}

function forget(state: FtpServerState, session: Session): Reaction<FtpServerState> {
  const { commands } = leave(session);
  const timers = [dataTimer(session), idleTimer(session)].map((name) => ({ kind: 'cancel', name }) as const);
  return react({ ...state, sessions: drop(state.sessions, session.control) }, ...commands, ...timers);
}

/** Takes a turn into the state, and then the lines whose turn it is. */
function keep(state: FtpServerState, turn: Turn, settings: FtpSettings): Reaction<FtpServerState> {
  let files = turn.stored === undefined ? state.files : put(state.files, turn.stored.name, turn.stored.content);
  let session = turn.session;
  const commands = [...turn.commands];
  for (let line = nextLine(session); line !== undefined; line = nextLine(session)) {
    const next =
      line.length > LONGEST_LINE ? tooLong(session) : obey(rest(session), readCommand(line), { settings, files });
    if (next.stored !== undefined) files = put(files, next.stored.name, next.stored.content);
    session = next.session;
    commands.push(...next.commands);
  }
  return react({ files, sessions: put(state.sessions, session.control, session) }, ...commands);
}

/** The line to be obeyed now; one that has not ended counts when it is too long already. */
function nextLine({ lines, rest, plan, transfer }: Session): string | undefined {
  const [line = rest.length > LONGEST_LINE ? 'x'.repeat(rest.length) : undefined] = lines;
  const busy = plan.kind === 'opening' || (transfer !== undefined && readCommand(line ?? '').verb !== 'ABOR');
  return busy ? undefined : line;
}

function rest(session: Session): Session {
  return { ...session, lines: session.lines.slice(1) };
}

function tooLong(session: Session): Turn {
  const turn = say(session, '500 Input line too long.');
  return after(turn.commands, leave(session));
}
