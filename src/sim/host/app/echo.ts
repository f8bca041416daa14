/** Accepts and sends back what it gets, from the address it was asked at. Read RFC 862 first. */
import { type Ip, isMulticast, LIMITED_BROADCAST } from '../../addr/ip.ts';
import { type App, type AppEvent, type Reaction, react } from './app.ts';

export interface EchoConfig {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** Default: every address of the node. */
  readonly address?: Ip;
}

/** The server keeps nothing: each event is answered by itself. */
export type EchoState = null;

/** `tcp/N` or `udp/N`. */
export function echoServer(config: EchoConfig): App<EchoState> {
  const { protocol, port, address } = config;
  const at = { socket: 'server', port, ...(address === undefined ? {} : { address }) };
  return {
    name: `${protocol}/${port}`,
    start: () => react(null, protocol === 'tcp' ? { kind: 'listen', ...at } : { kind: 'bind', ...at }),
    handle: (_, event) => answer(event),
  };
}

function answer(event: AppEvent): Reaction<EchoState> {
  switch (event.kind) {
    case 'data':
      return react(null, { kind: 'write', socket: event.socket, payload: event.payload });
    case 'ended':
      return react(null, { kind: 'close', socket: event.socket });
    case 'datagram': {
      const { socket, from: to, payload } = event;
      const asked = event.to.ip;
      const from = asked === LIMITED_BROADCAST || isMulticast(asked) ? {} : { from: asked };
      return react(null, { kind: 'send', socket, to, payload, ...from });
    }
    case 'failed':
      return event.socket === 'server' && event.icmp === undefined
        ? react(null, { kind: 'note', text: `${event.socket}: ${event.error}` })
        : react(null);
    default:
      return react(null);
  }
}
