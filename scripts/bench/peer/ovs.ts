/**
 * Open vSwitch in user space as a tracer: a dummy datapath with connection tracking and NAT, asked by `ofproto/trace` over
 * one control connection. Everything lives in a temporary folder; no port of this machine is touched.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execute, perform } from '../../../src/lab/execute.ts';
import { guard, release } from '../../../src/lab/stand/guard.ts';

const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';
const READY_MS = 10_000;

/** Masquerades what comes in by port 1 and leaves by port 2, and lets answers back. */
const FLOWS = `table=0,priority=100,in_port=1,ip actions=ct(commit,nat(src=198.18.1.1),table=1)
table=0,priority=100,in_port=2,ip actions=ct(nat,table=1)
table=1,priority=100,ct_state=+trk+est,in_port=1 actions=goto_table:2
table=1,priority=90,ct_state=+trk+new,in_port=1 actions=goto_table:2
table=1,priority=80,ct_state=+trk+est,in_port=2 actions=goto_table:2
table=1,priority=0 actions=drop
table=2,priority=100,in_port=1 actions=output:2
table=2,priority=100,in_port=2 actions=output:1
`;

export class OvsStand {
  readonly #folder: string;
  readonly #children: ChildProcess[] = [];
  #control: Socket | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async build(): Promise<OvsStand> {
    const stand = new OvsStand(mkdtempSync(join(tmpdir(), 'middlebox-ovs-')));
    guard(stand);
    await stand.#start();
    return stand;
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  async #start(): Promise<void> {
    const db = `unix:${this.#path('db.sock')}`;
    await perform({ argv: ['ovsdb-tool', 'create', this.#path('conf.db'), SCHEMA] });
    this.#spawn('ovsdb-server', [this.#path('conf.db'), `--remote=p${db}`, `--unixctl=${this.#path('db.ctl')}`]);
    await this.#appears('db.sock');
    this.#spawn('ovs-vswitchd', [db, '--enable-dummy', '--disable-system', `--unixctl=${this.#path('switch.ctl')}`]);
    await this.#appears('switch.ctl');
    const port = (name: string): string[] => [
      '--',
      'add-port',
      'br0',
      name,
      '--',
      'set',
      'interface',
      name,
      'type=dummy',
    ];
    await perform({
      argv: [
        'ovs-vsctl',
        `--db=${db}`,
        '--timeout=10',
        'add-br',
        'br0',
        '--',
        'set',
        'bridge',
        'br0',
        'datapath_type=dummy',
        'fail-mode=secure',
        ...port('p1'),
        ...port('p2'),
      ],
    });
    await this.#appears('br0.mgmt');
    await perform({ argv: ['ovs-ofctl', 'add-flows', `unix:${this.#path('br0.mgmt')}`, '-'], input: FLOWS });
    this.#control = connect(this.#path('switch.ctl'));
    this.#control.setEncoding('utf8');
  }

  #spawn(program: string, args: readonly string[]): void {
    const env = { ...process.env, OVS_RUNDIR: this.#folder, OVS_DBDIR: this.#folder, OVS_LOGDIR: this.#folder };
    this.#children.push(spawn(program, [...args, '--no-chdir', '-vconsole:off'], { env, stdio: 'ignore' }));
  }

  async #appears(name: string): Promise<void> {
    for (let waited = 0; !existsSync(this.#path(name)); waited += 50) {
      if (waited > READY_MS) throw new Error(`Open vSwitch made no ${name}`);
      await sleep(50);
    }
  }

  /** One control command; its reply. */
  call(method: string, params: readonly string[]): Promise<string> {
    const control = this.#control;
    if (control === undefined) throw new Error('Open vSwitch is not there');
    return new Promise((resolve, reject) => {
      let text = '';
      const hear = (chunk: string): void => {
        text += chunk;
        let reply: { readonly result?: string | null; readonly error?: unknown };
        try {
          reply = JSON.parse(text) as typeof reply;
        } catch {
          return;
        }
        control.off('data', hear);
        if (typeof reply.result !== 'string') reject(new Error(`${method}: ${JSON.stringify(reply.error)}`));
        else resolve(reply.result);
      };
      control.on('data', hear);
      control.write(JSON.stringify({ id: 0, method, params }));
    });
  }

  /** Version as it says itself. */
  async version(): Promise<string> {
    const { out } = await execute({ argv: ['ovs-vswitchd', '--version'] });
    return /\d+\.\d+\.\d+/.exec(out)?.[0] ?? 'unknown';
  }

  /** CPU time so far of the thread that answers control commands. */
  cpuNs(): number {
    const answering = this.#children.at(-1)?.pid;
    return Number(readFileSync(`/proc/${answering}/schedstat`, 'utf8').split(' ')[0]);
  }

  destroyNow(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  destroy(): void {
    release(this);
    this.#control?.destroy();
    this.destroyNow();
  }
}
