import { createContext, runInContext } from 'node:vm';
import { build } from 'vite';
import { expect, it } from 'vitest';

/** Bundles a module as for a page and runs an expression over its exports where nothing of Node is to be had. */
async function runInPage(entry: string, expression: string): Promise<unknown> {
  const made = await build({
    configFile: false,
    logLevel: 'silent',
    build: { write: false, minify: false, lib: { entry, formats: ['iife'], name: 'page', fileName: 'page' } },
  });
  const [bundle] = Array.isArray(made) ? made : [made];
  const chunk = bundle !== undefined && 'output' in bundle ? bundle.output[0] : undefined;
  // The script refers to what every browser has, and to nothing else.
  const context = createContext({ TextEncoder, TextDecoder });
  return runInContext(`${chunk?.type === 'chunk' ? chunk.code : ''}; JSON.stringify(${expression})`, context);
}

it('DNS messages are written and read in a browser', async () => {
  const query = `{ id: 9, kind: 'query', opcode: 0, rcode: 'NOERROR', authoritative: false, truncated: false,
    recursionDesired: true, recursionAvailable: false, question: { name: 'www.example.com', type: 'A' },
    answers: [{ type: 'AAAA', name: 'www.example.com', ttl: 5, data: 1n }, { type: 'CNAME', name: 'a', ttl: 5, data: 'b' }],
    authorities: [{ type: 'SOA', name: '.', ttl: 1, minimum: 2 }], udpSize: 1232 }`;
  const entry = new URL('../../../../src/sim/host/app/message-dns.ts', import.meta.url).pathname;
  const back = `((found) => [typeof Buffer, found.question, found.answers[1], found.authorities, found.udpSize])`;
  const text = await runInPage(entry, `${back}(page.decodeDns(page.encodeDns(${query})))`);
  expect(JSON.parse(String(text))).toEqual([
    'undefined',
    { name: 'www.example.com', type: 'A' },
    { type: 'CNAME', name: 'a', ttl: 5, data: 'b' },
    [{ type: 'SOA', name: '.', ttl: 1, minimum: 2 }],
    1232,
  ]);
});
