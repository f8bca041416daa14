/** The port that a server opens for PASV and EPSV. Read RFC 959 §5.1 and RFC 2428 §3 first. */
import { showPort } from './command.ts';
import { after, type FtpSettings, type Session, say, type Turn, withoutPlan } from './session.ts';

/** Claims a port, on the address of the control connection; the reply follows once it is there. */
export function openPort(session: Session, verb: 'PASV' | 'EPSV', settings: FtpSettings): Turn {
  const { session: bare, commands } = withoutPlan(session);
  return after(commands, claim(bare, verb, 0, settings));
}

/** The ports of the range take turns, so that one just closed rests for as long as there are others. */
function claim(session: Session, verb: 'PASV' | 'EPSV', tried: number, settings: FtpSettings): Turn {
  const { control, sockets, local } = session;
  const { from, to } = settings.passivePorts ?? { from: 0, to: 0 };
  const socket = `${control}/pasv${sockets}`;
  const port = from + (sockets % (to - from + 1));
  const next: Session = { ...session, sockets: sockets + 1, plan: { kind: 'opening', verb, socket, tried: tried + 1 } };
  return { session: next, commands: [{ kind: 'listen', socket, port, address: local.ip }] };
}

/** The port is there: tells the client, which connects to it. */
export function opened(session: Session, port: number, settings: FtpSettings): Turn {
  const { plan, local } = session;
  if (plan.kind !== 'opening') return { session, commands: [] };
  const { socket: listener, verb } = plan;
  const next: Session = { ...session, plan: { kind: 'passive', listener, early: [], ended: false } };
  if (verb === 'EPSV') return say(next, `229 Entering Extended Passive Mode (|||${port}|).`);
  const numbers = showPort({ ip: settings.announce ?? local.ip, port });
  return say(next, `227 Entering Passive Mode (${numbers}).`);
}

/** The port is taken: tries the next, until the range is through. */
export function notOpened(session: Session, settings: FtpSettings): Turn {
  const { plan } = session;
  if (plan.kind !== 'opening') return { session, commands: [] };
  const { from, to } = settings.passivePorts ?? { from: 0, to: 0 };
  if (plan.tried <= to - from) return claim(session, plan.verb, plan.tried, settings);
  return say({ ...session, plan: { kind: 'none' } }, '425 Cannot open a passive port.');
}
