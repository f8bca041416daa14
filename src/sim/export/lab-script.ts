/** A lab as the commands that build it, to be run one by one or printed as a shell script. */
import type { Cable, Lab, LabNode } from './lab.ts';

/** A program to run as root. */
export interface Command {
  readonly argv: readonly string[];
  /** Given on standard input. */
  readonly input?: string;
  /** What goes missing when the command fails; one without this is needed. */
  readonly optional?: string;
}

/** What makes namespaces, cables and addresses, in order. When they are done, links take a moment to come up. */
export function linkCommands(lab: Lab): Command[] {
  return [
    ...[lab.wires, ...lab.nodes.map(({ namespace }) => namespace)].map((name) => run('ip', 'netns', 'add', name)),
    feed(
      ['ip', 'netns', 'exec', lab.wires, ...SYSCTL],
      ['all', 'default'].map((scope) => `net.ipv6.conf.${scope}.disable_ipv6=1`),
    ),
    ...lab.nodes.map((node) => feed(['ip', 'netns', 'exec', node.namespace, ...SYSCTL], node.sysctls)),
    feed(
      ['ip', '-batch', '-'],
      lab.cables.flatMap((cable) => veths(cable, lab)),
    ),
    feed(['ip', '-n', lab.wires, '-batch', '-'], lab.cables.flatMap(wiring)),
    ...lab.cables.flatMap((cable) => emulation(cable, lab)),
    ...lab.nodes.map((node) => feed(['ip', '-n', node.namespace, '-batch', '-'], node.addresses)),
  ];
}

/** What makes routes and rules, once the links are up. */
export function ruleCommands(lab: Lab): Command[] {
  return [
    ...lab.nodes.flatMap(routesCommand),
    ...lab.nodes.filter(({ ruleset }) => ruleset.includes(' {')).map(rulesCommand),
  ];
}

/** A settings file on standard input; keys that this kernel does not have are passed over. */
const SYSCTL = ['sysctl', '-q', '-e', '-p', '-'] as const;

/** Replaces the routes of a node; one that the kernel refuses is left out, as it would be on a real machine. */
export function routesCommand({ namespace, routes }: LabNode): Command[] {
  if (routes.length === 0) return [];
  return [{ ...feed(['ip', '-n', namespace, '-force', '-batch', '-'], routes), optional: 'a route' }];
}

/** Replaces the rules of a node in one transaction; its connections stay. */
export function rulesCommand({ namespace, ruleset }: LabNode): Command {
  return { argv: ['ip', 'netns', 'exec', namespace, 'nft', '-f', '-'], input: ruleset };
}

/** A shell script that builds the lab and says how to use it and how to take it down. */
export function showScript(lab: Lab): string {
  const names = [lab.wires, ...lab.nodes.map(({ namespace }) => namespace)];
  const head = [
    '#!/bin/sh',
    '# Builds a network of namespaces; needs root, iproute2 and nftables.',
    ...lab.nodes.map(({ node, namespace }) => `#   ${node}: ip netns exec ${namespace} sh`),
    `# Take it down again: for n in ${names.join(' ')}; do ip netns del "$n"; done`,
    ...lab.gaps.map(({ place, reason }) => `# Not the same as the design: ${place}: ${reason}`),
    'set -eu',
  ];
  const body = [
    ...linkCommands(lab).map(showCommand),
    'sleep 1 # links come up',
    ...ruleCommands(lab).map(showCommand),
  ];
  return `${[...head, ...body].join('\n')}\n`;
}

function showCommand({ argv, input, optional }: Command): string {
  const words = argv.map((word) => (/^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
  const [begin, end] = input === undefined ? ['', ''] : [" <<'END'", `\n${input}END`];
  const otherwise = optional === undefined ? '' : ` || echo 'missing: ${optional}' >&2`;
  return `${words.join(' ')}${begin}${otherwise}${end}`;
}

/** Both ends are made in their places, so that no name is ever taken in the namespace of the machine. */
function veths(cable: Cable, lab: Lab): string[] {
  const namespaces = new Map(lab.nodes.map(({ node, namespace }) => [node, namespace]));
  return cable.ports.map(({ end, device, port, mac, mtu }) => {
    const near = `name ${device} netns ${namespaces.get(end.node)} address ${mac} mtu ${mtu}`;
    return `link add ${near} type veth peer name ${port} netns ${lab.wires} mtu 65535`;
  });
}

function wiring({ bridge, ports, up }: Cable): string[] {
  if (bridge === undefined) return [];
  return [
    `link add name ${bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
    ...ports.map(({ port }) => `link set dev ${port} master ${bridge}`),
    `link set dev ${bridge} mtu 65535 up`,
    ...(up ? ports.map(({ port }) => `link set dev ${port} up`) : []),
  ];
}

function emulation({ netem, ports, link }: Cable, lab: Lab): Command[] {
  if (netem === undefined) return [];
  const optional = `latency, loss and bandwidth of links[${link}] (this kernel has no netem)`;
  return ports.map(({ port }) => ({
    argv: ['tc', '-n', lab.wires, 'qdisc', 'add', 'dev', port, 'root', 'netem', ...netem.split(' ')],
    optional,
  }));
}

function run(...argv: readonly string[]): Command {
  return { argv };
}

function feed(argv: readonly string[], lines: readonly string[]): Command {
  return { argv, input: lines.map((line) => `${line}\n`).join('') };
}
