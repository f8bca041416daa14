/**
 * The peer that matters: three network namespaces (client, gateway, server) joined by veth pairs, a packet sender in
 * compiled C, and a server that counts what reaches it and discards it. Nothing leaves the namespaces.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute, findProgram, type Output, perform } from '../../../src/lab/execute.ts';
import { demolish, demolishNow } from '../../../src/lab/stand/demolish.ts';
import { guard, release } from '../../../src/lab/stand/guard.ts';
import { ROOT } from '../place.ts';

const SENDER = join(ROOT, 'scripts/bench/kernel/sender.c');

/** What a run of the sender took. */
interface Cost {
  readonly packets: number;
  /** At the other side's counter. */
  readonly arrived: number;
  /** CPU time of the sending thread, in which the kernel's whole way to the server runs. */
  readonly cpuNs: number;
  readonly wallNs: number;
}

export interface Burst {
  readonly packets: number;
  /** Different five-tuples, cycled over. */
  readonly flows: number;
  /** Number of the first flow: others than before are new ones. */
  readonly first?: number;
  /** Answers come from the server's side. */
  readonly from?: 'client' | 'server';
  /** Not every packet needs to arrive. */
  readonly lossy?: true;
}

const MAC = { c0: '02:00:00:00:00:01', g0: '02:00:00:00:00:02', g1: '02:00:00:00:00:03', s0: '02:00:00:00:00:04' };
const CLIENT = '10.0.0.2';
const WAN = '198.18.1.1';
const SERVER = '198.18.1.2';
const PORT = 9;

/** Namespaces of one benchmark; `destroy` takes everything away, and so does any end of the process. */
export class KernelStand {
  readonly #names: Readonly<Record<'c' | 'g' | 's', string>>;
  readonly #folder: string;

  private constructor(tag: string, folder: string) {
    this.#names = { c: `mbb-${tag}-c`, g: `mbb-${tag}-g`, s: `mbb-${tag}-s` };
    this.#folder = folder;
  }

  static async build(): Promise<KernelStand> {
    const tag = `${process.pid.toString(36)}${process.hrtime.bigint().toString(36).slice(-4)}`;
    const stand = new KernelStand(tag, mkdtempSync(join(tmpdir(), 'middlebox-bench-')));
    guard(stand);
    await perform({ argv: ['gcc', '-O2', '-o', join(stand.#folder, 'sender'), SENDER] });
    await stand.#wire();
    return stand;
  }

  async #wire(): Promise<void> {
    const { c, g, s } = this.#names;
    const ip = (...argv: string[]): Promise<unknown> => perform({ argv: ['ip', ...argv] });
    for (const name of [c, g, s]) await ip('netns', 'add', name);
    await ip('link', 'add', 'c0', 'netns', c, 'address', MAC.c0, 'type', 'veth', 'peer', 'name', 'g0', 'netns', g);
    await ip('link', 'add', 'g1', 'netns', g, 'address', MAC.g1, 'type', 'veth', 'peer', 'name', 's0', 'netns', s);
    await ip('-n', g, 'link', 'set', 'g0', 'address', MAC.g0);
    await ip('-n', s, 'link', 'set', 's0', 'address', MAC.s0);
    const addresses = [
      [c, 'c0', `${CLIENT}/8`],
      [g, 'g0', '10.255.255.254/8'],
      [g, 'g1', `${WAN}/24`],
      [s, 's0', `${SERVER}/24`],
    ] as const;
    for (const [name, by, address] of addresses) {
      await ip('-n', name, 'address', 'add', address, 'dev', by);
      await ip('-n', name, 'link', 'set', by, 'up');
    }
    await ip('-n', g, 'neigh', 'add', SERVER, 'lladdr', MAC.s0, 'dev', 'g1', 'nud', 'permanent');
    await ip('-n', g, 'neigh', 'add', CLIENT, 'lladdr', MAC.c0, 'dev', 'g0', 'nud', 'permanent');
    const set = (key: string): Promise<unknown> =>
      this.run('g', ['sysctl', '-qw', key]).then(({ code, err }) => {
        if (code !== 0) throw new Error(`sysctl ${key}: ${err}`);
      });
    await set('net.ipv4.ip_forward=1');
    for (const by of ['all', 'g0', 'g1']) await set(`net.ipv4.conf.${by}.rp_filter=0`);
    await this.load('s', SINK);
    await this.load('c', SINK.replace('"s0"', '"c0"'));
  }

  /** A command inside one of the namespaces. */
  run(where: 'c' | 'g' | 's', argv: readonly string[], input = ''): Promise<Output> {
    return execute({ argv: this.within(where, argv), input });
  }

  /** The same command as one that is run outside. */
  within(where: 'c' | 'g' | 's', argv: readonly string[]): readonly string[] {
    return ['ip', 'netns', 'exec', this.#names[where], ...argv];
  }

  /** Loads an nftables script; a script that is refused throws. */
  async load(where: 'c' | 'g' | 's', ruleset: string): Promise<void> {
    const { code, err } = await this.run(where, ['nft', '-f', '-'], ruleset);
    if (code !== 0) throw new Error(`nft: ${err}`);
  }

  /** Without rules, and without connections. */
  async clear(): Promise<void> {
    await this.load('g', 'flush ruleset');
    if (findProgram('iptables-legacy') !== undefined) {
      for (const argv of [['-F'], ['-P', 'FORWARD', 'ACCEPT']]) await this.run('g', ['iptables-legacy', ...argv]);
    }
    await this.forget();
  }

  /** Empties the connection table. */
  async forget(): Promise<void> {
    await this.run('g', ['conntrack', '-F']);
  }

  /** Sends, and returns what it cost, once it is certain that every packet arrived. */
  async send({ packets, flows, first = 0, from = 'client', lossy }: Burst): Promise<Cost> {
    const sink = from === 'client' ? 's' : 'c';
    const before = await this.#counted(sink);
    const way =
      from === 'client'
        ? ['c0', MAC.c0, MAC.g0, CLIENT, SERVER, String(PORT)]
        : ['s0', MAC.s0, MAC.g1, SERVER, WAN, String(PORT)];
    const argv = [
      join(this.#folder, 'sender'),
      ...way,
      ...[packets, flows, first].map(String),
      from === 'client' ? '0' : '1',
    ];
    const { code, out, err } = await this.run(from === 'client' ? 'c' : 's', argv);
    if (code !== 0) throw new Error(`sender: ${err}`);
    const arrived = (await this.#counted(sink)) - before;
    if (lossy === undefined && arrived !== packets) throw new Error(`only ${arrived} of ${packets} packets arrived`);
    return { ...(JSON.parse(out) as Omit<Cost, 'arrived'>), arrived };
  }

  async #counted(where: 'c' | 's'): Promise<number> {
    const { out } = await this.run(where, ['nft', 'list', 'table', 'netdev', 'sink']);
    return Number(/packets (\d+)/.exec(out)?.[1] ?? Number.NaN);
  }

  /** The gateway's connections, one a line, as `conntrack -L` shows them. */
  async connections(): Promise<readonly string[]> {
    const { out } = await this.run('g', ['conntrack', '-L', '-p', 'udp']);
    return out.split('\n').filter((line) => line !== '');
  }

  async destroy(): Promise<void> {
    release(this);
    await demolish(Object.values(this.#names));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  destroyNow(): void {
    demolishNow(Object.values(this.#names));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Counts and discards before the network stack sees it. */
const SINK = `table netdev sink {
  chain ingress { type filter hook ingress device "s0" priority 0; ip protocol udp counter drop; }
}`;

/** Connection tracking, a stateful filter and masquerading: the gateway that every comparison is about. */
export const GATEWAY = `table inet f {
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname "g0" accept
  }
}
table ip n {
  chain postrouting { type nat hook postrouting priority 100; oifname "g1" masquerade; }
}`;
