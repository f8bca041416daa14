/** A fork of a world does what the world would have done, and neither disturbs the other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyDesign } from '../../../src/arbitraries/design.ts';
import { anyRun, type Run } from '../../../src/arbitraries/step.ts';
import { defineNetwork } from '../../../src/scenarios/define.ts';
import { runStep } from '../../../src/scenarios/run.ts';
import type { Change, Step } from '../../../src/scenarios/schema.ts';
import { type Ip, parseIp } from '../../../src/sim/addr/ip.ts';
import { fail } from '../../../src/sim/base/fail.ts';
import { mix } from '../../../src/sim/base/rng.ts';
import { fork } from '../../../src/sim/design/change.ts';
import type { Design } from '../../../src/sim/design/design.ts';
import { linksOf } from '../../../src/sim/design/topology.ts';
import { connectClient } from '../../../src/sim/host/app/connect.ts';
import { ftpClient } from '../../../src/sim/host/app/ftp-client.ts';
import { pingClient } from '../../../src/sim/host/app/ping.ts';
import { World } from '../../../src/sim/world/world.ts';

/** One thing that happens to a world. */
type Deed =
  | { readonly step: Step }
  | { readonly change: Change }
  | { readonly restart: string }
  /** Lets so much time pass that packets are still on their way. */
  | { readonly pass: number }
  /** Lets so many events happen, be it in the middle of what one packet does. */
  | { readonly events: number }
  /** A program starts, and is not waited for. */
  | { readonly start: string; readonly to: string; readonly protocol: 'tcp' | 'udp' | 'icmp' }
  /** A program of the busy network starts. */
  | { readonly run: ProgramName };

const PROGRAM_NAMES = ['upload', 'datagrams', 'inward', 'nobody', 'refused', 'itself', 'ftp'] as const;
type ProgramName = (typeof PROGRAM_NAMES)[number];

interface Story {
  readonly design: Design;
  readonly before: readonly Deed[];
  readonly here: readonly Deed[];
  readonly there: readonly Deed[];
}

function anyDeed({ design, steps }: Run): fc.Arbitrary<Deed> {
  const nodes = Object.keys(design.nodes);
  const links = linksOf(design).map(({ name }) => name);
  const addresses = ['10.255.255.1', ...JSON.stringify(design).matchAll(/(\d+\.\d+\.\d+\.\d+)\/\d+/g)].map(String);
  const wiring: fc.Arbitrary<Change>[] = [
    fc.constantFrom(...nodes).chain((node) => fc.constantFrom({ nodeDown: node }, { nodeUp: node })),
  ];
  if (links.length > 0)
    wiring.push(fc.constantFrom(...links).chain((link) => fc.constantFrom({ linkDown: link }, { linkUp: link })));
  const edit: fc.Arbitrary<Change> = fc
    .tuple(fc.constantFrom(...nodes), fc.constantFrom<'tcp/7000' | 'udp/7000'>('tcp/7000', 'udp/7000'))
    .map(([node, service]) => ({ op: 'add', path: `/nodes/${node}/services`, value: [service] }));
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...steps).map((step) => ({ step })) },
    { weight: 2, arbitrary: fc.oneof(...wiring, edit).map((change) => ({ change })) },
    { weight: 1, arbitrary: fc.constantFrom(...nodes).map((restart) => ({ restart })) },
    { weight: 2, arbitrary: fc.constantFrom(0, 1, 2, 3, 50, 31_000).map((pass) => ({ pass })) },
    {
      weight: 4,
      arbitrary: fc.record({
        start: fc.constantFrom(...nodes),
        to: fc.constantFrom(...addresses).map((text) => text.split(/[/,]/)[0] ?? ''),
        protocol: fc.constantFrom('tcp', 'udp', 'icmp'),
      }),
    },
  );
}

const anyStory: fc.Arbitrary<Story> = anyRun(anyDesign({ faults: true, learned: true, dhcp: true })).chain((run) => {
  const some = fc.array(anyDeed(run), { minLength: 1, maxLength: 4 });
  return fc.record({ design: fc.constant(run.design), before: some, here: some, there: some });
});

function live(world: World, deeds: readonly Deed[]): void {
  for (const deed of deeds) {
    if ('step' in deed) runStep(world, deed.step, world.steps);
    else if ('change' in deed) world.apply(deed.change);
    else if ('restart' in deed) world.restart(deed.restart);
    else if ('pass' in deed) world.runUntil(world.now + deed.pass);
    else if ('events' in deed) happen(world, deed.events);
    else if ('start' in deed) start(world, deed);
    else PROGRAMS[deed.run](world);
  }
}

function start(world: World, { start: node, to: text, protocol }: Extract<Deed, { start: string }>): void {
  const to = parseIp(text) ?? fail(`no address ${text}`);
  if (protocol === 'icmp') world.launch(node, pingClient({ to, id: world.draw(node, 0, 0xffff) }));
  else world.launch(node, connectClient({ to: { ip: to, port: 80 }, protocol, bytes: 2000 }));
}

/** All that can be asked of a world, as text. Looking at tables may change what is remembered: it is the last thing asked. */
function bytesOf(world: World): string {
  const tables = Object.keys(world.design.nodes).map((node) => world.inspect(node));
  return textOf({ now: world.now, steps: world.steps, design: world.design, trace: world.trace, tables });
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'bigint' ? `${each}n` : each instanceof Uint8Array ? textOfBytes(each) : each,
  );
}

const texts = new WeakMap<Uint8Array, string>();

/** A packet is written down many times, its payload is read once. */
function textOfBytes(bytes: Uint8Array): string {
  const text = texts.get(bytes) ?? bytes.join();
  texts.set(bytes, text.length > 40 ? `${bytes.length} bytes, ${mix(1, text)}` : text);
  return texts.get(bytes) ?? '';
}

/** A world that has lived through these, and was never forked. */
function lived(design: Design, ...chapters: readonly (readonly Deed[])[]): string {
  const world = new World(design);
  for (const deeds of chapters) live(world, deeds);
  return bytesOf(world);
}

function happen(world: World, events: number): void {
  let left = events;
  world.runUntil(world.now + 1000, () => left-- <= 0);
}

/** Much that is unfinished most of the time: slow and lossy links, small ones, pieces, translated and limited traffic. */
const BUSY: Design = defineNetwork({
  nodes: {
    client: { kind: 'host', interfaces: { eth0: '192.168.0.2/24' }, gateway: '192.168.0.1', services: ['tcp/7000'] },
    gw: {
      kind: 'gateway',
      interfaces: { lan: '192.168.0.1/24', wan: '203.0.113.2/24' },
      gateway: '203.0.113.1',
      icmpRateLimit: true,
      nat: {
        rules: [
          { match: { outInterface: 'wan' }, action: 'masquerade' },
          { match: { inInterface: 'wan', protocol: 'tcp', destinationPort: 7000 }, action: 'dnat', to: '192.168.0.2' },
          { match: { inInterface: 'wan', protocol: 'udp', destinationPort: 7001 }, action: 'dnat', to: '192.168.0.77' },
        ],
        helpers: ['ftp'],
      },
      firewall: { forward: { rules: [{ match: { state: 'invalid' }, action: 'drop' }] } },
    },
    isp: { kind: 'router', interfaces: { cust: '203.0.113.1/24', core: { addresses: ['198.51.100.1/24'], mtu: 600 } } },
    server: {
      kind: 'host',
      interfaces: { eth0: { addresses: ['198.51.100.80/24'], mtu: 600 } },
      gateway: '198.51.100.1',
      services: ['ftp', 'http', 'tcp/7000', 'udp/7000'],
    },
  },
  links: [
    { between: ['client', 'gw:lan'], bandwidth: '10mbit' },
    { between: ['gw:wan', 'isp:cust'], loss: 0.1, latency: '3ms' },
    ['isp:core', 'server'],
  ],
});

/** The same with a NAT that keeps mappings, and holds what strangers open. */
const MAPPED = fork(BUSY, ({ nodes: { gw } }) => {
  if (gw?.nat !== undefined) gw.nat.behaviour = 'cgn';
}).design;

const [SERVER, WAN, LAN] = ['198.51.100.80', '203.0.113.2', '192.168.0.1'].map((text) => parseIp(text) ?? fail(text));

function connect(world: World, from: string, to: Ip | undefined, protocol: 'tcp' | 'udp', port: number): void {
  world.launch(from, connectClient({ to: { ip: to ?? fail('no address'), port }, protocol, bytes: 2000 }));
}

const PROGRAMS: Readonly<Record<ProgramName, (world: World) => void>> = {
  upload: (world: World) => connect(world, 'client', SERVER, 'tcp', 7000),
  datagrams: (world: World) => connect(world, 'client', SERVER, 'udp', 7000),
  inward: (world: World) => connect(world, 'server', WAN, 'tcp', 7000),
  nobody: (world: World) => connect(world, 'server', WAN, 'udp', 7001),
  refused: (world: World) => {
    for (const port of [1, 2, 3, 4]) connect(world, 'server', WAN, 'udp', port);
  },
  itself: (world: World) => connect(world, 'gw', LAN, 'udp', 9),
  ftp: (world: World) => {
    world.launch('client', ftpClient({ to: { ip: SERVER ?? fail('no server'), port: 21 }, mode: 'active' }));
  },
};

const anyBusyDeed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(...PROGRAM_NAMES).map((run) => ({ run })),
  },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 60 }).map((events) => ({ events })) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 40 }).map((pass) => ({ pass })) },
  { weight: 1, arbitrary: fc.constantFrom({ restart: 'gw' }, { restart: 'client' }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<Change>({ nodeDown: 'isp' }, { nodeUp: 'isp' }, { linkDown: ['isp:core', 'server'] })
      .map((change) => ({ change })),
  },
);

const someBusy = fc.array(anyBusyDeed, { minLength: 1, maxLength: 6 });
const anyBusyStory = fc
  .record({
    design: fc.constantFrom(BUSY, MAPPED),
    before: someBusy,
    here: someBusy,
    there: someBusy,
    events: fc.nat({ max: 30 }),
  })
  .map(({ before, events, ...rest }) => ({ ...rest, before: [...before, { events }] }));
const LATER: readonly Deed[] = [{ pass: 4000 }];

function always(law: (story: Story) => void, numRuns: number): void {
  fc.assert(fc.property(anyStory, law), { numRuns });
  fc.assert(
    fc.property(anyBusyStory, ({ here, there, ...rest }) =>
      law({ ...rest, here: [...here, ...LATER], there: [...there, ...LATER] }),
    ),
    { numRuns },
  );
}

describe('a fork', () => {
  it('goes on as the world would have, and the world goes on as if there were none', () => {
    always(({ design, before, here, there }) => {
      const base = new World(design);
      live(base, before);
      const branch = base.fork();
      live(branch, there);
      live(base, here);
      expect(bytesOf(branch)).toBe(lived(design, before, there));
      expect(bytesOf(base)).toBe(lived(design, before, here));
    }, 15);
  });

  it('does the same as its world when they take turns', () => {
    always(({ design, before, here }) => {
      const base = new World(design);
      live(base, before);
      const branch = base.fork();
      for (const deed of here) {
        live(base, [deed]);
        live(branch, [deed]);
      }
      expect(bytesOf(branch)).toBe(bytesOf(base));
    }, 8);
  });

  it('can be forked again, at any time, and its world as well', () => {
    always(({ design, before, here, there }) => {
      const base = new World(design);
      const early = base.fork();
      live(base, before);
      const first = base.fork();
      const second = base.fork();
      live(first, here);
      const third = first.fork();
      live(third, there);
      live(first, before);
      live(second, there);
      live(early, here);
      expect(bytesOf(third)).toBe(lived(design, before, here, there));
      expect(bytesOf(first)).toBe(lived(design, before, here, before));
      expect(bytesOf(second)).toBe(lived(design, before, there));
      expect(bytesOf(early)).toBe(lived(design, here));
      expect(bytesOf(base)).toBe(lived(design, before));
    }, 8);
  });
});
