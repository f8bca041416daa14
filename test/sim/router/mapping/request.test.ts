import { describe, expect, it } from 'vitest';
import { parsePrefix } from '../../../../src/sim/addr/prefix.ts';
import { fail } from '../../../../src/sim/base/fail.ts';
import type { BehaviourSpec } from '../../../../src/sim/design/behaviour.ts';
import { PROTOCOL } from '../../../../src/sim/packet/protocol.ts';
import { showEndpoint } from '../../../../src/sim/packet/show.ts';
import { type MappingRequest, removeMapping, requestMapping } from '../../../../src/sim/router/mapping/request.ts';
import { Box, ip, PUBLIC } from './box.ts';

const A = '192.168.0.2:5000';
const S = '198.51.100.9:53';
const T = '198.51.100.77:53';
const HOUR = 3_600_000;
const WANTED: MappingRequest = {
  protocol: PROTOCOL.udp,
  inside: { ip: ip('192.168.0.2'), port: 5000 },
  outsidePort: 8000,
  lifetime: HOUR,
};

/** The outside endpoint that a request is given, or why none is. */
function ask(box: Box, more: Partial<MappingRequest> = {}, now = 0): string {
  const asked = requestMapping(box.node, { ...WANTED, ...more }, now);
  if (asked.kind === 'refused') return asked.refusal.kind;
  return showEndpoint(asked.mapping.outside.ip, asked.mapping.outside.port);
}

const EITHER: readonly BehaviourSpec[] = ['linux', 'port-restricted-cone'];

describe.each(EITHER)('a mapping that a client of a %s gateway asks for', (behaviour) => {
  it('is open to everybody until its lease ends, idle or not', () => {
    const box = new Box(behaviour);
    expect(ask(box)).toBe(`${PUBLIC}:8000`);
    expect(box.in(S, `${PUBLIC}:8000`, HOUR - 1)).toBe(A);
    expect(box.rows(HOUR - 1)).toMatchObject([{ kind: 'explicit', expires: HOUR, protocol: 'udp' }]);
    const after = new Box(behaviour);
    ask(after);
    expect(after.in(S, `${PUBLIC}:8000`, HOUR)).not.toBe(A);
    expect(after.rows(HOUR)).toEqual([]);
  });

  it('is open to whom the client says', () => {
    const box = new Box(behaviour);
    ask(box, { filter: [{ prefix: parsePrefix('198.51.100.9') ?? fail('no prefix'), port: undefined }] });
    expect(box.in(S, `${PUBLIC}:8000`)).toBe(A);
    expect(box.in(T, `${PUBLIC}:8000`)).toBe('DROP natFiltered');
  });

  it('is what the inside endpoint leaves by', () => {
    const box = new Box(behaviour);
    ask(box);
    expect(box.out(A, S)).toBe(`${PUBLIC}:8000`);
  });

  it('is renewed by asking again, taken back, and gives way to connections that go on', () => {
    const box = new Box(behaviour);
    ask(box);
    expect(ask(box, { outsidePort: 9000 }, HOUR - 1)).toBe(`${PUBLIC}:8000`);
    expect(ask(box, { outsidePort: 9000, exact: true }, HOUR - 1)).toBe('taken');
    expect(box.rows(HOUR)).toHaveLength(1);
    box.out(A, S, HOUR);
    expect(removeMapping(box.node, WANTED, HOUR)).toBe(true);
    expect(removeMapping(box.node, WANTED, HOUR)).toBe(false);
    expect(box.rows(HOUR)).toMatchObject([{ kind: 'dynamic', sessions: 1 }]);
    expect(box.in(S, `${PUBLIC}:8000`, HOUR)).toBe(A);
    expect(box.in(T, `${PUBLIC}:8000`, HOUR)).not.toBe(A);
  });

  it('shares its endpoint with nobody (CTL-1)', () => {
    const box = new Box(behaviour);
    expect(box.out('192.168.0.3:8000', S)).toBe(`${PUBLIC}:8000`);
    expect(ask(box, { exact: true })).toBe('taken');
    const given = ask(box);
    expect(given).not.toBe(`${PUBLIC}:8000`);
    const first = new Box(behaviour);
    ask(first);
    expect(first.out('192.168.0.3:8000', S)).not.toBe(`${PUBLIC}:8000`);
    expect(ask(first, { inside: { ip: ip('192.168.0.3'), port: 1 }, exact: true })).toBe('taken');
  });

  it('comes at the address that is wanted, if it is one of the pool', () => {
    const box = new Box(behaviour, {
      rules: [{ action: 'snat', match: { outInterface: 'wan' }, to: '198.51.100.1-198.51.100.4' }],
    });
    expect(ask(box, { outsideAddress: ip('198.51.100.3') })).toBe('198.51.100.3:8000');
    const other = { inside: { ip: ip('192.168.0.3'), port: 1 }, outsideAddress: ip('203.0.113.9') };
    expect(ask(box, other)).toMatch(/^198\.51\.100\.[1-4]:\d+$/);
    expect(ask(box, { ...other, inside: { ip: ip('192.168.0.4'), port: 1 }, exact: true })).toBe('taken');
  });

  it('needs a rule that translates the inside address', () => {
    const box = new Box(behaviour, { rules: [{ action: 'masquerade', match: { source: '10.0.0.0/8' } }] });
    expect(ask(box)).toBe('address');
  });
});

it('counts for the limit, and comes from the block', () => {
  const box = new Box({ ports: { perSubscriber: 1, allocation: 'block', blockSize: 8, range: '2000-2007' } });
  expect(ask(box)).toMatch(/:200[0-7]$/);
  expect(ask(box, { inside: { ip: ip('192.168.0.2'), port: 1 } })).toBe('limit');
});
