import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Timers, type TimerTarget } from '../../../src/sim/host/timers.ts';

const TARGETS: readonly TimerTarget[] = [
  { kind: 'connection', key: 'a' },
  { kind: 'connection', key: 'b' },
  { kind: 'app', app: 'x', name: 'a' },
  { kind: 'app', app: 'x', name: 'b' },
  { kind: 'app', app: 'y', name: 'a' },
];

interface Waiting {
  readonly target: TimerTarget;
  readonly at: number;
}

type Act = (model: Map<number, Waiting>, timers: Timers) => Timers;

const anyTarget = fc.constantFrom(...TARGETS);
const anyTime = fc.nat({ max: 20 });

/** The timer that a target has, by the book. */
function idOf(model: Map<number, Waiting>, target: TimerTarget): number | undefined {
  return [...model].find(([, waiting]) => waiting.target === target)?.[0];
}

function put(model: Map<number, Waiting>, timers: Timers, target: TimerTarget, at: number): void {
  model.delete(idOf(model, target) ?? 0);
  for (const timer of timers.takeFresh()) model.set(timer.id, { target, at });
  expect(model.get(idOf(model, target) ?? 0)?.at).toBe(at);
}

const acts: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(anyTarget, anyTime).map(
    ([target, at]): Act =>
      (model, timers) => {
        if (target.kind === 'app') timers.setNamed(target.app, target.name, at);
        else timers.set(target, at);
        put(model, timers, target, at);
        return timers;
      },
  ),
  fc.tuple(anyTarget, anyTime).map(
    ([target, at]): Act =>
      (model, timers) => {
        const known = model.get(idOf(model, target) ?? 0)?.at ?? Number.POSITIVE_INFINITY;
        timers.ensure(target, at);
        if (known > at) put(model, timers, target, at);
        else expect(timers.takeFresh()).toEqual([]);
        return timers;
      },
  ),
  fc.tuple(anyTarget, fc.boolean()).map(
    ([target, gone]): Act =>
      (model, timers) => {
        if (gone) timers.remove(target);
        else timers.forget(target);
        model.delete(idOf(model, target) ?? 0);
        return timers;
      },
  ),
  fc.nat({ max: 80 }).map(
    (id): Act =>
      (model, timers) => {
        expect(timers.take(id)).toEqual(model.get(id)?.target);
        model.delete(id);
        return timers;
      },
  ),
  fc.constantFrom('x', 'y', 'z').map(
    (app): Act =>
      (model, timers) => {
        timers.removeApp(app);
        for (const [id, { target }] of model) if (target.kind === 'app' && target.app === app) model.delete(id);
        return timers;
      },
  ),
  fc.constant<Act>((_, timers) => {
    const copy = timers.copy();
    // what happens to the first is nothing to the second
    for (const target of TARGETS) timers.remove(target);
    return copy;
  }),
);

describe('timers', () => {
  it('are wanted until they fire, are replaced or forgotten', () => {
    fc.assert(
      fc.property(fc.array(acts, { minLength: 20, maxLength: 120, size: 'max' }), (all) => {
        const model = new Map<number, Waiting>();
        let timers = new Timers();
        for (const act of all) {
          timers = act(model, timers);
          const wanted = Array.from({ length: 130 }, (_, id) => id).filter((id) => timers.wants(id));
          expect(wanted).toEqual([...model.keys()].sort((a, b) => a - b));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('of one name are news once, the last of them', () => {
    const timers = new Timers();
    for (const at of [5, 3, 4]) timers.set({ kind: 'app', app: 'x', name: 'a' }, at);
    timers.set({ kind: 'connection', key: 'a' }, 9);
    expect(timers.takeFresh().map(({ id, at }) => [id, at])).toEqual([
      [3, 4],
      [4, 9],
    ]);
    expect(timers.takeFresh()).toEqual([]);
  });

  it.each([
    ['its name', (timers: Timers) => timers.remove({ kind: 'app', app: 'x', name: 'a' })],
    ['its application', (timers: Timers) => timers.removeApp('x')],
  ])('that fired and went with %s are new when they are set again', (_, remove) => {
    const timers = new Timers();
    timers.setNamed('x', 'a', 1);
    expect(timers.take(1)).toEqual({ kind: 'app', app: 'x', name: 'a' });
    remove(timers);
    timers.setNamed('x', 'a', 2);
    expect(timers.wants(2)).toBe(true);
    timers.removeApp('x');
    expect(timers.wants(2)).toBe(false);
  });
});
