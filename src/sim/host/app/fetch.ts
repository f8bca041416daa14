/** Fetches one page. Read RFC 9112 first. */
import type { Endpoint } from '../../addr/endpoint.ts';
import type { Millis } from '../../base/time.ts';
import { type App, type AppEvent, type Finding, type Reaction, react } from './app.ts';
import { whyNot } from './connect.ts';
import { readResponse, writeRequest } from './http/message.ts';
import { concat, NOTHING } from './stream/bytes.ts';

export interface FetchConfig {
  readonly to: Endpoint;
  /** What the Host field says: a name, or an address with its port. */
  readonly host: string;
  /** Path and query, beginning with "/". */
  readonly path: string;
  /** For all of it; default 10 s. */
  readonly timeout?: Millis;
}

export interface FetchState {
  readonly received: Uint8Array;
  readonly local?: Endpoint;
}

/**
 * Outcomes: `fetched` with `status` and `body`, whatever the status; `refused`, `reset`, `unreachable` or `timeout`; and
 * `bad-response` with a `reason` when what answered does not speak HTTP or ended too early.
 */
export function fetchClient(config: FetchConfig): App<FetchState> {
  return {
    name: 'fetch',
    start: () =>
      react(
        { received: NOTHING },
        { kind: 'timer', name: 'timeout', after: config.timeout ?? 10_000 },
        { kind: 'connect', socket: 'http', to: config.to },
      ),
    handle: (state, event) => handle(state, event, config),
  };
}

function handle(state: FetchState, event: AppEvent, config: FetchConfig): Reaction<FetchState> {
  switch (event.kind) {
    case 'connected':
      return react({ ...state, local: event.local }, { kind: 'write', socket: 'http', payload: request(config) });
    case 'data':
      return judge({ ...state, received: concat(state.received, event.payload) }, false);
    case 'ended':
      return judge(state, true);
    case 'failed':
      return finish(state, whyNot(event));
    case 'timer':
      return finish(state, { outcome: 'timeout' });
    default:
      return react(state);
  }
}

function request({ path, host }: FetchConfig): Uint8Array {
  const fields = [
    ['Host', host],
    ['User-Agent', 'middlebox'],
    ['Accept', '*/*'],
    ['Connection', 'close'],
  ] as const;
  return writeRequest({ method: 'GET', target: path, minor: 1, fields });
}

function judge(state: FetchState, ended: boolean): Reaction<FetchState> {
  const reading = readResponse(state.received, ended);
  switch (reading.kind) {
    case 'more':
      return react(state);
    case 'bad':
      return finish(state, { outcome: 'bad-response', more: { reason: reading.why } });
    case 'message': {
      const { status, body } = reading.message;
      return finish(state, { outcome: 'fetched', more: { status, body: new TextDecoder().decode(body) } });
    }
  }
}

function finish(state: FetchState, finding: Finding): Reaction<FetchState> {
  const local = state.local === undefined ? {} : { local: state.local };
  return react(state, { kind: 'finish', finding: { ...finding, ...local } });
}
