import { describe, expect, it } from 'vitest';
import type { App } from '../../../../src/sim/host/app/app.ts';
import { ask, type Exchange, hear } from '../../../../src/sim/host/app/dns/exchange.ts';
import { withLength } from '../../../../src/sim/host/app/dns/stream.ts';
import type { DnsRecords } from '../../../../src/sim/host/app/dns/zone.ts';
import { type DnsState, dnsServer } from '../../../../src/sim/host/app/dns.ts';
import { echoServer } from '../../../../src/sim/host/app/echo.ts';
import { type DnsMessage, decodeDns, encodeDns } from '../../../../src/sim/host/app/message-dns.ts';
import { resolveClient } from '../../../../src/sim/host/app/resolve.ts';
import { at, ip } from './drive.ts';
import { Ideal } from './ideal.ts';

const CLIENT = ip('10.0.0.2');
const ONE = ip('10.0.0.53');
const TWO = ip('10.0.1.53');
const records = { 'www.example.com': [ip('203.0.113.80')] };

/** A server that gives one alias at a time. */
function oneByOne(held: DnsRecords): App<DnsState> {
  const app = dnsServer({ port: 53, records: held, forward: [], ttl: 0 });
  return {
    ...app,
    handle: (state, event, now) => {
      const reaction = app.handle(state, event, now);
      const commands = reaction.commands.map((command) => {
        const message = command.kind === 'send' ? decodeDns(command.payload) : undefined;
        if (command.kind !== 'send' || message?.kind !== 'response') return command;
        const answers = message.answers.slice(0, 1);
        return { ...command, payload: encodeDns({ ...message, answers }) };
      });
      return { ...reaction, commands };
    },
  };
}

/** A server that knows another name for every name. */
function endless(): App<null> {
  return {
    name: 'dns',
    start: () => ({ state: null, commands: [{ kind: 'bind', socket: 'udp', port: 53 }] }),
    handle: (state, event) => {
      const query = event.kind === 'datagram' ? decodeDns(event.payload) : undefined;
      if (event.kind !== 'datagram' || query?.kind !== 'query') return { state, commands: [] };
      const { name = '' } = query.question ?? {};
      const alias = { type: 'CNAME', name, ttl: 1, data: `${name}a` } as const;
      const payload = encodeDns({ ...query, kind: 'response', answers: [alias] });
      return { state, commands: [{ kind: 'send', socket: 'udp', to: event.from, payload }] };
    },
  };
}

describe('a stub resolver', () => {
  it.each(['', 'a..b', `${'x'.repeat(64)}.example`])('knows that %j is no name', (name) => {
    const net = new Ideal();
    expect(net.find([CLIENT], resolveClient({ servers: [ONE], name }))).toEqual({
      outcome: 'nxdomain',
      more: { reason: `"${name}" is not a DNS name` },
    });
  });

  it('needs a server', () => {
    expect(new Ideal().find([CLIENT], resolveClient({ servers: [], name: 'a' }))).toEqual({
      outcome: 'servfail',
      more: { reason: 'no resolver is configured' },
    });
  });

  it('asks each server twice, 5 s each', () => {
    const net = new Ideal();
    net.filter = () => 'drop';
    expect(net.find([CLIENT], resolveClient({ servers: [ONE, TWO], name: 'a' }))).toEqual({ outcome: 'timeout' });
    expect(net.log.map(({ at: time, to }) => [time, to.ip])).toEqual([
      [0, ONE],
      [5000, TWO],
      [10_000, ONE],
      [15_000, TWO],
    ]);
    expect(net.now).toBe(20_000);
    expect(new Set(net.log.map(({ from }) => from.port)).size).toBe(4);
  });

  it('goes to the next server at once when one has no DNS, and tells the error', () => {
    const net = new Ideal();
    net.add([ONE], echoServer({ protocol: 'tcp', port: 7 }));
    net.add([TWO], dnsServer({ port: 53, records, forward: [], ttl: 1000 }));
    const found = net.find([CLIENT], resolveClient({ servers: [ONE, TWO], name: 'www.example.com' }));
    expect(found).toEqual({ outcome: 'resolved', more: { addresses: ['203.0.113.80'], resolver: '10.0.1.53' } });
    expect(net.now).toBe(4);
    const none = net.find([CLIENT], resolveClient({ servers: [ONE], name: 'www.example.com', attempts: 1 }));
    expect(none).toEqual({ outcome: 'timeout', icmp: { type: 3, code: 3, from: ONE } });
  });

  it('asks on where a server leaves an alias open', () => {
    const net = new Ideal();
    net.add([ONE], oneByOne({ a: ['b.example'], 'b.example': [CLIENT] }));
    expect(net.find([CLIENT], resolveClient({ servers: [ONE], name: 'a' })).more?.addresses).toEqual(['10.0.0.2']);
  });

  it('does not follow aliases for ever', () => {
    const net = new Ideal();
    net.add([ONE], endless());
    expect(net.find([CLIENT], resolveClient({ servers: [ONE], name: 'a' }))).toEqual({
      outcome: 'servfail',
      more: { reason: 'too many aliases' },
    });
    expect(net.log.filter(({ to }) => to.ip === ONE)).toHaveLength(9);
  });
});

describe('an exchange', () => {
  const question = { name: 'www.example.com', type: 'A' };
  const servers = [{ ip: ONE, port: 53 }];
  const config = { name: 'q', question, servers, rounds: 2, timeout: 100, id: 0xffff };
  const reply = (part: Partial<DnsMessage>): DnsMessage => ({
    id: 0xffff,
    kind: 'response',
    opcode: 0,
    rcode: 'NOERROR',
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: true,
    question,
    answers: [],
    authorities: [],
    ...part,
  });
  const datagram = (payload: Uint8Array, socket = 'q/udp0') =>
    ({
      kind: 'datagram',
      socket,
      from: at('10.0.0.53', 53),
      to: at('10.0.0.2', 9),
      payload,
      interface: 'eth0',
    }) as const;
  const begun = (): Exchange => ask(config).exchange;
  const { question: _, ...bare } = reply({});

  it.each([
    ['another identifier', encodeDns(reply({ id: 1 }))],
    ['another question', encodeDns(reply({ question: { name: 'evil.example', type: 'A' } }))],
    ['another type', encodeDns(reply({ question: { ...question, type: 'AAAA' } }))],
    ['no question', encodeDns(bare)],
    ['a query', encodeDns(reply({ kind: 'query' }))],
    ['garbage', Uint8Array.from({ length: 20 }, () => 255)],
    ['too little', Uint8Array.of(1)],
  ])('passes over %s', (_name, payload) => {
    expect(hear(begun(), datagram(payload))).toEqual({ exchange: begun(), commands: [] });
  });

  it('passes over what comes too late', () => {
    const { exchange } = hear(begun(), { kind: 'timer', name: 'q/timer' });
    expect(exchange.attempt).toBe(1);
    for (const event of [
      datagram(encodeDns(reply({}))),
      { kind: 'bound', socket: 'q/udp0', local: at('10.0.0.2', 9) },
      { kind: 'ended', socket: 'q/tcp0' },
      { kind: 'failed', socket: 'q/tcp0', error: 'reset' },
      { kind: 'data', socket: 'q/tcp0', payload: Uint8Array.of(1) },
      { kind: 'closed', socket: 'q/udp0' },
    ] as const) {
      expect(hear(exchange, event)).toEqual({ exchange, commands: [] });
    }
    // The identifier is 16 bits, and another for each try.
    const late = hear(exchange, datagram(encodeDns(reply({ id: 0 })), 'q/udp1'));
    expect(late.verdict?.kind).toBe('answer');
  });

  it('takes the question in any case', () => {
    const answer = reply({ question: { name: 'WWW.EXAMPLE.COM', type: 'A' } });
    expect(hear(begun(), datagram(encodeDns(answer))).verdict).toMatchObject({ kind: 'answer', server: servers[0] });
  });

  it('tells failing servers from silent ones', () => {
    const first = hear(begun(), datagram(encodeDns(reply({ rcode: 'REFUSED' }))));
    expect(first.commands.map(({ kind }) => kind)).toEqual(['cancel', 'close', 'timer', 'bind']);
    const second = hear(first.exchange, { kind: 'timer', name: 'q/timer' });
    expect(second.verdict).toEqual({ kind: 'servfail' });
  });

  it('goes over TCP when the answer was cut, and believes it then', () => {
    const cut = hear(begun(), datagram(encodeDns(reply({ truncated: true }))));
    expect(cut.commands).toEqual([
      { kind: 'close', socket: 'q/udp0' },
      { kind: 'timer', name: 'q/timer', after: 100 },
      { kind: 'connect', socket: 'q/tcp0', to: servers[0] },
    ]);
    const connected = hear(cut.exchange, {
      kind: 'connected',
      socket: 'q/tcp0',
      peer: at('10.0.0.53', 53),
      local: at('10.0.0.2', 9),
    });
    expect(connected.commands).toMatchObject([{ kind: 'write', socket: 'q/tcp0' }]);
    const whole = withLength(encodeDns(reply({ truncated: true })));
    const half = hear(connected.exchange, { kind: 'data', socket: 'q/tcp0', payload: whole.subarray(0, 9) });
    expect(half.verdict).toBeUndefined();
    const done = hear(half.exchange, { kind: 'data', socket: 'q/tcp0', payload: whole.subarray(9) });
    expect(done.verdict?.kind).toBe('answer');
    expect(done.commands).toEqual([
      { kind: 'cancel', name: 'q/timer' },
      { kind: 'close', socket: 'q/tcp0' },
    ]);
    for (const event of [
      { kind: 'ended', socket: 'q/tcp0' },
      { kind: 'failed', socket: 'q/tcp0', error: 'refused' },
    ] as const) {
      expect(hear(cut.exchange, event).exchange).toMatchObject({ attempt: 1, stream: undefined });
    }
  });

  it('has failed at once without servers', () => {
    expect(ask({ ...config, servers: [] }).verdict).toEqual({ kind: 'timeout' });
  });
});
