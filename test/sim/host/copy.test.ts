import { describe, expect, it } from 'vitest';
import { Rng } from '../../../src/sim/base/rng.ts';
import { type App, react } from '../../../src/sim/host/app/app.ts';
import { type Host, makeHost } from '../../../src/sim/host/host.ts';
import type { HostOutput } from '../../../src/sim/host/output.ts';
import { A, B, routingOf } from './pair.ts';

const init = () => ({ name: 'a', routing: routingOf('a', 1500), rng: new Rng(3) });

/** Says how often it was woken, every ten milliseconds. */
const counter: App<number> = {
  name: 'counter',
  start: () =>
    react(0, { kind: 'bind', socket: 'u', port: 0, peer: { ip: B, port: 9 } }, { kind: 'timer', name: 'n', after: 10 }),
  handle: (count, event) =>
    event.kind === 'timer'
      ? react(
          count + 1,
          { kind: 'send', socket: 'u', to: { ip: B, port: 9 }, payload: Uint8Array.of(count + 1) },
          { kind: 'timer', name: 'n', after: 10 },
        )
      : react(count),
};

function wake(host: Host, { timers: [timer] }: HostOutput): HostOutput {
  return host.expire(timer?.id ?? 0, timer?.at ?? 0);
}

const saidBy = ({ packets }: HostOutput) =>
  packets.map(({ packet }) => [packet.kind === 'udp' && packet.sport, packet.ident, packet.payload[0]]);

describe('a copy of a host', () => {
  it('goes on from where the first one was, and neither disturbs the other', () => {
    const first = makeHost(init());
    const begun = wake(first, first.start(counter, 'counter', 0));
    const second = first.copy(routingOf('a', 1500));
    const third = second.copy(routingOf('a', 1500));
    const rows = first.sockets();
    const ahead = wake(first, wake(first, begun));
    const behind = wake(second, begun);
    expect(saidBy(ahead).map(([port, , count]) => [port, count])).toEqual([[rows[0]?.local?.port, 3]]);
    expect(saidBy(behind)).toEqual(saidBy(wake(third, begun)));
    expect([first, second].map((host) => host.wants(begun.timers[0]?.id ?? 0))).toEqual([false, false]);
    first.stop('counter', 40);
    expect([first.sockets(), second.sockets()]).toEqual([[], rows]);
    expect(saidBy(wake(second, behind))).toEqual(saidBy(ahead));
  });

  it('of one at which nothing has happened draws the same by chance', () => {
    const first = makeHost(init());
    const second = first.copy(routingOf('a', 1500));
    expect([first.sniffs, second.sniffs, second.wants(1), second.sockets()]).toEqual([false, false, false, []]);
    expect(second.start(counter, 'counter', 0)).toEqual(first.start(counter, 'counter', 0));
    expect(second.sockets()).toEqual(first.sockets());
    expect(first.sockets()).toMatchObject([{ local: { ip: A }, remote: { ip: B, port: 9 } }]);
  });
});
