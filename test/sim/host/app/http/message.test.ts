import { describe, expect, it } from 'vitest';
import {
  lists,
  readRequest,
  readResponse,
  valuesOf,
  writeRequest,
  writeResponse,
} from '../../../../../src/sim/host/app/http/message.ts';
import { fromLatin1 } from '../../../../../src/sim/host/app/stream/bytes.ts';
import { bytes } from '../drive.ts';

const HEAD = 'GET / HTTP/1.1\r\nHost: a\r\n';

describe('readRequest', () => {
  it.each([
    ['nothing', ''],
    ['blank lines', '\r\n\r\n'],
    ['half a line', 'GET /'],
    ['a head without its end', HEAD],
    ['a body that has not come', `${HEAD}Content-Length: 5\r\n\r\nhell`],
  ])('wants more after %s', (_, text) => {
    expect(readRequest(bytes(text))).toEqual({ kind: 'more' });
  });

  it.each([
    ['a head', `${HEAD}\r\n`, ''],
    ['a head after blank lines', `\r\n\r\n${HEAD}\r\n`, ''],
    ['bare line feeds', HEAD.replaceAll('\r', '').concat('\n'), ''],
    ['a body, which is skipped', `${HEAD}Content-Length: 5\r\n\r\nhello`, ''],
    ['equal lengths', `${HEAD}Content-Length: 1\r\nContent-Length: 1\r\n\r\nxGET`, 'GET'],
    ['the first of two', `${HEAD}\r\nGET /2`, 'GET /2'],
    ['HTTP/1.0 without Host', 'GET / HTTP/1.0\r\n\r\n', ''],
  ])('reads %s', (_, text, left) => {
    const found = readRequest(bytes(text));
    expect(found).toMatchObject({ kind: 'message', message: { method: 'GET', target: '/' } });
    expect(found.kind === 'message' && fromLatin1(found.rest)).toBe(left);
  });

  it.each([
    [400, 'GET  / HTTP/1.1\r\n\r\n'],
    [400, 'hello\r\n\r\n'],
    [400, 'G(T / HTTP/1.1\r\nHost: a\r\n\r\n'],
    [400, 'GET / HTTP/1.1\r\n\r\n'],
    [400, `${HEAD}Host: b\r\n\r\n`],
    [400, 'GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n'],
    [400, `${HEAD}no colon\r\n\r\n`],
    [400, `${HEAD}Name : value\r\n\r\n`],
    [400, `${HEAD}A: b\r\n folded\r\n\r\n`],
    [400, `${HEAD}Content-Length: -1\r\n\r\n`],
    [400, `${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`],
    [413, `${HEAD}Content-Length: 65537\r\n\r\n`],
    [431, `${HEAD}A: ${'x'.repeat(8192)}\r\n\r\n`],
    [431, `${HEAD}A: ${'x'.repeat(8192)}`],
    [501, `${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    [505, 'GET / HTTP/2.0\r\nHost: a\r\n\r\n'],
  ])('answers %i to %j', (status, text) => {
    expect(readRequest(bytes(text))).toEqual({ kind: 'bad', why: status });
  });

  it('reads what writeRequest writes', () => {
    const request = { method: 'GET', target: '/x?y', minor: 1, fields: [['host', 'web']] } as const;
    expect(readRequest(writeRequest(request))).toMatchObject({ kind: 'message', message: request });
  });
});

describe('readResponse', () => {
  it.each([
    ['nothing', ''],
    ['the beginning', 'HTTP/1'],
    ['a head without its end', 'HTTP/1.1 200 OK\r\n'],
    ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell'],
    ['an interim answer', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ])('wants more after %s, unless it is the end', (_, text) => {
    expect(readResponse(bytes(text), false)).toEqual({ kind: 'more' });
    expect(readResponse(bytes(text), true)).toEqual({ kind: 'bad', why: 'it ends too early' });
  });

  it.each([
    ['a body with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi', false, 200, 'hi'],
    ['a body up to the end', 'HTTP/1.0 200 OK\r\n\r\nhi there', true, 200, 'hi there'],
    ['no body', 'HTTP/1.1 204 No Content\r\n\r\n', false, 204, ''],
    ['nothing new', 'HTTP/1.1 304\r\nContent-Length: 9\r\n\r\n', false, 304, ''],
    [
      'what follows an interim answer',
      'HTTP/1.1 100 C\r\n\r\nHTTP/1.1 404 N\r\nContent-Length: 0\r\n\r\n',
      false,
      404,
      '',
    ],
  ])('reads %s', (_, text, ended, status, body) => {
    const found = readResponse(bytes(text), ended);
    expect(found).toMatchObject({ kind: 'message', message: { status } });
    expect(found.kind === 'message' && fromLatin1(found.message.body)).toBe(body);
  });

  it('has no end without a length, before the connection has', () => {
    expect(readResponse(bytes('HTTP/1.1 200 OK\r\n\r\nhi'), false)).toEqual({ kind: 'more' });
  });

  it.each([
    ['it is not HTTP', '220 FTP server ready.\r\n'],
    ['it is not HTTP', 'HTTP/2 200\r\n\r\n'],
    ['it is not HTTP', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['it is not HTTP', 'HTTP/1.1 200 OK\r\nno colon\r\n\r\n'],
    ['its length is not a number', 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n'],
    ['its transfer encoding is unknown', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ])('says that %s: %j', (why, text) => {
    expect(readResponse(bytes(text), false)).toEqual({ kind: 'bad', why });
  });

  it('reads what writeResponse writes', () => {
    const fields = [['content-length', '2']] as const;
    const response = { status: 200, reason: 'OK', fields, body: bytes('hi') };
    expect(readResponse(writeResponse(response), false)).toMatchObject({ kind: 'message', message: response });
  });
});

describe('fields', () => {
  const fields = [
    ['connection', 'Keep-Alive, Close'],
    ['a', '1'],
    ['a', '2'],
  ] as const;

  it('are found by name', () => {
    expect(valuesOf(fields, 'a')).toEqual(['1', '2']);
    expect(valuesOf(fields, 'b')).toEqual([]);
  });

  it('list tokens in any case', () => {
    expect(lists(fields, 'connection', 'close')).toBe(true);
    expect(lists(fields, 'connection', 'upgrade')).toBe(false);
  });
});
