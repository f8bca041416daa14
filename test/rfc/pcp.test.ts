/** Port mappings that hosts ask for: PCP (RFC 6887) and NAT-PMP (RFC 6886), in simulated networks and message by message. */
import { describe, expect, it } from 'vitest';
import { perform, simulate } from '../../src/scenarios/perform.ts';
import type { Step } from '../../src/scenarios/schema.ts';
import type { BehaviourSpec } from '../../src/sim/design/behaviour.ts';
import type { Design, Node } from '../../src/sim/design/design.ts';
import type { ServiceSpec } from '../../src/sim/design/service.ts';
import { decodePcpAnswer, encodePcpRequest, type PcpRequest } from '../../src/sim/host/app/pcp/message.ts';
import { decodeNatPmpAnswer, encodeNatPmpRequest } from '../../src/sim/host/app/pcp/nat-pmp.ts';
import { pcpServer } from '../../src/sim/host/app/pcp/server.ts';
import { meeting } from '../../src/whatif/traversal/network.ts';
import { at, Driven, ip } from '../sim/host/app/drive.ts';

/** `a` has a web server, and behind `one` there is another host, `c`. */
function network(behaviour: BehaviourSpec = 'linux', service: ServiceSpec = 'pcp'): Design {
  const { nodes, links = [] } = meeting(behaviour, 'linux');
  const host: Node = {
    kind: 'host',
    interfaces: { eth0: '192.168.1.3/24' },
    gateway: '192.168.1.1',
    services: ['http'],
  };
  return {
    nodes: {
      ...nodes,
      a: { ...(nodes.a as Node), services: ['http'] },
      one: { ...(nodes.one as Node), services: [service] },
      c: host,
    },
    links: [['a', 'one:lan', 'c'], ...links.slice(1)],
  };
}

type MapStep = Extract<Step, { map: unknown }>['map'];

function start(behaviour?: BehaviourSpec, service?: ServiceSpec) {
  const world = simulate(network(behaviour, service));
  const map = (step: Partial<MapStep> = {}) =>
    perform(world, { map: { from: 'a', protocol: 'tcp', port: 80, externalPort: 8080, ...step } }).result;
  const knock = (port: number) => perform(world, { connect: { from: 'server', to: '198.51.100.2', port } }).result;
  return { world, map, knock };
}

describe.each(['linux', 'full-cone', 'symmetric'])('on a gateway that behaves as %s', (behaviour) => {
  it.each(['pcp', 'nat-pmp'] as const)('PCP-1 NPMP-1 a mapping by %s lets anybody in, as long as it lasts', (by) => {
    const { knock, map, world } = start(behaviour);
    expect(knock(8080).outcome).toBe('timeout');
    expect(map({ by, lifetime: '10m' })).toMatchObject({
      outcome: 'mapped',
      external: { address: '198.51.100.2', port: 8080 },
      lifetime: '10m',
    });
    expect(knock(8080)).toMatchObject({ outcome: 'connected', server: 'a' });
    perform(world, { wait: '9m' });
    expect(knock(8080).outcome).toBe('connected');
    perform(world, { wait: '2h' });
    expect(knock(8080).outcome).toBe('timeout');
  });

  it('PCP-1 NPMP-1 lifetime 0 gives it up', () => {
    for (const by of ['pcp', 'nat-pmp'] as const) {
      const { knock, map } = start(behaviour);
      expect(map({ by })).toMatchObject({ outcome: 'mapped', lifetime: '2h' });
      expect(map({ by, lifetime: '0s' })).toMatchObject({ outcome: 'mapped', lifetime: '0s' });
      expect(knock(8080).outcome).toBe('timeout');
    }
  });

  it('PCP-1 PREFER_FAILURE: the very port, or none; else another', () => {
    const { knock, map } = start(behaviour);
    expect(map().outcome).toBe('mapped');
    expect(map({ from: 'c', exact: true })).toMatchObject({ outcome: 'refused', reason: 'CANNOT_PROVIDE_EXTERNAL' });
    const other = map({ from: 'c' }) as { external?: { port: number }; outcome?: string };
    expect(other.outcome).toBe('mapped');
    expect(other.external?.port).not.toBe(8080);
    expect(knock(other.external?.port ?? 0)).toMatchObject({ outcome: 'connected', server: 'c' });
    expect(knock(8080)).toMatchObject({ server: 'a' });
  });

  it('CTL-1 a mapping that was asked for and one that was not never share an endpoint', () => {
    const { map, world } = start(behaviour);
    expect(map({ port: 5000, externalPort: 40_000, protocol: 'udp' })).toMatchObject({ external: { port: 40_000 } });
    const seen = perform(world, {
      connect: { from: 'c', to: 'server', port: 3478, protocol: 'udp', sourcePort: 40_000, bytes: 1, timeout: '1s' },
    });
    expect(seen.events.some((event) => event.kind === 'fate' && event.fate.kind === 'delivered')).toBe(true);
    const measured = perform(world, { inspect: 'one' }).result;
    const text = JSON.stringify(measured, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
    expect(text).toContain('40000');
    const arrived = seen.events.flatMap((event) =>
      event.kind === 'hop' && event.node === 'server' ? [event.steps.at(-1)?.after] : [],
    );
    for (const packet of arrived)
      if (packet?.kind === 'udp' && packet.dport === 3478) expect(packet.sport).not.toBe(40_000);
  });
});

it('PCP-2 a restart loses the mapping; asking again makes it anew', () => {
  const { knock, map, world } = start();
  map();
  perform(world, { restart: 'one' });
  expect(knock(8080).outcome).toBe('timeout');
  map();
  expect(knock(8080).outcome).toBe('connected');
});

it('PCP-2 USER_EX_QUOTA when a host asks for more than it may have', () => {
  const { map } = start('linux', { app: 'pcp', quota: 1 });
  expect(map().outcome).toBe('mapped');
  expect(map().outcome).toBe('mapped');
  expect(map({ port: 81 })).toMatchObject({ outcome: 'refused', reason: 'USER_EX_QUOTA' });
  expect(map({ port: 81, by: 'nat-pmp' })).toMatchObject({ outcome: 'refused', reason: 'NO_RESOURCES' });
  expect(map({ from: 'c', externalPort: 9000 }).outcome).toBe('mapped');
});

it('a gateway that gives none does not answer', () => {
  const world = simulate(meeting('linux', 'linux'));
  const ask = (by: 'pcp' | 'nat-pmp') => perform(world, { map: { from: 'a', protocol: 'tcp', port: 80, by } }).result;
  for (const by of ['pcp', 'nat-pmp'] as const) expect(ask(by)).toMatchObject({ outcome: 'timeout', blockedAt: 'one' });
});

it('PCP-1 a request from outside, or from behind another NAT, is refused', () => {
  const { world } = start('linux');
  const outside = perform(world, { map: { from: 'internet', via: '198.51.100.2', protocol: 'tcp', port: 80 } }).result;
  expect(outside.outcome).toBe('timeout');
});

describe('the server, message by message', () => {
  const nonce = new Uint8Array(12).fill(7);
  const request: PcpRequest = {
    ...{ nonce, protocol: 6, internalPort: 80, lifetime: 3600, client: ip('192.168.1.2') },
    ...{ suggested: at('0.0.0.0', 8080), preferFailure: false },
  };
  const server = () => new Driven(pcpServer({ port: 5351 }));
  const sending = (driven: Driven<unknown>, payload: Uint8Array, later = 0) =>
    driven.hear(
      {
        kind: 'datagram',
        socket: 'clients',
        from: at('192.168.1.2', 4000),
        to: at('192.168.1.1', 5351),
        payload,
        interface: 'lan',
      },
      later,
    );
  const answerIn = (driven: Driven<unknown>) =>
    driven.said.flatMap((command) => (command.kind === 'send' ? [command.payload] : []))[0] ?? new Uint8Array(0);
  const grant = (driven: Driven<unknown>, port: number) => {
    const asked = driven.said.find((command) => command.kind === 'map');
    if (asked?.kind !== 'map') throw new Error('nothing was asked of the node');
    driven.hear({
      kind: 'mapping',
      id: asked.request.id,
      outcome: { kind: 'mapped', outside: at('203.0.113.9', port) },
    });
  };

  it('PCP-2 only the nonce that made a mapping renews or deletes it, while it lives', () => {
    const driven = server();
    sending(driven, encodePcpRequest(request));
    grant(driven, 8080);
    expect(decodePcpAnswer(answerIn(driven))).toMatchObject({
      result: 'SUCCESS',
      lifetime: 3600,
      external: at('203.0.113.9', 8080),
    });
    const thief = { ...request, nonce: new Uint8Array(12) };
    sending(driven, encodePcpRequest({ ...thief, lifetime: 0 }));
    expect(decodePcpAnswer(answerIn(driven))).toMatchObject({ result: 'NOT_AUTHORIZED' });
    sending(driven, encodePcpRequest(thief), 3_600_001);
    grant(driven, 8080);
    expect(decodePcpAnswer(answerIn(driven))).toMatchObject({ result: 'SUCCESS', epoch: 3600 });
  });

  it.each([
    ['ADDRESS_MISMATCH', { ...request, client: ip('10.0.0.5') }],
    ['UNSUPP_PROTOCOL', { ...request, protocol: 132 }],
    ['MALFORMED_REQUEST', { ...request, internalPort: 0 }],
  ] as const)('PCP-1 %s', (result, wrong) => {
    const driven = server();
    sending(driven, encodePcpRequest(wrong));
    expect(decodePcpAnswer(answerIn(driven))).toMatchObject({ result });
  });

  it.each([
    ['UNSUPP_VERSION', (bytes: Uint8Array) => bytes.with(0, 9)],
    ['UNSUPP_OPCODE', (bytes: Uint8Array) => bytes.with(1, 5)],
    ['MALFORMED_REQUEST', (bytes: Uint8Array) => bytes.slice(0, 40)],
    ['UNSUPP_OPTION', (bytes: Uint8Array) => Uint8Array.from([...bytes, 100, 0, 0, 0])],
    ['MALFORMED_OPTION', (bytes: Uint8Array) => Uint8Array.from([...bytes, 2, 0, 0, 9])],
  ] as const)('PCP-1 %s', (result, spoil) => {
    const driven = server();
    sending(driven, spoil(encodePcpRequest(request)));
    const names = [
      'SUCCESS',
      'UNSUPP_VERSION',
      'NOT_AUTHORIZED',
      'MALFORMED_REQUEST',
      'UNSUPP_OPCODE',
      'UNSUPP_OPTION',
      'MALFORMED_OPTION',
    ];
    expect(names[answerIn(driven)[3] ?? 99]).toBe(result);
  });

  it('PCP-1 lifetimes are between two minutes and a day', () => {
    for (const [lifetime, given] of [
      [5, 120],
      [600, 600],
      [1_000_000, 86_400],
    ] as const) {
      const driven = server();
      sending(driven, encodePcpRequest({ ...request, lifetime }));
      grant(driven, 8080);
      expect(decodePcpAnswer(answerIn(driven))?.lifetime).toBe(given);
    }
  });

  it('NPMP-1 opcode 0 asks for the public address, port 0 deletes all of a host, others are refused', () => {
    const driven = server();
    sending(driven, encodeNatPmpRequest({ kind: 'address' }), 5000);
    grant(driven, 0);
    expect(decodeNatPmpAnswer(answerIn(driven))).toMatchObject({
      kind: 'address',
      result: 'SUCCESS',
      epoch: 5,
      address: ip('203.0.113.9'),
    });
    sending(
      driven,
      encodeNatPmpRequest({ kind: 'map', protocol: 'udp', internalPort: 0, suggestedPort: 0, lifetime: 0 }),
    );
    expect(driven.said).toMatchObject([{ kind: 'map', request: { kind: 'unmap', inside: at('192.168.1.2', 0) } }]);
    sending(driven, Uint8Array.of(0, 7));
    expect([...answerIn(driven)].slice(0, 4)).toEqual([0, 135, 0, 5]);
    expect(sending(driven, Uint8Array.of(0, 129))).toEqual([]);
  });
});
