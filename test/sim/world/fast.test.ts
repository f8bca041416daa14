/** How much is written down, and whether walks are remembered, changes nothing of what happens; packets sent by hand. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyDesign } from '../../../src/arbitraries/design.ts';
import { anyPacket } from '../../../src/arbitraries/packet.ts';
import { anyRun } from '../../../src/arbitraries/step.ts';
import { runStep } from '../../../src/scenarios/run.ts';
import type { Step } from '../../../src/scenarios/schema.ts';
import { parseIp } from '../../../src/sim/addr/ip.ts';
import { fail } from '../../../src/sim/base/fail.ts';
import type { Design } from '../../../src/sim/design/design.ts';
import { hasPorts, type Packet, udp } from '../../../src/sim/packet/packet.ts';
import { withDestination, withPayload, withSource, withTtl } from '../../../src/sim/packet/rewrite.ts';
import { explain } from '../../../src/sim/trace/explain.ts';
import type { Trace, TraceEvent } from '../../../src/sim/trace/trace.ts';
import { World, type WorldOptions } from '../../../src/sim/world/world.ts';

interface Story {
  readonly design: Design;
  readonly steps: readonly Step[];
  readonly packets: readonly Packet[];
  readonly from: string;
  readonly forks: boolean;
}

const anyStory: fc.Arbitrary<Story> = anyRun(anyDesign({ faults: true, learned: true, dhcp: true })).chain(
  ({ design, steps }) =>
    fc.record({
      design: fc.constant(design),
      steps: fc.constant(steps),
      packets: fc.array(anyPacket(), { maxLength: 4 }),
      from: fc.constantFrom(...Object.keys(design.nodes)),
      forks: fc.boolean(),
    }),
);

/** What there is to see of a world beside its record, after each step. */
function live(
  { design, steps, packets, from, forks }: Story,
  options: WorldOptions,
): { seen: unknown[]; trace: Trace } {
  let world = new World(design, options);
  world.settle();
  const seen: unknown[] = [];
  for (const [i, step] of steps.entries()) {
    runStep(world, step, i);
    if (forks) world = world.fork();
    const fates = Object.hasOwn(world.design.nodes, from) ? world.sendAll(from, packets) : [];
    const tables = Object.keys(world.design.nodes).map((node) => world.inspect(node));
    seen.push(JSON.stringify({ now: world.now, tables, fates: fates.map(({ kind, node }) => [kind, node]) }));
  }
  world.close();
  return { seen, trace: world.trace };
}

function storiesOf(trace: Trace): Map<number, unknown[]> {
  const stories = new Map<number, unknown[]>();
  for (const event of trace) {
    if (!('packet' in event)) continue;
    const { sequence: _, ...told } = event;
    stories.set(event.packet, [...(stories.get(event.packet) ?? []), told]);
  }
  return stories;
}

const FAILED: ReadonlySet<string> = new Set(['dropped', 'lost', 'pending']);

function failed(trace: Trace): ReadonlySet<number> {
  const ends = trace.flatMap((event: TraceEvent) =>
    event.kind === 'fate' && FAILED.has(event.fate.kind) ? [event.packet] : [],
  );
  return new Set(ends);
}

describe('in any network under any traffic', () => {
  it('what happens is the same with a record, without one, and with one of failures alone, which tells them whole', () => {
    fc.assert(
      fc.property(anyStory, (story) => {
        const full = live(story, { record: 'full' });
        const failures = live(story, { record: 'failures' });
        const off = live(story, { record: 'off' });
        expect(failures.seen).toEqual(full.seen);
        expect(off.seen).toEqual(full.seen);
        const whole = storiesOf(full.trace);
        const ends = failed(full.trace);
        expect(storiesOf(failures.trace)).toEqual(new Map([...whole].filter(([packet]) => ends.has(packet))));
        expect(off.trace.filter(({ kind }) => kind !== 'step' && kind !== 'design')).toEqual([]);
        expect(failures.trace.map(({ sequence }) => sequence)).toEqual(failures.trace.map((_, i) => i));
      }),
      { numRuns: 40 },
    );
  });

  it('a walk that is remembered comes to the end that the stages come to, and tells the same story', () => {
    fc.assert(
      fc.property(anyStory, (story) => {
        // what is alike comes again, so that there is something to remember
        const often = {
          ...story,
          packets: story.packets.flatMap((packet) => [packet, packet, older(packet), beside(packet), packet]),
        };
        const walked = live(often, { recalls: false });
        const recalled = live(often, {});
        expect(recalled.seen).toEqual(walked.seen);
        expect(recalled.trace).toEqual(walked.trace);
        expect(live(often, { record: 'off' }).seen).toEqual(walked.seen);
      }),
      { numRuns: 60 },
    );
  });
});

/** The same from another port, to another. */
function beside(packet: Packet): Packet {
  if (!hasPorts(packet)) return packet;
  const { src, sport, dst, dport } = packet;
  return withDestination(withSource(packet, src, (sport + 1) & 0xffff), dst, (dport ^ 1) & 0xffff);
}

/** The same packet after some hops, and longer. */
function older(packet: Packet): Packet {
  const worn = withTtl(packet, Math.max(1, packet.ttl >> 1));
  return worn.kind === 'udp' ? withPayload(worn, new Uint8Array(worn.payload.length + 700)) : worn;
}

const ip = (text: string) => parseIp(text) ?? fail(text);

const PAIR: Design = {
  nodes: {
    a: { kind: 'host', interfaces: { eth0: '10.0.0.1/24' } },
    b: { kind: 'host', interfaces: { eth0: '10.0.0.2/24' }, services: ['udp/7'] },
  },
  links: [['a', 'b']],
};

const datagram = (dport: number, dst = '10.0.0.2') => udp({ src: ip('10.0.0.1'), dst: ip(dst), sport: 5000, dport });

describe('a packet sent by hand', () => {
  it('has a fate, and a story that ends with it', () => {
    const world = new World(PAIR);
    world.settle();
    const { fate, trace } = world.send('a', datagram(7));
    expect(fate).toMatchObject({ kind: 'delivered', node: 'b' });
    expect(trace.at(0)).toMatchObject({ kind: 'born', by: 'hand', node: 'a' });
    expect(trace.every((event) => 'packet' in event && event.packet === 1)).toBe(true);
    expect(explain(trace)).toContain('DELIVERED on b to udp/7');
    expect(world.send('a', datagram(9)).fate).toMatchObject({ kind: 'dropped', reason: 'noSocket' });
    expect(world.send('a', datagram(7, '10.0.0.99')).fate).toMatchObject({ kind: 'lost', reason: 'noNeighbour' });
  });

  it('goes on its way behind others, whose fates come in the same order', () => {
    const world = new World(PAIR, { record: 'off' });
    const fates = world.sendAll('a', [datagram(9), datagram(7, '10.0.0.99'), datagram(7)]);
    expect(fates.map(({ kind }) => kind)).toEqual(['dropped', 'lost', 'delivered']);
    expect(world.trace).toEqual([]);
    expect(world.sendAll('a', [])).toEqual([]);
    expect(world.send('a', datagram(7))).toMatchObject({ fate: { kind: 'delivered' }, trace: [] });
  });

  it('fails from a node that is not there', () => {
    expect(() => new World(PAIR).send('nobody', datagram(7))).toThrow('no node nobody');
  });
});
