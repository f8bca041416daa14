/** Once there have been some worlds, a small one stays, in which a little of everything has happened. */
import { expect, it, vi } from 'vitest';
import type { Design } from '../../../src/sim/design/design.ts';
import type { RecordLevel } from '../../../src/sim/world/recorder.ts';
import { World } from '../../../src/sim/world/world.ts';

it('makes a world with a record and one without, once, and lets datagrams through them', async () => {
  // one that has not counted the worlds of other tests
  vi.resetModules();
  const { countWorld } = await import('../../../src/sim/world/kept.ts');
  const made: World[] = [];
  const make = (design: Design, record: RecordLevel): World => {
    const world = new World(design, { record });
    made.push(world);
    return world;
  };
  for (let i = 0; i < 20; i++) countWorld(make);
  expect(made).toHaveLength(2);
  for (const world of made) {
    const { connections } = world.inspect('gateway');
    expect(connections).toHaveLength(3);
    expect(world.inspect('outside').sockets).toHaveLength(1);
  }
  const [, told] = made;
  const ends = told?.trace.flatMap((event) => (event.kind === 'fate' ? [event.fate.kind] : []));
  expect(ends).toEqual([...Array(4).fill('dropped'), ...Array(4).fill('delivered')]);
});
