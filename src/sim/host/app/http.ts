/** A web server for a handful of pages. Read RFC 9110 and RFC 9112 first. */
import type { Ip } from '../../addr/ip.ts';
import type { Millis } from '../../base/time.ts';
import { type App, type AppCommand, type AppEvent, type Reaction, react, type SocketName } from './app.ts';
import { type Fields, lists, REASONS, type Request, readRequest, writeResponse } from './http/message.ts';
import { concat, NOTHING } from './stream/bytes.ts';
import { attend, type Streams, wait, welcome } from './stream/server.ts';
import { put } from './stream/table.ts';

export interface HttpConfig {
  /** Who answers, as the default page says. */
  readonly name: string;
  readonly port: number;
  readonly address?: Ip;
  /** By path, which begins with "/"; a page for "/" is there by default. */
  readonly pages?: Readonly<Record<string, string>>;
  /** How long a connection may be silent; default 60 s. */
  readonly idle?: Millis;
}

/** What has come on a connection and is no whole request yet; undefined once the last answer is on its way. */
export type HttpState = Streams<Uint8Array | undefined>;

const KNOWN_METHODS: ReadonlySet<string> = new Set(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT']);

/** Serves GET and HEAD over persistent connections, pipelined or not. */
export function httpServer(config: HttpConfig): App<HttpState> {
  const { port, address, idle = 60_000 } = config;
  const pages = { '/': `This is ${config.name}.\n`, ...config.pages };
  const at = { port, ...(address === undefined ? {} : { address }) };
  return {
    name: 'http',
    start: () => react(new Map(), { kind: 'listen', socket: 'server', ...at }),
    handle: (state, event) => handle(state, event, { pages, idle }),
  };
}

interface Settings {
  readonly pages: Readonly<Record<string, string>>;
  readonly idle: Millis;
}

function handle(state: HttpState, event: AppEvent, settings: Settings): Reaction<HttpState> {
  switch (event.kind) {
    case 'accepted':
      return welcome(state, event.socket, NOTHING, settings.idle);
    case 'data':
      return receive(state, event.socket, event.payload, settings);
    default:
      return attend(state, event);
  }
}

function receive(state: HttpState, socket: SocketName, chunk: Uint8Array, settings: Settings): Reaction<HttpState> {
  const before = state.get(socket);
  if (before === undefined) return react(state);
  const commands: AppCommand[] = [wait(socket, settings.idle)];
  let rest: Uint8Array = concat(before, chunk);
  for (;;) {
    const reading = readRequest(rest);
    if (reading.kind === 'more') return react(put(state, socket, rest), ...commands);
    const answer = reading.kind === 'bad' ? refusal(reading.why) : answerTo(reading.message, settings.pages);
    commands.push({ kind: 'write', socket, payload: answer.payload });
    if (answer.last) {
      // Not `close`: that would reset the connection, and the answer with it, if more requests were waiting unread.
      commands.push({ kind: 'shutdown', socket });
      return react(put(state, socket, undefined), ...commands);
    }
    if (reading.kind === 'message') rest = reading.rest;
  }
}

interface Answer {
  readonly payload: Uint8Array;
  /** Whether the connection ends with it. */
  readonly last: boolean;
}

function answerTo(request: Request, pages: Settings['pages']): Answer {
  const { method, minor, fields } = request;
  const keep = minor === 1 ? !lists(fields, 'connection', 'close') : lists(fields, 'connection', 'keep-alive');
  const about = { last: !keep, silent: method === 'HEAD' };
  if (method !== 'GET' && method !== 'HEAD') {
    return KNOWN_METHODS.has(method) ? answer(405, { ...about, extra: [['allow', 'GET, HEAD']] }) : answer(501, about);
  }
  const path = pathOf(request.target);
  if (path === undefined) return answer(400, { ...about, last: true });
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  return page === undefined ? answer(404, about) : answer(200, { ...about, page });
}

/** Of an origin-form or absolute-form target (RFC 9112 §3.2), without the query. */
function pathOf(target: string): string | undefined {
  const [, path] = /^(?:https?:\/\/[^/?#]+)?((?:\/[^?#]*)?)(?:\?[^#]*)?$/i.exec(target) ?? [];
  return path === undefined || target.startsWith('?') ? undefined : path || '/';
}

/** What cannot be read ends the connection, for nobody knows where the next request would begin. */
function refusal(status: number): Answer {
  return answer(status, { last: true, silent: false });
}

interface About {
  readonly last: boolean;
  /** An answer to HEAD, which tells the length of a body and has none. */
  readonly silent: boolean;
  readonly page?: string;
  readonly extra?: Fields;
}

function answer(status: number, { last, silent, page, extra = [] }: About): Answer {
  const reason = REASONS[status] ?? '';
  const text = page ?? `${status} ${reason}\n`;
  const body = new TextEncoder().encode(text);
  const type = text.startsWith('<') ? 'text/html' : 'text/plain';
  const fields: Fields = [
    ['server', 'middlebox'],
    ...extra,
    ['content-type', `${type}; charset=utf-8`],
    ['content-length', `${body.length}`],
    ['connection', last ? 'close' : 'keep-alive'],
  ];
  return { payload: writeResponse({ status, reason, fields, body: silent ? NOTHING : body }), last };
}
