/** What has expired goes in the order in which it did, however long nobody has asked. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ip4 } from '../../../../src/sim/addr/ip.ts';
import { udp } from '../../../../src/sim/packet/packet.ts';
import { Connection, openConnection } from '../../../../src/sim/router/connection.ts';
import { Flows } from '../../../../src/sim/router/table/flows.ts';

function connection(id: number, expires: number): Connection {
  const packet = udp({ src: ip4(0x0a00_0001), dst: ip4(id), sport: 5000, dport: 53 });
  const made = openConnection(new Connection(), packet, id, 0);
  made.expires = expires;
  return made;
}

const anyDeed = fc.oneof(
  fc.record({ expires: fc.integer({ min: 1, max: 50 }), of: fc.nat() }),
  fc.record({ refresh: fc.integer({ min: 1, max: 50 }), of: fc.nat() }),
  fc.record({ ask: fc.integer({ min: 0, max: 5 }), of: fc.nat() }),
  fc.record({ remove: fc.constant(true), of: fc.nat() }),
);

describe('the table of connections', () => {
  it('removes all that has expired, and nothing else, in order', () => {
    fc.assert(
      fc.property(fc.array(anyDeed, { maxLength: 80 }), (deeds) => {
        const gone: number[] = [];
        const flows = new Flows(({ id }) => gone.push(id));
        const live: Connection[] = [];
        let now = 0;
        for (const [i, deed] of deeds.entries()) {
          const chosen = live[deed.of % Math.max(1, live.length)];
          if ('expires' in deed) {
            live.push(connection(i, now + deed.expires));
            flows.insert(live.at(-1) ?? expect.fail('nothing made'), 0);
          } else if ('ask' in deed) {
            now += deed.ask;
            const due = live.filter(({ expires }) => expires <= now).sort((a, b) => a.expires - b.expires);
            gone.length = 0;
            flows.expire(now);
            expect(gone).toEqual(due.map(({ id }) => id));
            for (const each of due) live.splice(live.indexOf(each), 1);
          } else if (chosen !== undefined && 'remove' in deed) {
            flows.remove(chosen, now);
            live.splice(live.indexOf(chosen), 1);
          } else if (chosen !== undefined && 'refresh' in deed) {
            const before = chosen.expires;
            chosen.expires = now + deed.refresh;
            if (chosen.expires < before) flows.hasten(chosen);
          }
          expect([...flows.all()]).toEqual(live);
          expect(flows.size).toBe(live.length);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('still knows what expires after thousands that have come and gone since it was asked', () => {
    const gone: number[] = [];
    const flows = new Flows(({ id }) => gone.push(id));
    flows.expire(0);
    for (let id = 1; id <= 5000; id++) {
      const passing = connection(id, 1e9);
      flows.insert(passing, 0);
      flows.remove(passing, 0);
    }
    for (const [id, expires] of [
      [6001, 30],
      [6002, 10],
      [6003, 50],
    ] as const)
      flows.insert(connection(id, expires), 0);
    gone.length = 0;
    flows.expire(40);
    expect(gone).toEqual([6002, 6001]);
    expect(Array.from(flows.all(), ({ id }) => id)).toEqual([6003]);
  });

  it('takes no connection with the answers of another that lives, and in the place of one that does not', () => {
    const flows = new Flows(() => {});
    const [first, second] = [connection(1, 10), connection(2, 100)];
    second.reply = first.reply;
    expect(flows.insert(first, 0)).toBe(true);
    expect(flows.insert(second, 5)).toBe(false);
    expect(flows.find(first.reply, 5)?.connection).toBe(first);
    expect([flows.find(second.original, 5), flows.size]).toEqual([undefined, 1]);
    expect(flows.insert(second, 20)).toBe(true);
    expect(flows.find(first.reply, 20)?.connection).toBe(second);
    expect(Array.from(flows.all(), ({ id }) => id)).toEqual([2]);
  });

  it('takes what comes for an answer where somebody speaks to himself', () => {
    const flows = new Flows(() => {});
    const alone = connection(1, 10);
    alone.reply = alone.original;
    expect(flows.insert(alone, 0)).toBe(true);
    expect(flows.find(alone.original, 0)).toEqual({ connection: alone, direction: 'reply' });
  });
});
