import { describe, expect, it } from 'vitest';
import type { AppCommand } from '../../../../src/sim/host/app/app.ts';
import { pcpServer } from '../../../../src/sim/host/app/pcp/server.ts';
import {
  ATTRIBUTE,
  type Attribute,
  addressIn,
  attributeOf,
  decodeStun,
  encodeStun,
  hiddenIn,
  type StunMessage,
} from '../../../../src/sim/host/app/stun/message.ts';
import { type StunServerConfig, stunServer } from '../../../../src/sim/host/app/stun/server.ts';
import { at, Driven, ip } from './drive.ts';

const PAIR = [ip('192.0.2.10'), ip('192.0.2.11')] as const;
const CLIENT = at('203.0.113.5', 4000);
const HERE = at('192.0.2.10', 3478);

function serve(config: Partial<StunServerConfig> = {}) {
  return new Driven(stunServer({ port: 3478, alternatePort: 3479, pairs: [PAIR], ...config }));
}

function request(...attributes: readonly Attribute[]): StunMessage {
  return { kind: 'request', method: 1, transaction: new Uint8Array(12).fill(9), attributes };
}

function ask(driven: Driven<unknown>, message: StunMessage, to = HERE): readonly AppCommand[] {
  const payload = encodeStun(message);
  return driven.hear({ kind: 'datagram', socket: 'udp 0', from: CLIENT, to, payload, interface: 'eth0' });
}

/** What is sent, read again. */
function answers(commands: readonly AppCommand[]) {
  return commands.flatMap((command) => {
    if (command.kind !== 'send' && command.kind !== 'write') return [];
    const message = decodeStun(command.payload);
    return message === undefined ? [] : [{ command, message }];
  });
}

const change = (bits: number) => ({ type: ATTRIBUTE.changeRequest, value: Uint8Array.of(0, 0, 0, bits) });
const code = (message: StunMessage) => [...(attributeOf(message, ATTRIBUTE.errorCode) ?? [])].slice(2, 4);

describe('a STUN server, over UDP', () => {
  it('tells where a request came from, where the answer comes from, and where else to ask', () => {
    const [answer] = answers(ask(serve(), request()));
    const message = answer?.message as StunMessage;
    expect(message).toMatchObject({ kind: 'success', transaction: request().transaction });
    expect(hiddenIn(message, ATTRIBUTE.xorMappedAddress)).toEqual(CLIENT);
    expect(addressIn(message, ATTRIBUTE.mappedAddress)).toEqual(CLIENT);
    expect(addressIn(message, ATTRIBUTE.responseOrigin)).toEqual(HERE);
    expect(addressIn(message, ATTRIBUTE.otherAddress)).toEqual(at('192.0.2.11', 3479));
    expect(answer?.command).toMatchObject({ socket: 'udp 0', to: CLIENT, from: HERE.ip });
  });

  it.each([
    ['port', 2, 'udp 1', '192.0.2.10'],
    ['address', 4, 'udp 0', '192.0.2.11'],
    ['both', 6, 'udp 1', '192.0.2.11'],
  ])('answers from another %s on demand', (_, bits, socket, from) => {
    expect(ask(serve(), request(change(bits)))).toMatchObject([{ socket, from: ip(from), to: CLIENT }]);
  });

  it('answers from the other way round where the second address was asked', () => {
    const [answer] = answers(ask(serve(), request(change(6)), at('192.0.2.11', 3479)));
    expect(answer?.command).toMatchObject({ socket: 'udp 0', from: PAIR[0] });
  });

  it('answers to another port on demand', () => {
    const wish = { type: ATTRIBUTE.responsePort, value: Uint8Array.of(0x17, 0x70) };
    expect(ask(serve(), request(wish))).toMatchObject([{ to: at('203.0.113.5', 6000) }]);
  });

  it('with one address has nothing else to offer, and says so', () => {
    const driven = serve({ pairs: [] });
    expect(driven.said).toMatchObject([
      { kind: 'bind', port: 3478 },
      { kind: 'listen', port: 3478 },
    ]);
    const [plain] = answers(ask(driven, request()));
    expect(plain && attributeOf(plain.message, ATTRIBUTE.otherAddress)).toBeUndefined();
    const [refused] = answers(ask(driven, request(change(2))));
    expect(refused?.message.kind).toBe('error');
    expect(refused && code(refused.message)).toEqual([4, 20]);
    expect(refused && [...(attributeOf(refused.message, ATTRIBUTE.unknownAttributes) ?? [])]).toEqual([0, 3]);
  });

  it('refuses what it must understand and does not, and other methods', () => {
    const strange = { type: 0x0031, value: new Uint8Array(0) };
    const [unknown] = answers(ask(serve(), request(strange)));
    expect(unknown && code(unknown.message)).toEqual([4, 20]);
    const [method] = answers(ask(serve(), { ...request(), method: 3 }));
    expect(method && code(method.message)).toEqual([4, 0]);
    const optional = { type: 0x8055, value: new Uint8Array(0) };
    expect(answers(ask(serve(), request(optional)))[0]?.message.kind).toBe('success');
  });

  it('keeps silent about what is no request', () => {
    expect(ask(serve(), { ...request(), kind: 'indication' })).toEqual([]);
    const noise = {
      kind: 'datagram',
      socket: 'udp 0',
      from: CLIENT,
      to: HERE,
      payload: new Uint8Array(30),
      interface: 'e',
    } as const;
    expect(serve().hear(noise)).toEqual([]);
  });

  it('listens on both addresses and ports where one address was named', () => {
    const driven = serve({ address: PAIR[0] });
    expect(driven.said).toHaveLength(8);
    expect(ask(driven, request(change(6)))).toMatchObject([{ socket: 'udp 3', from: PAIR[1] }]);
    expect(serve({ address: PAIR[0], pairs: [] }).said).toMatchObject([{ address: PAIR[0] }, { address: PAIR[0] }]);
  });
});

describe('a STUN server, over TCP', () => {
  const accepted = { kind: 'accepted', socket: 'tcp 0#1', listener: 'tcp 0', peer: CLIENT, local: HERE } as const;
  const data = (payload: Uint8Array) => ({ kind: 'data', socket: 'tcp 0#1', payload }) as const;

  it('answers each request where it came from, however it is cut', () => {
    const driven = serve();
    driven.hear(accepted);
    const bytes = Uint8Array.from([...encodeStun(request()), ...encodeStun(request())]);
    expect(answers(driven.hear(data(bytes.slice(0, 10))))).toEqual([]);
    const got = answers(driven.hear(data(bytes.slice(10))));
    expect(got.map(({ message }) => hiddenIn(message, ATTRIBUTE.xorMappedAddress))).toEqual([CLIENT, CLIENT]);
    const [refused] = answers(driven.hear(data(encodeStun(request(change(2))))));
    expect(refused && code(refused.message)).toEqual([4, 20]);
  });

  it('closes what is idle or over, and forgets it', () => {
    const driven = serve();
    driven.hear(accepted);
    expect(driven.hear({ kind: 'timer', name: 'tcp 0#1' })).toEqual([{ kind: 'close', socket: 'tcp 0#1' }]);
    expect(driven.hear({ kind: 'ended', socket: 'tcp 0#1' })).toEqual([{ kind: 'close', socket: 'tcp 0#1' }]);
    driven.hear({ kind: 'closed', socket: 'tcp 0#1' });
    expect(driven.state.streams.size).toBe(0);
    driven.hear(accepted);
    driven.hear({ kind: 'failed', socket: 'tcp 0#1', error: 'reset' });
    expect(driven.state.streams.size).toBe(0);
    expect(driven.hear({ kind: 'bound', socket: 'udp 0', local: HERE })).toEqual([]);
  });
});

it('a server notes a port that is taken', () => {
  const stun = serve({ pairs: [] });
  expect(stun.hear({ kind: 'failed', socket: 'udp 0', error: 'in-use' })).toEqual([
    { kind: 'note', text: 'udp 0: in-use' },
  ]);
  const pcp = new Driven(pcpServer({ port: 5351, address: ip('192.0.2.1') }));
  expect(pcp.hear({ kind: 'failed', socket: 'clients', error: 'in-use' })).toEqual([
    { kind: 'note', text: 'port 5351: in-use' },
  ]);
});
