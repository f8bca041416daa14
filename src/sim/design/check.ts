/**
 * What the shape of a design cannot say: names that are not there, addresses that clash, rules that nothing can match,
 * and what the kernel would refuse. A working network passes; every problem is reported, not only the first.
 */
import type { Issue } from '../base/fail.ts';
import { checkFirewall } from './check/chains.ts';
import { checkInterfaces } from './check/interfaces.ts';
import { unknownGroup } from './check/match.ts';
import { checkRoutes } from './check/routes.ts';
import { checkServices } from './check/services.ts';
import { cyclesOf, issue, showCycle, siteOf } from './check/site.ts';
import { checkNat } from './check/translation.ts';
import { checkLinks, unknownNode } from './check/wiring.ts';
import type { Design } from './design.ts';
import { groupNamed } from './group.ts';
import { nodeNamed } from './topology.ts';

/** Everything wrong with a design that fits its schema; paths are relative to the design. */
export function check(design: Design): Issue[] {
  const sites = Object.entries(design.nodes).map(([name, node]) => siteOf(design, name, node));
  return [
    ...checkGroups(design),
    ...sites.flatMap((site) => [
      ...checkInterfaces(site),
      ...checkRoutes(site),
      ...checkFirewall(site),
      ...checkNat(site),
      ...checkServices(site),
    ]),
    ...checkLinks(design),
    ...checkPublicInternet(design),
  ];
}

function checkGroups(design: Design): Issue[] {
  const groups = Object.entries(design.groups ?? {});
  const members = (name: string): string[] =>
    (groupNamed(design, name) ?? []).filter((item) => item.startsWith('@')).map((item) => item.slice(1));
  return [
    ...groups.flatMap(([name, items]) => items.flatMap((item, i) => unknownGroup(design, item, ['groups', name, i]))),
    ...cyclesOf(
      groups.map(([name]) => name),
      members,
    ).map((cycle) => issue('cycle', ['groups', cycle[0] ?? ''], `the groups go round: ${showCycle(cycle)}`)),
  ];
}

function checkPublicInternet(design: Design): Issue[] {
  return (design.publicInternet ?? []).flatMap((name, i) => {
    const node = nodeNamed(design, name);
    if (node === undefined) return [unknownNode(design, name, ['publicInternet', i])];
    if (node.kind !== 'host') return [];
    return [issue('kind', ['publicInternet', i], `${name} is a host, which forwards nothing: name a router`)];
  });
}
