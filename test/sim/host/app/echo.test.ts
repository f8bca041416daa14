import { describe, expect, it } from 'vitest';
import { echoServer } from '../../../../src/sim/host/app/echo.ts';
import { at, bytes, Driven, ip } from './drive.ts';

describe('echo over TCP', () => {
  const server = () => new Driven(echoServer({ protocol: 'tcp', port: 7, address: ip('10.0.0.1') }));

  it('listens where it is told', () => {
    expect(echoServer({ protocol: 'tcp', port: 7 }).name).toBe('tcp/7');
    expect(server().said).toEqual([{ kind: 'listen', socket: 'server', port: 7, address: ip('10.0.0.1') }]);
  });

  it('sends back what it gets and closes after its peer', () => {
    const echo = server();
    expect(echo.hear({ kind: 'data', socket: 'server#1', payload: bytes('hello') })).toEqual([
      { kind: 'write', socket: 'server#1', payload: bytes('hello') },
    ]);
    expect(echo.hear({ kind: 'ended', socket: 'server#1' })).toEqual([{ kind: 'close', socket: 'server#1' }]);
    expect(echo.hear({ kind: 'closed', socket: 'server#1' })).toEqual([]);
    expect(echo.hear({ kind: 'failed', socket: 'server#2', error: 'reset' })).toEqual([]);
  });

  it('says that its port is taken', () => {
    expect(server().hear({ kind: 'failed', socket: 'server', error: 'in-use' })).toEqual([
      { kind: 'note', text: 'server: in-use' },
    ]);
  });
});

describe('echo over UDP', () => {
  const server = () => new Driven(echoServer({ protocol: 'udp', port: 5000 }));
  const asked = (to: string) => ({
    kind: 'datagram' as const,
    socket: 'server',
    from: at('10.0.0.9', 4444),
    to: at(to, 5000),
    payload: bytes('x'),
    interface: 'eth0',
  });
  const answer = { kind: 'send', socket: 'server', to: at('10.0.0.9', 4444), payload: bytes('x') };

  it('binds its port', () => {
    expect(server().said).toEqual([{ kind: 'bind', socket: 'server', port: 5000 }]);
  });

  it.each([
    ['10.0.0.1', { ...answer, from: ip('10.0.0.1') }],
    ['255.255.255.255', answer],
    ['224.0.0.1', answer],
  ])('asked at %s it answers from an address of its own', (to, expected) => {
    expect(server().hear(asked(to))).toEqual([expected]);
  });

  it('passes over an error about an answer', () => {
    const icmp = { type: 3, code: 3, from: ip('10.0.0.9') };
    expect(server().hear({ kind: 'failed', socket: 'server', error: 'refused', icmp })).toEqual([]);
  });
});
