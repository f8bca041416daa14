/** One control connection of a server, and the data connection that belongs to it. */
import type { Endpoint } from '../../../addr/endpoint.ts';
import type { Ip } from '../../../addr/ip.ts';
import type { AppCommand, SocketName } from '../app.ts';
import { NOTHING, toLatin1 } from '../stream/bytes.ts';
import type { Files } from './files.ts';
import { seal } from './record.ts';

/** What the client said about its next data connection. */
export type DataPlan =
  | { readonly kind: 'none' }
  /** PORT, EPRT: the server connects. */
  | { readonly kind: 'active'; readonly to: Endpoint }
  /** PASV, EPSV: a port is being claimed, and further ones if it is taken. */
  | { readonly kind: 'opening'; readonly verb: 'PASV' | 'EPSV'; readonly socket: SocketName; readonly tried: number }
  /** The port is open; who comes first is let in, and may send before the transfer is asked for. */
  | {
      readonly kind: 'passive';
      readonly listener: SocketName;
      readonly connection?: SocketName;
      readonly early: readonly Uint8Array[];
      readonly ended: boolean;
    }
  /** Somebody else than the client came. */
  | { readonly kind: 'stranger' };

export interface Transfer {
  readonly direction: 'send' | 'receive';
  /** What the client is told when it begins and when it is over. */
  readonly opening: string;
  readonly closing: string;
  /** Under which name to store what comes. */
  readonly name: string;
  /** What is sent, or has come, in pieces. */
  readonly content: readonly Uint8Array[];
  /** Absent while the client is awaited. */
  readonly socket?: SocketName;
  readonly stage: 'connecting' | 'moving';
}

export interface Session {
  readonly control: SocketName;
  readonly peer: Endpoint;
  readonly local: Endpoint;
  /** A part of a line. */
  readonly rest: Uint8Array;
  /** A part of a record; undefined while the connection is in clear. */
  readonly sealed: Uint8Array | undefined;
  /** Lines that wait for their turn. */
  readonly lines: readonly string[];
  readonly user?: string;
  readonly loggedIn: boolean;
  /** After EPSV ALL nothing else opens a data connection (RFC 2428 §4). */
  readonly epsvAll: boolean;
  readonly plan: DataPlan;
  readonly transfer?: Transfer;
  /** How many data sockets it had. */
  readonly sockets: number;
  readonly over: boolean;
}

/** What a server is told once. */
export interface FtpSettings {
  readonly strictPort: boolean;
  readonly passivePorts?: { readonly from: number; readonly to: number };
  readonly announce?: Ip;
  readonly users?: Readonly<Record<string, string>>;
}

export interface Scene {
  readonly settings: FtpSettings;
  readonly files: Files;
}

export interface Turn {
  readonly session: Session;
  readonly commands: readonly AppCommand[];
  /** A file that has come. */
  readonly stored?: { readonly name: string; readonly content: Uint8Array };
}

/** Without a word from the client; vsftpd has the same. */
export const IDLE = 300_000;

export function openSession(control: SocketName, peer: Endpoint, local: Endpoint): Session {
  return {
    control,
    peer,
    local,
    rest: NOTHING,
    sealed: undefined,
    lines: [],
    loggedIn: false,
    epsvAll: false,
    plan: { kind: 'none' },
    sockets: 0,
    over: false,
  };
}

/** Replies, one line each. */
export function say(session: Session, ...replies: readonly string[]): Turn {
  return { session, commands: [write(session, replies)] };
}

function write({ control, sealed }: Session, replies: readonly string[]): AppCommand {
  const plain = toLatin1(replies.map((reply) => `${reply}\r\n`).join(''));
  return { kind: 'write', socket: control, payload: sealed === undefined ? plain : seal(plain) };
}

/** The same turn with commands that come first. */
export function after(commands: readonly AppCommand[], turn: Turn): Turn {
  return { ...turn, commands: [...commands, ...turn.commands] };
}

/** The session once nothing more is heard. */
export function over(session: Session): Session {
  return { ...session, over: true, lines: [], rest: NOTHING };
}

export function dataTimer({ control }: Session): string {
  return `${control}/timer`;
}

export function idleTimer({ control }: Session): string {
  return `${control}/idle`;
}

/** Gives the sockets of a plan up; a transfer has its own. */
export function withoutPlan(session: Session): Turn {
  const { plan } = session;
  const sockets: SocketName[] = [];
  if (plan.kind === 'opening') sockets.push(plan.socket);
  if (plan.kind === 'passive') sockets.push(plan.listener, ...(plan.connection === undefined ? [] : [plan.connection]));
  const commands = sockets.map((socket) => ({ kind: 'close', socket }) as const);
  return { session: { ...session, plan: { kind: 'none' } }, commands };
}
