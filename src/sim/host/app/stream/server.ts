/** The life of the connections that a server has accepted, all but what is said over them. */
import type { Millis } from '../../../base/time.ts';
import { type AppCommand, type AppEvent, type Reaction, react, type SocketName } from '../app.ts';
import { drop, put } from './table.ts';

/** What a server knows of each of its connections. */
export type Streams<S> = ReadonlyMap<SocketName, S>;

/** A connection over which nothing has come for so long is closed; the timer has its name. */
export function wait(socket: SocketName, patience: Millis): AppCommand {
  return { kind: 'timer', name: socket, after: patience };
}

/** Takes up a connection that has just been accepted. */
export function welcome<S>(streams: Streams<S>, socket: SocketName, stream: S, patience: Millis): Reaction<Streams<S>> {
  return react(put(streams, socket, stream), wait(socket, patience));
}

/**
 * What comes of an event that says nothing: a peer that is done is done with, silence ends a connection, one that is gone
 * is forgotten, and a socket that the server could not have is noted.
 */
export function attend<S>(streams: Streams<S>, event: AppEvent): Reaction<Streams<S>> {
  switch (event.kind) {
    case 'ended':
      return react(streams, { kind: 'close', socket: event.socket });
    case 'timer':
      return streams.has(event.name) ? react(streams, { kind: 'close', socket: event.name }) : react(streams);
    case 'closed':
      return forget(streams, event.socket);
    case 'failed':
      if (streams.has(event.socket)) return forget(streams, event.socket);
      return react(streams, { kind: 'note', text: `${event.socket}: ${event.error}` });
    default:
      return react(streams);
  }
}

function forget<S>(streams: Streams<S>, socket: SocketName): Reaction<Streams<S>> {
  return react(drop(streams, socket), { kind: 'cancel', name: socket });
}
