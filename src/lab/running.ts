/** A lab that stands: its namespaces, the agents in them, and what of it is down at the moment. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Issue } from '../sim/base/fail.ts';
import { applyOperations, type Change, type ChangeItem, changeItems, type Operation } from '../sim/design/change.ts';
import type { Design } from '../sim/design/design.ts';
import { type LinkState, shortestRoutes } from '../sim/design/graph.ts';
import { findLink, interfaceOf, type Link, type LinkEnd, linksOf } from '../sim/design/topology.ts';
import { type Cable, type Gap, type Lab, type LabNode, planLab } from '../sim/export/lab.ts';
import { linkCommands, routesCommand, ruleCommands, rulesCommand } from '../sim/export/lab-script.ts';
import { giveLeases } from '../sim/export/lease.ts';
import { Agent } from './agent.ts';
import { LabError, perform } from './execute.ts';
import { type FtpStock, makeCertificate, servicesOf } from './service.ts';
import { demolish, demolishNow } from './stand/demolish.ts';
import { guard, release } from './stand/guard.ts';
import { type PortState, settle } from './stand/settle.ts';

/** What the steps to come will ask of file servers: sizes of files, and TLS. */
export interface Wants {
  readonly files: readonly number[];
  readonly tls: boolean;
}

export class RunningLab {
  /** What this machine could not do as the design says. */
  readonly notes: string[] = [];
  readonly #prefix: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'mb-lab-'));
  #stock: FtpStock;
  readonly #agents = new Map<string, Agent>();
  /** Services by node and what is written. */
  readonly #serving = new Map<string, Set<string>>();
  /** Links that a change took down or up, by index. */
  readonly #cut = new Map<number, boolean>();
  readonly #off = new Set<string>();
  #design: Design;
  #lab: Lab;

  private constructor(design: Design, prefix: string, files: readonly number[]) {
    this.#prefix = prefix;
    this.#stock = { folder: this.#folder, files, certificate: undefined };
    // file servers run as somebody else
    chmodSync(this.#folder, 0o755);
    this.#design = design;
    this.#lab = this.#plan(design);
  }

  /** Builds the lab and starts everything in it; when that fails, nothing is left behind. */
  static async build(design: Design, prefix: string, { files, tls }: Wants): Promise<RunningLab> {
    const lab = new RunningLab(design, prefix, files);
    guard(lab);
    try {
      if (tls) lab.#stock = { ...lab.#stock, certificate: await makeCertificate(lab.#folder) };
      for (const command of linkCommands(lab.#lab)) lab.#note(await perform(command));
      await Promise.all(
        lab.#lab.nodes.map(async ({ node, namespace }) => lab.#agents.set(node, await Agent.start(namespace))),
      );
      await settle(lab.#lab.wires, lab.#agents, lab.#ports());
      for (const command of ruleCommands(lab.#lab)) lab.#note(await perform(command));
      await Promise.all(lab.#lab.nodes.map(({ node }) => lab.#serve(node)));
      return lab;
    } catch (error) {
      await lab.destroy();
      throw error;
    }
  }

  /** As it is now, with the addresses that DHCP would give. */
  get design(): Design {
    return giveLeases(this.#design);
  }

  get gaps(): readonly Gap[] {
    return this.#lab.gaps;
  }

  get agents(): ReadonlyMap<string, Agent> {
    return this.#agents;
  }

  agent(node: string): Agent {
    const agent = this.#agents.get(node);
    if (agent === undefined) throw new LabError(`no node ${node}`);
    return agent;
  }

  /** Namespaces by node, for people who want to look around. */
  get namespaces(): ReadonlyMap<string, string> {
    return new Map(this.#lab.nodes.map(({ node, namespace }) => [node, namespace]));
  }

  /** Whether a node has rules that could stop a packet. */
  filters(node: string): boolean {
    return this.#lab.nodes.some((each) => each.node === node && /\b(drop|reject)\b/.test(each.ruleset));
  }

  /** Carries out a change on the nodes it touches; all others keep their state. */
  async change(change: Change): Promise<readonly Issue[]> {
    const items = changeItems(change);
    const operations = items.filter((item) => 'op' in item) as unknown as readonly Operation[];
    const edited = applyOperations(this.#design, operations);
    if (Array.isArray(edited)) return edited;
    this.#design = edited as Design;
    for (const item of items) await this.#switch(item);
    await this.#adopt(this.#plan(this.#design));
    await Promise.all(this.#lab.nodes.map(({ node }) => this.#serve(node)));
    return [];
  }

  /** A node loses its connection and NAT tables. */
  async restart(node: string): Promise<void> {
    const agent = this.agent(node);
    await agent.run(['conntrack', '-F']);
    await agent.run(['conntrack', '-F', 'expect']);
  }

  /** Ends every process of the lab and deletes its namespaces. */
  async destroy(): Promise<void> {
    await this.#closeAgents();
    await demolish(this.#names());
    this.#forget();
  }

  /** Ends the agents and their servers, and leaves the namespaces standing. */
  async leave(): Promise<void> {
    await this.#closeAgents();
    this.#forget();
  }

  /** As `destroy`, at once. */
  destroyNow(): void {
    demolishNow(this.#names());
    this.#forget();
  }

  #names(): readonly string[] {
    return [this.#lab.wires, ...this.#lab.nodes.map(({ namespace }) => namespace)];
  }

  #forget(): void {
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
    release(this);
  }

  /** An agent that does not end by itself in time is left to `demolish`. */
  async #closeAgents(): Promise<void> {
    const closed = Promise.all([...this.#agents.values()].map((agent) => agent.close()));
    const late = new AbortController();
    await Promise.race([closed, sleep(2000, undefined, { signal: late.signal }).catch(() => undefined)]);
    late.abort();
  }

  #plan(design: Design): Lab {
    const leased = giveLeases(design);
    const learned = leased.routing === 'shortest-path' ? shortestRoutes(leased, this.#linkState(leased)) : undefined;
    return planLab(leased, { prefix: this.#prefix, ...(learned === undefined ? {} : { learned }) });
  }

  #linkState(design: Design): LinkState {
    const links = linksOf(design);
    return {
      linkUp: (index) => this.#cut.get(index) ?? links[index]?.up ?? false,
      nodeUp: (name) => !this.#off.has(name),
    };
  }

  async #switch(item: ChangeItem): Promise<void> {
    if ('linkDown' in item || 'linkUp' in item) {
      const link = findLink(this.#design, 'linkUp' in item ? item.linkUp : item.linkDown);
      if (link === undefined) throw new LabError('a change names a link that is not there');
      this.#cut.set(link.index, 'linkUp' in item);
    } else if ('nodeUp' in item) {
      this.#off.delete(item.nodeUp);
    } else if ('nodeDown' in item) {
      this.#off.add(item.nodeDown);
      await this.restart(item.nodeDown);
    }
  }

  /** Makes the kernel agree with a new plan of the same wiring. */
  async #adopt(next: Lab): Promise<void> {
    const before = this.#lab;
    if (wiringOf(before) !== wiringOf(next)) throw new LabError('the wiring cannot be changed while the lab stands');
    this.#lab = next;
    const pairs = next.nodes.map((node) => ({
      node,
      old: before.nodes.find((each) => each.node === node.node) ?? node,
    }));
    await this.#plug();
    for (const { old, node } of pairs) await this.#refreshLinks(old, node, mtusOf(next, node.node));
    await settle(next.wires, this.#agents, this.#ports());
    for (const { old, node } of pairs) await this.#refreshTables(old, node);
  }

  async #refreshLinks(old: LabNode, node: LabNode, mtus: readonly string[]): Promise<void> {
    const { namespace } = node;
    if (!isSame(old.sysctls, node.sysctls)) {
      const argv = ['ip', 'netns', 'exec', namespace, 'sysctl', '-q', '-e', '-p', '-'];
      await perform({ argv, input: lines(node.sysctls) });
    }
    const readdressed = isSame(old.addresses, node.addresses) ? [] : readdress(old.addresses, node.addresses);
    await perform({ argv: ['ip', '-n', namespace, '-batch', '-'], input: lines([...readdressed, ...mtus]) });
  }

  async #refreshTables(old: LabNode, node: LabNode): Promise<void> {
    if (!isSame(old.addresses, node.addresses) || !isSame(old.routes, node.routes)) {
      for (const family of ['-4', '-6']) {
        const argv = ['ip', '-n', node.namespace, family, 'route', 'flush', 'proto', 'boot'];
        await perform({ argv, optional: 'an empty table' });
      }
      for (const command of routesCommand(node)) this.#note(await perform(command));
    }
    if (old.ruleset !== node.ruleset) await perform(rulesCommand(node));
  }

  /** Sets every port as the links and nodes are. */
  async #plug(): Promise<void> {
    const input = lines(this.#ports().map(({ port, plugged }) => `link set dev ${port} ${plugged ? 'up' : 'down'}`));
    await perform({ argv: ['ip', '-n', this.#lab.wires, '-batch', '-'], input });
  }

  /** Every end of a cable as it should be now: a cable with a dead box at one end has no carrier at the other. */
  #ports(): readonly (PortState & { readonly plugged: boolean })[] {
    const links = linksOf(this.#design);
    const state = this.#linkState(this.#design);
    return this.#lab.cables
      .flatMap((cable) => portStates(cable, links, state))
      .map((port) => ({
        ...port,
        up: port.plugged && this.#isUp(port.end),
      }));
  }

  #isUp({ node, interface: name }: LinkEnd): boolean {
    const spec = this.#design.nodes[node]?.interfaces?.[name];
    return spec !== undefined && interfaceOf(spec).up;
  }

  async #serve(node: string): Promise<void> {
    const wanted = servicesOf(this.#design, node, this.#stock);
    const running = this.#serving.get(node) ?? new Set<string>();
    this.#serving.set(node, running);
    for (const key of running) {
      if (wanted.has(key)) continue;
      running.delete(key);
      await this.agent(node).ask('stop', { key });
    }
    for (const [key, service] of wanted) {
      if (running.has(key)) continue;
      running.add(key);
      if (service !== undefined) await this.agent(node).ask('serve', { key, service });
    }
  }

  #note(text: string | undefined): void {
    if (text !== undefined && !this.notes.includes(text)) this.notes.push(text);
  }
}

function portStates({ link: index, ports }: Cable, links: readonly Link[], state: LinkState) {
  if (index === undefined) return [];
  const isJoined = state.linkUp(index) && links[index] !== undefined;
  const isDead = ports.length === 2 && ports.some(({ end }) => !state.nodeUp(end.node));
  return ports.map((port) => ({ ...port, plugged: isJoined && !isDead && state.nodeUp(port.end.node) }));
}

/** Which interfaces there are and what joins them. */
function wiringOf({ cables }: Lab): string {
  return JSON.stringify(
    cables.map(({ link, ports }) => [link, ports.map(({ end, device, port }) => [end, device, port])]),
  );
}

function mtusOf({ cables }: Lab, node: string): string[] {
  const mine = cables.flatMap(({ ports }) => ports.filter(({ end }) => end.node === node));
  return mine.map(({ device, mtu }) => `link set dev ${device} mtu ${mtu}`);
}

/** Takes away what is no longer there, and sets the rest anew: IPv6 forgets addresses while an interface is down. */
function readdress(before: readonly string[], after: readonly string[]): string[] {
  const gone = before.filter((line) => !after.includes(line));
  return [
    ...gone.map((line) =>
      line.replace(/^address add (.*?)( nodad)?( dev .*)$/, 'address del $1$3').replace(/ up$/, ' down'),
    ),
    ...after.map((line) => line.replace(/^address add/, 'address replace')),
  ].filter((line) => !line.includes(' addrgenmode ') || !before.includes(line));
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function lines(list: readonly string[]): string {
  return list.map((line) => `${line}\n`).join('');
}
