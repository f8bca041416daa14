/** Once there have been some worlds, a small one stays, in which a little of everything has happened. */
import { expect, it, vi } from 'vitest';
import type { Design } from '../../../src/sim/design/design.ts';
import type { RecordLevel } from '../../../src/sim/world/recorder.ts';
import { World } from '../../../src/sim/world/world.ts';

it.each(['off', 'full'] as const)('makes one with record %s, once, and lets datagrams through it', async (record) => {
  // one that has not counted the worlds of other tests
  vi.resetModules();
  const { countWorld } = await import('../../../src/sim/world/kept.ts');
  const made: World[] = [];
  const make = (design: Design, level: RecordLevel): World => {
    const world = new World(design, { record: level });
    made.push(world);
    return world;
  };
  for (let i = 0; i < 20; i++) countWorld(record, make);
  expect(made).toHaveLength(1);
  const [world] = made;
  const { connections } = world?.inspect('gateway') ?? {};
  expect(connections).toHaveLength(3);
  expect(world?.inspect('outside').sockets).toHaveLength(1);
  const ends = world?.trace.flatMap((event) => (event.kind === 'fate' ? [event.fate.kind] : []));
  const all = [...Array(4).fill('dropped'), ...Array(4).fill('delivered')];
  expect(ends).toEqual(record === 'full' ? all : []);
});
