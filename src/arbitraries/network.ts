/** Builds the network that a seed stands for. */
import type { Design, LinkSpec, Node, RouteSpec, ServiceSpec } from '../sim/design/design.ts';
import type { NatRule } from '../sim/design/nat.ts';
import type { Firewall } from '../sim/design/rule.ts';
import { ascending, bare, is4, is6, poolOf, routesTo, type Segment, withLength } from './address-text.ts';
import type { DesignOptions, DesignSeed, Host, HostSeed, RouterSeed, Site } from './design-seed.ts';
import { type FirewallSeed, firewallOf } from './firewall-seed.ts';
import { choose, type NatContext, natRuleOf, type Pool } from './rule-seed.ts';

export class Builder {
  readonly #seed: DesignSeed;
  readonly #options: DesignOptions & { readonly nodes: number };
  readonly #sites: Site[] = [];
  readonly #hosts: Host[] = [];
  readonly #links: LinkSpec[] = [];
  readonly #pool4 = new Set<string>(['0.0.0.0/0', '203.0.113.0/24']);
  readonly #pool6 = new Set<string>(['::/0', '2001:db8:ffff::/48']);
  #lans = 0;
  #mappings = 0;

  constructor(seed: DesignSeed, options: DesignOptions & { readonly nodes: number }) {
    this.#seed = seed;
    this.#options = options;
  }

  build(): Design {
    for (const [i, router] of this.#seed.routers.entries()) this.#addRouter(router, i);
    for (const site of this.#sites) for (const hosts of site.seed.lans) this.#addLan(site, hosts);
    const groups = this.#groups();
    const nodes: Record<string, Node> = {};
    for (const [i, site] of this.#sites.entries()) nodes[site.name] = this.#router(site, i);
    for (const host of this.#hosts) nodes[host.name] = this.#host(host);
    return {
      ...(groups === undefined ? {} : { groups }),
      nodes,
      ...(this.#links.length === 0 ? {} : { links: this.#links }),
      ...(this.#seed.learned ? { routing: 'shortest-path' } : {}),
    };
  }

  get #has4(): boolean {
    return this.#seed.stack !== 'ipv6';
  }

  get #has6(): boolean {
    return this.#seed.stack !== 'ipv4';
  }

  #addRouter(seed: RouterSeed, i: number): void {
    const site: Site = { seed, name: `r${i}`, interfaces: new Map(), own: [], children: [], up: undefined };
    this.#sites.push(site);
    if (i === 0) return;
    const index = seed.parent % i;
    const parent = this.#sites[index] as Site;
    const [low, high] = seed.uplink === 31 ? [0, 1] : [1, 2];
    const at4 = (n: number) => (this.#has4 ? `10.${i}.0.${n}` : undefined);
    const at6 = (n: number) => (this.#has6 ? `2001:db8:${i}::${n}` : undefined);
    // in a /64 the zero would be the anycast address of all routers (RFC 6164)
    const length6 = seed.uplink === 31 ? 127 : 64;
    const texts = (n: number) => withLength(at4(n), seed.uplink, at6(n), length6);
    parent.interfaces.set(`down${i}`, texts(low));
    site.interfaces.set('up', texts(high));
    parent.children.push({ index: i, via4: at4(high), via6: at6(high) });
    site.up = { index, via4: at4(low), via6: at6(low) };
    const segment = {
      prefix4: this.#has4 ? `10.${i}.0.0/${seed.uplink}` : undefined,
      prefix6: this.#has6 ? `2001:db8:${i}::/${length6}` : undefined,
    };
    parent.own.push(segment);
    this.#remember([segment.prefix4, at4(low), at4(high)], [segment.prefix6, at6(low), at6(high)]);
    this.#links.push(this.#link(seed, [`${parent.name}:down${i}`, `${site.name}:up`]));
  }

  #link(seed: RouterSeed, between: string[]): LinkSpec {
    const faults = this.#options.faults === true;
    const { latency, linkDown, loss } = seed;
    if (latency === undefined && !faults) return between;
    return {
      between,
      ...(latency === undefined ? {} : { latency }),
      ...(faults && linkDown !== undefined ? { up: !linkDown } : {}),
      ...(faults && loss !== undefined ? { loss } : {}),
    };
  }

  #addLan(site: Site, hosts: readonly HostSeed[]): void {
    const room = this.#options.nodes - this.#sites.length - this.#hosts.length;
    const n = this.#lans;
    this.#lans += 1;
    const lan = `lan${n}`;
    const at4 = (host: number) => (this.#has4 ? `192.168.${n}.${host}` : undefined);
    const at6 = (host: number) => (this.#has6 ? `2001:db8:100:${n}::${host}` : undefined);
    const second = site.seed.secondary === true && this.#options.oddities !== false ? [2] : [];
    site.interfaces.set(
      lan,
      [1, ...second].flatMap((host) => withLength(at4(host), 24, at6(host), 64)),
    );
    const segment = {
      prefix4: this.#has4 ? `192.168.${n}.0/24` : undefined,
      prefix6: this.#has6 ? `2001:db8:100:${n}::/64` : undefined,
    };
    site.own.push(segment);
    this.#remember([segment.prefix4, at4(1)], [segment.prefix6, at6(1)]);
    const ends = [`${site.name}:${lan}`];
    for (const [i, seed] of hosts.slice(0, Math.max(0, room)).entries()) {
      const name = `h${this.#hosts.length}`;
      const dynamic = this.#options.dhcp === true && this.#has4 && seed.dhcp === true;
      const addresses = withLength(dynamic ? undefined : at4(10 + i), 24, at6(10 + i), 64);
      this.#hosts.push({
        name,
        seed,
        site,
        addresses,
        gateway4: dynamic ? undefined : at4(1),
        gateway6: at6(1),
        dynamic,
        lan: n,
      });
      this.#remember([at4(10 + i)], [at6(10 + i)]);
      ends.push(name);
    }
    if (this.#has4) this.#pool4.add(`192.168.${n}.10-192.168.${n}.11`);
    if (this.#has6) this.#pool6.add(`2001:db8:100:${n}::10-2001:db8:100:${n}::11`);
    if (ends.length > 1) this.#links.push(ends);
  }

  #remember(four: readonly (string | undefined)[], six: readonly (string | undefined)[]): void {
    for (const text of four) if (text !== undefined) this.#pool4.add(text);
    for (const text of six) if (text !== undefined) this.#pool6.add(text);
  }

  /** One group of addresses, and one that holds it. */
  #groups(): Record<string, string[]> | undefined {
    const { groups } = this.#seed;
    if (groups === undefined) return undefined;
    const near = groups.map((n) => choose([...this.#pool4], n) ?? '0.0.0.0/0');
    const far = groups.map((n) => choose([...this.#pool6], n) ?? '::/0');
    this.#remember(['@near', '@all4'], ['@far']);
    return { near, far, all4: ['198.51.100.7', '@near'] };
  }

  #addresses(): { readonly 4: Pool; readonly 6: Pool } {
    return { 4: poolOf([...this.#pool4], '0.0.0.0/0'), 6: poolOf([...this.#pool6], '::/0') };
  }

  #router(site: Site, i: number): Node {
    const { seed } = site;
    const odd = this.#options.oddities !== false;
    const routes = this.#seed.learned ? [] : this.#routes(site, i);
    const servers = this.#dhcpServers(site);
    const nat = this.#nat(site);
    const firewall = this.#firewall(seed.firewall, [...site.interfaces.keys()]);
    return {
      kind: seed.kind,
      interfaces: Object.fromEntries(
        [...site.interfaces].map(([name, addresses]) => [
          name,
          odd && seed.mtu !== undefined && name === 'up' ? { addresses, mtu: seed.mtu } : addresses,
        ]),
      ),
      ...(routes.length === 0 ? {} : { routes }),
      ...(firewall === undefined ? {} : { firewall }),
      ...(nat === undefined ? {} : { nat }),
      ...(odd && seed.rpf !== undefined ? { reversePathFilter: seed.rpf } : {}),
      ...(odd && seed.loose !== undefined ? { tracking: { loose: seed.loose } } : {}),
      ...(servers.length === 0 ? {} : { services: servers }),
    };
  }

  #dhcpServers(site: Site): ServiceSpec[] {
    const lans = this.#hosts.filter((host) => host.site === site && host.dynamic).map(({ lan }) => lan);
    return [...new Set(lans)].map((n) => ({
      app: 'dhcp',
      pool: `192.168.${n}.100-192.168.${n}.199`,
      router: `192.168.${n}.1`,
    }));
  }

  /** To every segment below by way of the child, to all else by way of the parent; then what the seed spoils. */
  #routes(site: Site, i: number): RouteSpec[] {
    const { seed } = site;
    const routes: RouteSpec[] = site.children.flatMap((child) =>
      this.#below(child.index).flatMap((segment) => routesTo(segment, child)),
    );
    if (site.up !== undefined) {
      routes.push(
        ...routesTo(
          { prefix4: this.#has4 ? '0.0.0.0/0' : undefined, prefix6: this.#has6 ? '::/0' : undefined },
          site.up,
        ),
      );
    }
    if (this.#options.holes === false) return routes;
    const kept = routes.filter((_, n) => !seed.holes?.some((hole) => hole % routes.length === n));
    const detour = this.#detour(site, i);
    return detour === undefined ? kept : [...kept, detour];
  }

  /** All segments of a router and of those below it, but for the one that leads up. */
  #below(index: number): Segment[] {
    const site = this.#sites[index] as Site;
    return [...site.own, ...site.children.flatMap((child) => this.#below(child.index))];
  }

  #detour({ seed, up, children }: Site, i: number): RouteSpec | undefined {
    if (seed.detour === undefined) return undefined;
    const [n, type, metric] = seed.detour;
    const target = choose(
      this.#sites.flatMap((site) => site.own),
      n,
    );
    const neighbour = choose([...(up === undefined ? [] : [up]), ...children], n + i);
    const to = target?.prefix4 ?? target?.prefix6;
    const via = target?.prefix4 === undefined ? neighbour?.via6 : neighbour?.via4;
    if (to === undefined) return undefined;
    if (type !== 'unicast') return { to, type, metric: metric + 1 };
    return via === undefined ? undefined : { to, via, metric: metric + 1 };
  }

  #firewall(seed: FirewallSeed | undefined, names: readonly string[]): Firewall | undefined {
    if (seed === undefined || this.#options.firewall === false) return undefined;
    return firewallOf(seed, [...names, 'lo'], this.#addresses());
  }

  #nat(site: Site): Node['nat'] | undefined {
    if (site.seed.nat === undefined || this.#options.nat === false) return undefined;
    const hosts = this.#hosts.filter((host) => !host.dynamic).flatMap((host) => host.addresses.map(bare));
    const own = [...site.interfaces.values()].flatMap((addresses) => addresses.map(bare));
    const free4 = ['198.51.100.1', '198.51.100.2', '198.51.100.3'];
    const free6 = ['2001:db8:fff0::1', '2001:db8:fff0::2', '2001:db8:fff0::3'];
    const context: NatContext = {
      interfaces: [...site.interfaces.keys(), 'lo'],
      addresses: this.#addresses(),
      outside: { 4: ascending([...own.filter(is4), ...free4]), 6: ascending([...own.filter(is6), ...free6]) },
      inside: {
        4: ascending([...hosts.filter(is4), '192.168.0.10', '192.168.0.11']),
        6: ascending([...hosts.filter(is6), '2001:db8:100:0::10']),
      },
      mappings: [],
    };
    const left = site.own.flatMap(({ prefix4, prefix6 }) => [prefix4 ?? [], prefix6 ?? []].flat());
    const next = () => this.#mapping(left.pop());
    const rules: NatRule[] = site.seed.nat.flatMap((seed) => natRuleOf(seed, context, next) ?? []);
    if (rules.length === 0) return undefined;
    return { rules, ...(site.seed.helper === true ? { helpers: ['ftp'] } : {}) };
  }

  /** An outside prefix for an inside one, never used before. */
  #mapping(inside: string | undefined): { inside: string; outside: string } | undefined {
    if (inside === undefined) return undefined;
    const n = this.#mappings;
    this.#mappings += 1;
    const length = inside.split('/')[1];
    return { inside, outside: is4(inside) ? `198.18.${n}.0/${length}` : `2001:db8:eeee:${n}::/${length}` };
  }

  #host({ name: _, seed, addresses, gateway4, gateway6, dynamic }: Host): Node {
    const { lost } = this.#options.holes === false ? {} : seed;
    const gateways = [
      ...(lost === 'ipv4' || lost === 'both' ? [] : [gateway4 ?? []].flat()),
      ...(lost === 'ipv6' || lost === 'both' ? [] : [gateway6 ?? []].flat()),
    ];
    const [only] = gateways;
    const firewall = this.#firewall(seed.firewall, ['eth0']);
    const services = this.#options.services === false ? [] : seed.services;
    return {
      kind: 'host',
      interfaces: {
        eth0: dynamic ? { addresses, dhcp: true } : addresses.length === 1 ? (addresses[0] ?? []) : addresses,
      },
      ...(only === undefined ? {} : { gateway: gateways.length === 1 ? only : gateways }),
      ...(firewall === undefined ? {} : { firewall }),
      ...(services.length === 0 ? {} : { services }),
    };
  }
}
