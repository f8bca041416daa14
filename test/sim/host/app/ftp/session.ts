/** An FTP server with one control connection, without a network. */
import type { Endpoint } from '../../../../../src/sim/addr/endpoint.ts';
import type { AppCommand, AppEvent } from '../../../../../src/sim/host/app/app.ts';
import { type FtpServerConfig, ftpServer } from '../../../../../src/sim/host/app/ftp-server.ts';
import { toLatin1 } from '../../../../../src/sim/host/app/stream/bytes.ts';
import { at, Driven, written } from '../drive.ts';

export const SOCKET = 'server#1';
export const CLIENT: Endpoint = at('10.0.0.2', 45_000);
export const LOGIN = ['USER anonymous', 'PASS x'];

/** A server with one control connection. */
export class Session extends Driven<unknown> {
  /** The replies to these lines, sent together. */
  say(...lines: string[]): string[] {
    return this.send(lines.map((line) => `${line}\r\n`).join(''));
  }

  send(text: string): string[] {
    this.hear({ kind: 'data', socket: SOCKET, payload: toLatin1(text) });
    return replies(this.said);
  }

  /** Tells the server of its own passive port or data connection. */
  data(event: AppEvent): string[] {
    this.hear(event);
    return replies(this.said);
  }
}

export function replies(commands: readonly AppCommand[]): string[] {
  const control = commands.filter((command) => command.kind === 'write' && command.socket === SOCKET);
  return written(control).split('\r\n').slice(0, -1);
}

export function open(config: Partial<FtpServerConfig> = {}, local = at('10.0.0.1', 21), peer = CLIENT): Session {
  const session = new Session(ftpServer({ port: local.port, ...config }));
  session.hear({ kind: 'accepted', socket: SOCKET, listener: 'server', peer, local });
  return session;
}

export function loggedIn(config: Partial<FtpServerConfig> = {}, local = at('10.0.0.1', 21), peer = CLIENT): Session {
  const session = open(config, local, peer);
  session.say(...LOGIN);
  return session;
}

export const socketIn = (commands: readonly AppCommand[], kind: AppCommand['kind']) => {
  const found = commands.find((command) => command.kind === kind);
  return found !== undefined && 'socket' in found ? found.socket : '';
};
