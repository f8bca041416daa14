/** Data connections of a server, and what goes over them. Read RFC 959 §3.2 and §5.2 first. */
import type { AppCommand, AppEvent, SocketName } from '../app.ts';
import { concat } from '../stream/bytes.ts';
import { after, dataTimer, type Session, say, type Transfer, type Turn, withoutPlan } from './session.ts';

/** For a data connection to come about, and for one that stands still (vsftpd's defaults). */
const CONNECT = 60_000;
const STALL = 300_000;

type Wanted = Omit<Transfer, 'socket' | 'stage'>;

/** Whether the client has said how data is to go; without that no transfer begins. */
export function hasPlan({ plan }: Session): boolean {
  return plan.kind === 'active' || plan.kind === 'passive' || plan.kind === 'stranger';
}

/** Begins a transfer over the planned data connection, which serves this one only. */
export function transfer(session: Session, wanted: Wanted): Turn {
  const { plan, control, local } = session;
  const waiting = { ...session, transfer: { ...wanted, stage: 'connecting' as const } };
  const timer: AppCommand = { kind: 'timer', name: dataTimer(session), after: CONNECT };
  switch (plan.kind) {
    case 'active': {
      const socket = `${control}/data${session.sockets}`;
      const connecting = { ...waiting.transfer, socket };
      const next: Session = { ...waiting, transfer: connecting, plan: { kind: 'none' }, sockets: session.sockets + 1 };
      // RFC 959 §3.2: from the port below the one of the control connection.
      const from = { ip: local.ip, port: local.port - 1 };
      return { session: next, commands: [timer, { kind: 'connect', socket, to: plan.to, from }] };
    }
    case 'passive':
      if (plan.connection === undefined) return { session: waiting, commands: [timer] };
      return begin({ ...session, plan: { kind: 'none' } }, waiting.transfer, plan.connection, plan);
    default:
      return say({ ...session, plan: { kind: 'none' } }, STRANGER);
  }
}

const STRANGER = '425 Security: Bad IP connecting.';

/** A connection came in at the passive port. The first one closes it; only the client itself is let in. */
export function accept(session: Session, event: Extract<AppEvent, { kind: 'accepted' }>): Turn {
  const { plan, peer } = session;
  const { socket, listener } = event;
  const close: AppCommand = { kind: 'close', socket };
  if (plan.kind !== 'passive' || plan.listener !== listener || plan.connection !== undefined) {
    return { session, commands: [close] };
  }
  const shut: AppCommand = { kind: 'close', socket: listener };
  if (event.peer.ip !== peer.ip) {
    const refused: Session = { ...session, plan: { kind: 'stranger' } };
    const turn = session.transfer === undefined ? { session: refused, commands: [] } : end(refused, STRANGER);
    return after([shut, close], turn);
  }
  if (session.transfer === undefined) {
    return { session: { ...session, plan: { ...plan, connection: socket } }, commands: [shut] };
  }
  const bare: Session = { ...session, plan: { kind: 'none' } };
  return after([shut], begin(bare, session.transfer, socket, { early: [], ended: false }));
}

/** The data connection is there: announces the transfer and sends all there is to send. */
function begin(
  session: Session,
  transfer: Transfer,
  socket: SocketName,
  { early, ended }: { readonly early: readonly Uint8Array[]; readonly ended: boolean },
): Turn {
  const name = dataTimer(session);
  if (transfer.direction === 'send') {
    const turn = say({ ...session, transfer: { ...transfer, socket, stage: 'moving' } }, transfer.opening);
    const writes = transfer.content.map((payload) => ({ kind: 'write', socket, payload }) as const);
    // Retransmission has its own limit, so nothing else looks after it.
    return { ...turn, commands: [{ kind: 'cancel', name }, ...turn.commands, ...writes, { kind: 'shutdown', socket }] };
  }
  const moving: Transfer = { ...transfer, content: early, socket, stage: 'moving' };
  const turn = say({ ...session, transfer: moving }, transfer.opening);
  if (ended) return after(turn.commands, complete(turn.session, moving));
  return after([{ kind: 'timer', name, after: STALL }], turn);
}

/** Takes an event of a data socket. */
export function move(session: Session, event: AppEvent): Turn {
  const { transfer } = session;
  if (!('socket' in event) || transfer?.socket !== event.socket) return early(session, event);
  const sending = transfer.direction === 'send';
  switch (event.kind) {
    case 'connected':
      return begin(session, transfer, event.socket, { early: [], ended: false });
    case 'data': {
      if (sending) break;
      const content = [...transfer.content, event.payload];
      const timer: AppCommand = { kind: 'timer', name: dataTimer(session), after: STALL };
      return { session: { ...session, transfer: { ...transfer, content } }, commands: [timer] };
    }
    case 'ended':
      // What was sent has arrived only when the connection is closed.
      if (sending) break;
      return complete(session, transfer);
    case 'closed':
      return complete(session, transfer);
    case 'failed': {
      const broken = `426 Failure ${sending ? 'writing' : 'reading'} network stream.`;
      return end(session, transfer.stage === 'connecting' ? NO_CONNECTION : broken);
    }
    default:
      break;
  }
  return { session, commands: [] };
}

const NO_CONNECTION = '425 Failed to establish connection.';

/** What happens on a passive connection before its transfer is asked for. */
function early(session: Session, event: AppEvent): Turn {
  const { plan } = session;
  if (plan.kind !== 'passive' || !('socket' in event) || plan.connection !== event.socket)
    return { session, commands: [] };
  switch (event.kind) {
    case 'data':
      return { session: { ...session, plan: { ...plan, early: [...plan.early, event.payload] } }, commands: [] };
    case 'ended':
      return { session: { ...session, plan: { ...plan, ended: true } }, commands: [] };
    case 'failed':
      return { session: { ...session, plan: { kind: 'none' } }, commands: [] };
    default:
      return { session, commands: [] };
  }
}

function complete(session: Session, transfer: Transfer): Turn {
  const turn = end(session, transfer.closing);
  if (transfer.direction === 'send') return turn;
  return { ...turn, stored: { name: transfer.name, content: concat(...transfer.content) } };
}

/** The time for the data connection is over. */
export function expire(session: Session): Turn {
  const { transfer } = session;
  return stop(session, transfer?.stage === 'connecting' ? [NO_CONNECTION] : ['426 Data connection timed out.']);
}

/** Breaks the transfer off and says so. */
export function stop(session: Session, replies: readonly string[]): Turn {
  const socket = session.transfer?.socket;
  return after(socket === undefined ? [] : [{ kind: 'abort', socket }], end(session, ...replies));
}

/** Closes all that belongs to data, and tells how the transfer ended. */
function end(session: Session, ...replies: readonly string[]): Turn {
  const { transfer, ...rest } = session;
  const { session: bare, commands } = withoutPlan(rest);
  const socket = transfer?.socket;
  const closing: AppCommand[] = [
    { kind: 'cancel', name: dataTimer(session) },
    ...commands,
    ...(socket === undefined ? [] : [{ kind: 'close', socket } as const]),
  ];
  return after(closing, say(bare, ...replies));
}
