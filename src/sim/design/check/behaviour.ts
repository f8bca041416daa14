/** The behaviour of one node's NAT: names that are not there, and axes that do not go together. */
import type { Issue } from '../../base/fail.ts';
import type { Path } from '../../base/path.ts';
import { didYouMean } from '../../base/suggest.ts';
import { type Axes, type Behaviour, DEPENDENCES, type Dependence, overlay, resolveBehaviour } from '../behaviour.ts';
import type { Nat, NatRule } from '../nat.ts';
import { PROFILE_NAMES } from '../profiles.ts';
import { issue } from './site.ts';

/** What is wrong with the behaviour at `path`; nothing when none is written. */
export function checkBehaviour({ behaviour, rules = [] }: Nat, path: Path): Issue[] {
  if (behaviour === undefined) return [];
  const written: Axes = typeof behaviour === 'string' ? { profile: behaviour } : behaviour;
  const at = typeof behaviour === 'string' ? path : [...path, 'profile'];
  const { profile } = written;
  if (profile !== undefined && !PROFILE_NAMES.includes(profile)) {
    return [issue('unknown-name', at, `there is no profile "${profile}"`, didYouMean(profile, PROFILE_NAMES))];
  }
  if (profile === 'linux') return checkKernel(written, path);
  const settled = resolveBehaviour(behaviour);
  if (settled === undefined) return [];
  return [
    ...checkPorts(overlay(written), settled, [...path, 'ports']),
    ...checkOverload(settled, [...path, 'ports', 'overload']),
    ...(settled.ports.allocation === 'deterministic' ? checkSubscribers(rules, path) : []),
  ];
}

/** The kernel does what it does. */
function checkKernel({ profile: _, ...axes }: Axes, path: Path): Issue[] {
  return Object.keys(axes).map((axis) =>
    issue('nat', [...path, axis], '"linux" is what the kernel does, and has no axes', 'start from another profile'),
  );
}

function checkPorts({ ports = {} }: Axes, settled: Behaviour, path: Path): Issue[] {
  const { allocation, range, blockSize, contiguity } = settled.ports;
  const issues: Issue[] = [];
  const only = (field: 'blockSize' | 'blocks', allowed: readonly string[]) => {
    if (ports[field] === undefined || allowed.includes(allocation)) return;
    const hint = 'write "allocation": "block"';
    issues.push(issue('nat', [...path, field], `${field} says nothing where ports come one by one`, hint));
  };
  only('blockSize', ['block']);
  only('blocks', ['block']);
  const size = range.to - range.from + 1;
  if (range.from === 0) issues.push(issue('nat', [...path, 'range'], 'port 0 cannot be given out', 'begin with 1'));
  if (allocation === 'block' && blockSize > size) {
    issues.push(issue('nat', [...path, 'blockSize'], `a block of ${blockSize} does not fit a range of ${size} ports`));
  }
  if (ports.held !== undefined && settled.ports.holdDown === 0) {
    issues.push(issue('nat', [...path, 'held'], 'no port rests without "holdDown"', 'write "holdDown": "2m"'));
  }
  if (contiguity && (allocation === 'random' || allocation === 'sequential')) {
    const message = `contiguity needs ports that follow the inside ones, not ${allocation} ones`;
    issues.push(issue('nat', [...path, 'contiguity'], message, 'write "allocation": "preserve"'));
  }
  return issues;
}

const DEPTH = (dependence: Dependence): number => DEPENDENCES.indexOf(dependence);

/** A shared endpoint is told apart by who sends to it: mapping and filtering must know the sender. */
function checkOverload({ ports, mapping, filtering, tcp }: Behaviour, path: Path): Issue[] {
  if (!ports.overload) return [];
  const pairs = [
    { mapping, filtering },
    { mapping: tcp.mapping, filtering: tcp.filtering },
  ];
  if (pairs.some((pair) => pair.mapping === 'endpoint-independent')) {
    const hint = 'write "mapping": "address-and-port-dependent"';
    return [issue('nat', path, 'endpoint-independent mappings cannot share an outside endpoint', hint)];
  }
  if (pairs.every((pair) => DEPTH(pair.filtering) >= DEPTH(pair.mapping))) return [];
  const message = 'a shared outside endpoint cannot be open to senders that no mapping knows';
  return [issue('nat', path, message, `write "filtering": "${mapping}"`)];
}

/** RFC 7422 §2: a block follows from the place of an address among the inside ones. */
function checkSubscribers(rules: readonly NatRule[], path: Path): Issue[] {
  return rules.flatMap((rule, i) => {
    if (rule.action !== 'snat' && rule.action !== 'masquerade') return [];
    if (rule.match?.source !== undefined) return [];
    const message =
      'deterministic ports follow from the place of an address among the inside ones, which are not given';
    return [issue('nat', [...path.slice(0, -1), 'rules', i, 'match'], message, 'match "source": "100.64.0.0/24"')];
  });
}
