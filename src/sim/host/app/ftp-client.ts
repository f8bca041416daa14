/**
 * Transfers one file. Read RFC 959 §5.4 and RFC 2428 first.
 *
 * It behaves as classic clients do: it names its own address in PORT, believes the address in a 227, and connects before
 * it asks for the file. The file of N bytes is `N.bin`, whose content both sides know (`pattern`), so that every byte is
 * compared.
 */
import { showDuration } from '../../base/time.ts';
import { type App, type AppEvent, type Reaction, react } from './app.ts';
import {
  BLANK,
  CONTROL,
  DATA,
  data,
  type FtpErrand,
  fail,
  hear,
  type Progress,
  patience,
  succeed,
} from './ftp/errand.ts';
import { unseal } from './ftp/record.ts';
import { readReplies } from './ftp/reply.ts';
import { concat } from './stream/bytes.ts';
import { takeLines } from './stream/lines.ts';

export { FTP_MODES, type FtpMode } from './ftp/errand.ts';

export type FtpClientConfig = Pick<FtpErrand, 'to' | 'mode'> & Partial<FtpErrand>;
export type FtpClientState = Progress;

/**
 * Outcomes: `transferred`; `control-failed` when there is no connection, no login, or a command without answer;
 * `data-failed` for the rest. All with `bytes` that came or were sent, the whole dialogue in `replies` (lines of the
 * client begin with `> `, those of the server with `< `), `command` (the PORT, PASV, … line), `dataPeer`, the `reason`.
 */
export function ftpClient(config: FtpClientConfig): App<FtpClientState> {
  const errand: FtpErrand = {
    encrypted: false,
    bytes: 1024,
    direction: 'download',
    ignorePasvAddress: false,
    user: 'anonymous',
    password: 'guest@',
    dataTimeout: 5000,
    timeout: 60_000,
    ...config,
  };
  return {
    name: 'ftp client',
    start: () => react(BLANK, patience(errand), { kind: 'connect', socket: CONTROL, to: errand.to }),
    handle: (state, event) => handle(state, event, errand),
  };
}

function handle(state: Progress, event: AppEvent, errand: FtpErrand): Reaction<Progress> {
  if (event.kind === 'timer') return expire(state, event.name, errand);
  if (!('socket' in event)) return react(state);
  return event.socket === CONTROL ? control(state, event, errand) : data(state, event, errand);
}

function expire(state: Progress, timer: string, errand: FtpErrand): Reaction<Progress> {
  if (timer === DATA)
    return fail(state, 'data-failed', `no data connection within ${showDuration(errand.dataTimeout)}`);
  if (state.stage === 'quit') return succeed(state);
  const last = state.dialogue.findLast((line) => line.startsWith('> '));
  const reason = last === undefined ? 'the server does not answer' : `no answer to "${last.slice(2)}"`;
  return fail(state, state.stage === 'transfer' ? 'data-failed' : 'control-failed', reason);
}

function control(state: Progress, event: AppEvent, errand: FtpErrand): Reaction<Progress> {
  switch (event.kind) {
    case 'connected':
      return react({ ...state, local: event.local });
    case 'data':
      return receive(state, event.payload, errand);
    case 'failed': {
      if (state.stage === 'quit') return succeed(state);
      const found = event.icmp === undefined ? {} : { icmp: event.icmp };
      return fail(state, 'control-failed', `control connection: ${event.error}`, found);
    }
    case 'ended':
      if (state.stage === 'quit') return succeed(state);
      return fail(state, 'control-failed', 'the server closed the control connection');
    default:
      return react(state);
  }
}

function receive(state: Progress, chunk: Uint8Array, errand: FtpErrand): Reaction<Progress> {
  const found = state.sealed === undefined ? undefined : unseal(concat(state.sealed, chunk));
  if (state.sealed !== undefined && found === undefined) {
    return fail(state, 'control-failed', 'the server does not speak TLS');
  }
  const { lines, rest } = takeLines(state.rest, found?.plain ?? chunk);
  const { replies, open } = readReplies(state.open, lines);
  const dialogue = [...state.dialogue, ...lines.map((line) => `< ${line}`)];
  const first = react({ ...state, rest, open, dialogue, sealed: found?.rest }, patience(errand));
  return replies.reduce<Reaction<Progress>>((sofar, reply) => {
    const { state: next, commands } = hear(sofar.state, reply, errand);
    return react(next, ...sofar.commands, ...commands);
  }, first);
}
