/** The smallest network, and the fewest steps, that still show the same breach: parts are left out while they can be. */
import { checkScenario } from '../../scenarios/check/scenario.ts';
import type { Step } from '../../scenarios/schema.ts';
import { check } from '../../sim/design/check.ts';
import type { Design, LinkSpec, Node } from '../../sim/design/design.ts';
import type { BaseChain } from '../../sim/design/rule.ts';
import { endsOf } from '../../sim/design/topology.ts';

export interface Small {
  readonly design: Design;
  readonly steps: readonly Step[];
}

export interface MinimiseOptions {
  /** Whether this still shows the breach. */
  readonly shows: (small: Small) => boolean;
  /** What must stay, because without it the breach would mean nothing: what forbids, or what allows. */
  readonly keep: 'forbids' | 'allows' | 'nothing';
  /** The most that is tried. */
  readonly tries?: number;
}

/** Leaves out one part after the other, the largest first, until none can go. */
export function minimise(start: Small, { shows, keep, tries = 800 }: MinimiseOptions): Small {
  let best = start;
  let left = tries;
  for (let shrunk = true; shrunk && left > 0; ) {
    shrunk = false;
    for (let i = 0; left > 0; ) {
      const next = candidates(best, keep)[i];
      if (next === undefined) break;
      left -= 1;
      if (isSound(next) && shows(next)) {
        best = next;
        shrunk = true;
      } else i += 1;
    }
  }
  return best;
}

function isSound({ design, steps }: Small): boolean {
  return check(design).length === 0 && checkScenario({ name: 'smaller', network: design, steps }, design).length === 0;
}

function candidates({ design, steps }: Small, keep: MinimiseOptions['keep']): Small[] {
  const asked = namesIn(steps.at(-1));
  const nodes = Object.keys(design.nodes);
  return [
    ...steps.slice(0, -1).map((_, i) => ({ design, steps: steps.filter((__, j) => j !== i) })),
    ...nodes.map((name) => ({ design: withoutNode(design, name), steps })),
    ...(design.links ?? []).map((_, i) => ({ design: withLinks(design, (__, j) => j !== i), steps })),
    ...withoutFields(design, ['groups', 'description', 'publicInternet']).map((smaller) => ({
      design: smaller,
      steps,
    })),
    ...nodes.flatMap((name) =>
      smallerNodes(design.nodes[name] ?? { kind: 'host' }, keep, asked.has(name)).map((node) => ({
        design: { ...design, nodes: { ...design.nodes, [name]: node } },
        steps,
      })),
    ),
    ...nodes.flatMap((name) => withoutIdleInterface(design, name).map((smaller) => ({ design: smaller, steps }))),
    ...steps.flatMap((step, i) => plainer(step).map((each) => ({ design, steps: steps.with(i, each) }))),
  ];
}

function namesIn(step: Step | undefined): ReadonlySet<string> {
  const texts = Object.values(step ?? {}).flatMap((args): unknown[] =>
    typeof args === 'object' && args !== null ? Object.values(args) : [args],
  );
  return new Set(texts.filter((text) => typeof text === 'string'));
}

/** The design without some of its fields, one at a time. */
function withoutFields<T extends object>(whole: T, fields: readonly (keyof T)[]): T[] {
  return fields
    .filter((field) => whole[field] !== undefined)
    .map((field) => {
      const { [field]: _, ...rest } = whole;
      return rest as T;
    });
}

function withoutNode(design: Design, name: string): Design {
  const { [name]: _, ...nodes } = design.nodes;
  const here = (end: string): boolean => end === name || end.startsWith(`${name}:`);
  const links = (design.links ?? []).flatMap((spec): LinkSpec[] => {
    const ends = endsOf(spec).filter((end) => !here(end));
    if (ends.length < 2) return [];
    return ['between' in spec ? { ...spec, between: ends } : ends];
  });
  const publicInternet = design.publicInternet?.filter((each) => each !== name);
  return { ...design, nodes, links, ...(publicInternet === undefined ? {} : { publicInternet }) };
}

function withLinks(design: Design, wanted: (spec: LinkSpec, i: number) => boolean): Design {
  return { ...design, links: (design.links ?? []).filter(wanted) };
}

/** An interface that no link ends at. */
function withoutIdleInterface(design: Design, name: string): Design[] {
  const node = design.nodes[name];
  const interfaces = node?.interfaces ?? {};
  const ends = new Set((design.links ?? []).flatMap((spec) => endsOf(spec)));
  const idle = Object.keys(interfaces).filter((each) => !ends.has(`${name}:${each}`) && !ends.has(name));
  return idle.map((gone) => {
    const { [gone]: _, ...rest } = interfaces;
    return { ...design, nodes: { ...design.nodes, [name]: { ...node, kind: node?.kind ?? 'host', interfaces: rest } } };
  });
}

const CHAINS = ['raw', 'input', 'forward', 'output'] as const satisfies readonly BaseChain[];

/** A node with one thing less. */
function smallerNodes(node: Node, keep: MinimiseOptions['keep'], asked: boolean): Node[] {
  const small: Node[] = withoutFields(node, [
    'description',
    'resolver',
    'tracking',
    'reversePathFilter',
    'icmpRateLimit',
    ...(asked ? [] : (['services'] as const)),
    ...(keep === 'nothing' ? (['firewall'] as const) : []),
    ...(keep === 'allows' ? [] : (['nat', 'gateway', 'routes'] as const)),
  ]);
  for (const i of (node.services ?? []).keys())
    if (!asked) small.push({ ...node, services: node.services?.filter((_, j) => j !== i) });
  for (const i of (node.routes ?? []).keys()) small.push({ ...node, routes: node.routes?.filter((_, j) => j !== i) });
  const { nat } = node;
  for (const i of (nat?.rules ?? []).keys()) {
    if (keep !== 'allows')
      small.push({ ...node, nat: { ...nat, rules: (nat?.rules ?? []).filter((_, j) => j !== i) } });
  }
  return [...small, ...smallerFirewalls(node, keep)];
}

function smallerFirewalls(node: Node, keep: MinimiseOptions['keep']): Node[] {
  const { firewall } = node;
  if (firewall === undefined) return [];
  const kept = (action: string): boolean =>
    keep === 'forbids'
      ? action === 'drop' || action === 'reject' || action === 'jump'
      : keep === 'allows' && action !== 'drop' && action !== 'reject';
  return CHAINS.flatMap((chain) => {
    const part = firewall[chain];
    if (part === undefined) return [];
    const rules = part.rules ?? [];
    const fewer = rules.flatMap(({ action }, i) =>
      kept(action)
        ? []
        : [{ ...node, firewall: { ...firewall, [chain]: { ...part, rules: rules.filter((_, j) => j !== i) } } }],
    );
    const { [chain]: _, ...others } = firewall;
    const whole =
      rules.length === 0 && (keep === 'nothing' || part === undefined || !('policy' in part) || part.policy !== 'drop');
    return whole ? [...fewer, { ...node, firewall: others }] : fewer;
  });
}

/** The step with less said, or as a ping. */
function plainer(step: Step): Step[] {
  if ('connect' in step) {
    const { from, to, port, protocol } = step.connect;
    const plain: Step = { connect: { from, to, port, ...(protocol === undefined ? {} : { protocol }) } };
    return [{ ping: { from, to, count: 1 } }, ...(isShorter(plain, step) ? [plain] : [])];
  }
  if ('send' in step) {
    const { from, to, port, protocol } = step.send;
    const plain: Step = { send: { from, to, protocol, ...(port === undefined ? {} : { port }) } };
    return [{ ping: { from, to, count: 1 } }, ...(isShorter(plain, step) ? [plain] : [])];
  }
  if ('traceroute' in step || 'ftp' in step) {
    const { from, to } = 'ftp' in step ? step.ftp : step.traceroute;
    return [{ ping: { from, to, count: 1 } }];
  }
  return [];
}

function isShorter(a: Step, b: Step): boolean {
  return JSON.stringify(a).length < JSON.stringify(b).length;
}
