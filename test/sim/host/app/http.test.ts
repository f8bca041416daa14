import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectClient } from '../../../../src/sim/host/app/connect.ts';
import { echoServer } from '../../../../src/sim/host/app/echo.ts';
import { fetchClient } from '../../../../src/sim/host/app/fetch.ts';
import { httpServer } from '../../../../src/sim/host/app/http.ts';
import { at, bytes, Driven, ip, written } from './drive.ts';
import { Ideal } from './ideal.ts';

const SERVER = [ip('10.0.0.1')];
const CLIENT = [ip('10.0.0.2')];
const pages = { '/news': '<p>news</p>' };
const socket = 'server#1';

function serve(): Driven<unknown> {
  const server = new Driven(httpServer({ name: 'web', port: 80, pages }));
  server.hear({ kind: 'accepted', socket, listener: 'server', peer: at('10.0.0.2', 9), local: at('10.0.0.1', 80) });
  return server;
}

function ask(text: string): { text: string; closes: boolean } {
  const server = serve();
  server.hear({ kind: 'data', socket, payload: bytes(text) });
  return { text: written(server.said), closes: server.said.some(({ kind }) => kind === 'shutdown') };
}

const request = (line: string, ...fields: string[]) => `${[line, 'Host: web', ...fields].join('\r\n')}\r\n\r\n`;

describe('a web server', () => {
  it('serves its pages', () => {
    expect(ask(request('GET / HTTP/1.1')).text).toBe(
      [
        'HTTP/1.1 200 OK',
        'server: middlebox',
        'content-type: text/plain; charset=utf-8',
        'content-length: 13',
        'connection: keep-alive',
        '',
        'This is web.\n',
      ].join('\r\n'),
    );
    expect(ask(request('GET /news HTTP/1.1')).text).toMatch(/^HTTP\/1.1 200 .*text\/html.*<p>news<\/p>$/s);
  });

  it.each([
    ['GET / HTTP/1.1', [], 200, false],
    ['GET /news?x=1 HTTP/1.1', [], 200, false],
    ['GET http://web/news HTTP/1.1', [], 200, false],
    ['GET http://web HTTP/1.1', [], 200, false],
    ['GET / HTTP/1.1', ['Connection: close'], 200, true],
    ['GET / HTTP/1.0', [], 200, true],
    ['GET / HTTP/1.0', ['Connection: keep-alive'], 200, false],
    ['GET /nothing HTTP/1.1', [], 404, false],
    ['GET /toString HTTP/1.1', [], 404, false],
    ['GET ?x HTTP/1.1', [], 400, true],
    ['GET * HTTP/1.1', [], 400, true],
    ['POST / HTTP/1.1', ['Content-Length: 0'], 405, false],
    ['BREW / HTTP/1.1', [], 501, false],
    ['nonsense', [], 400, true],
  ])('answers %j %j with %i', (line, fields, status, closes) => {
    const found = ask(request(line, ...fields));
    expect(found.text.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
    expect(found.text.includes(`connection: ${closes ? 'close' : 'keep-alive'}`)).toBe(true);
    expect(found.closes).toBe(closes);
  });

  it('says what it allows', () => {
    expect(ask(request('PUT / HTTP/1.1')).text).toContain('allow: GET, HEAD\r\n');
  });

  it('answers HEAD with the length and without the body', () => {
    expect(ask(request('HEAD /news HTTP/1.1')).text).toMatch(/content-length: 11\r\n.*\r\n\r\n$/s);
  });

  it('answers all that is asked at once, up to the last', () => {
    const three = [
      request('GET / HTTP/1.1'),
      request('GET /x HTTP/1.1', 'Connection: close'),
      request('GET / HTTP/1.1'),
    ];
    expect(ask(three.join('')).text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404']);
  });

  it('says the same however the bytes are cut', () => {
    const whole = bytes(
      [request('GET / HTTP/1.1'), request('POST /x HTTP/1.1', 'Content-Length: 3'), 'abc', 'bad'].join(''),
    );
    const once = ask(new TextDecoder().decode(whole)).text;
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 8 }), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), whole.length];
        const server = serve();
        const text = places.slice(1).map((to, i) => {
          server.hear({ kind: 'data', socket, payload: whole.subarray(places[i], to) });
          return written(server.said);
        });
        expect(text.join('')).toBe(once);
      }),
    );
  });

  it('closes after its peer, and what is silent for a minute', () => {
    const server = serve();
    expect(server.said).toEqual([{ kind: 'timer', name: socket, after: 60_000 }]);
    expect(server.hear({ kind: 'timer', name: socket })).toEqual([{ kind: 'close', socket }]);
    expect(server.hear({ kind: 'ended', socket })).toEqual([{ kind: 'close', socket }]);
    expect(server.hear({ kind: 'closed', socket })).toEqual([{ kind: 'cancel', name: socket }]);
    expect(server.hear({ kind: 'timer', name: socket })).toEqual([]);
    expect(server.hear({ kind: 'data', socket, payload: bytes('x') })).toEqual([]);
  });

  it('forgets a broken connection, and says that its port is taken', () => {
    const server = serve();
    expect(server.hear({ kind: 'failed', socket, error: 'reset' })).toEqual([{ kind: 'cancel', name: socket }]);
    expect(server.hear({ kind: 'failed', socket: 'server', error: 'in-use' })).toEqual([
      { kind: 'note', text: 'server: in-use' },
    ]);
  });

  it('listens on one address when it is told', () => {
    const address = ip('10.0.0.1');
    expect(new Driven(httpServer({ name: 'web', port: 81, address })).said).toEqual([
      { kind: 'listen', socket: 'server', port: 81, address },
    ]);
  });
});

describe('fetch', () => {
  const fetch = (path: string, port = 80) => fetchClient({ to: at('10.0.0.1', port), host: 'web', path });

  it('gets a page, however it is cut', () => {
    const net = new Ideal();
    net.cut = (whole) => [...whole].map((byte) => Uint8Array.of(byte));
    net.add(SERVER, httpServer({ name: 'web', port: 80, pages }));
    expect(net.find(CLIENT, fetch('/news'))).toEqual({
      outcome: 'fetched',
      local: at('10.0.0.2', 40_000),
      more: { status: 200, body: '<p>news</p>' },
    });
    expect(net.find(CLIENT, fetch('/nothing'))).toMatchObject({ outcome: 'fetched', more: { status: 404 } });
    expect(net.find(CLIENT, connectClient({ protocol: 'tcp', to: at('10.0.0.1', 80) })).outcome).toBe('connected');
  });

  it('is refused, or times out', () => {
    const net = new Ideal();
    net.add(SERVER, httpServer({ name: 'web', port: 80 }));
    expect(net.find(CLIENT, fetch('/', 81))).toEqual({ outcome: 'refused' });
    net.filter = () => 'drop';
    expect(net.find(CLIENT, fetch('/'))).toEqual({ outcome: 'timeout' });
    expect(net.now).toBe(10_002);
  });

  it('tells what does not speak HTTP', () => {
    const net = new Ideal();
    net.add(SERVER, echoServer({ protocol: 'tcp', port: 80 }));
    expect(net.find(CLIENT, fetch('/'))).toMatchObject({ outcome: 'bad-response', more: { reason: 'it is not HTTP' } });
  });

  it('tells an answer that breaks off', () => {
    const client = new Driven(fetch('/'));
    client.hear({ kind: 'connected', socket: 'http', peer: at('10.0.0.1', 80), local: at('10.0.0.2', 5) });
    expect(written(client.said)).toMatch(/^GET \/ HTTP\/1.1\r\nHost: web\r\n/);
    client.hear({ kind: 'data', socket: 'http', payload: bytes('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf') });
    expect(client.finding).toBeUndefined();
    client.hear({ kind: 'ended', socket: 'http' });
    expect(client.finding).toMatchObject({ outcome: 'bad-response', more: { reason: 'it ends too early' } });
  });
});
