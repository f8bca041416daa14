/** Links, and the addresses of interfaces on them. */
import { type Ip, showIp } from '../../addr/ip.ts';
import type { Issue } from '../../base/fail.ts';
import { type Path, showPath } from '../../base/path.ts';
import { didYouMean } from '../../base/suggest.ts';
import type { Design, LinkSpec } from '../design.ts';
import { endsOf, interfaceOf, type LinkEnd, nodeNamed, resolveEnd } from '../topology.ts';
import { addressPath, issue } from './site.ts';

export function checkLinks(design: Design): Issue[] {
  const issues: Issue[] = [];
  const taken = new Map<string, number>();
  const names = new Map<string, number>();
  for (const [i, link] of (design.links ?? []).entries()) {
    const ends: LinkEnd[] = [];
    for (const [j, text] of endsOf(link).entries()) {
      const path = endPath(link, i, j);
      const end = resolveEnd(design, text);
      if (end === undefined) {
        issues.push(explainEnd(design, text, path));
        continue;
      }
      const key = `${end.node}:${end.interface}`;
      const first = taken.get(key);
      if (first === i) issues.push(issue('link', path, `${key} is more than one end of this link`));
      else if (first !== undefined) issues.push(issue('link', path, `${key} is already on links[${first}]`));
      else ends.push(end);
      taken.set(key, first ?? i);
    }
    for (const found of [...sharedAddresses(design, ends), ...nameTwice(link, i, names)]) issues.push(found);
  }
  return issues;
}

function endPath(link: LinkSpec, i: number, j: number): Path {
  return 'between' in link ? ['links', i, 'between', j] : ['links', i, j];
}

/** Why an end names no interface. */
export function explainEnd(design: Design, text: string, path: Path): Issue {
  const [name = '', wanted] = text.split(':');
  const node = nodeNamed(design, name);
  if (node === undefined) return unknownNode(design, name, path);
  const interfaces = Object.keys(node.interfaces ?? {});
  if (wanted !== undefined) {
    return issue('unknown-name', path, `${name} has no interface "${wanted}"`, didYouMean(wanted, interfaces));
  }
  if (interfaces.length === 0) return issue('unknown-name', path, `${name} has no interface`);
  const choices = interfaces.map((each) => `"${name}:${each}"`).join(' or ');
  return issue('ambiguous', path, `${name} has ${interfaces.length} interfaces`, `write ${choices}`);
}

export function unknownNode(design: Design, name: string, path: Path): Issue {
  return issue('unknown-name', path, `there is no node "${name}"`, didYouMean(name, Object.keys(design.nodes)));
}

function nameTwice(link: LinkSpec, i: number, names: Map<string, number>): Issue[] {
  const name = 'between' in link ? link.name : undefined;
  if (name === undefined) return [];
  const first = names.get(name);
  names.set(name, first ?? i);
  return first === undefined
    ? []
    : [issue('duplicate', ['links', i, 'name'], `links[${first}] is called "${name}" too`)];
}

/** One address cannot be in two places of a segment. */
function sharedAddresses(design: Design, ends: readonly LinkEnd[]): Issue[] {
  const issues: Issue[] = [];
  const owners = new Map<Ip, LinkEnd>();
  for (const end of ends) {
    const spec = nodeNamed(design, end.node)?.interfaces?.[end.interface];
    if (spec === undefined) continue;
    for (const [i, { ip }] of interfaceOf(spec).addresses.entries()) {
      const owner = owners.get(ip);
      if (owner === undefined) owners.set(ip, end);
      else if (owner !== end) {
        const other = showPath(['nodes', owner.node, 'interfaces', owner.interface]);
        const path = addressPath(end.node, end.interface, spec, i);
        issues.push(issue('address', path, `${showIp(ip)} is also the address of ${other}, on the same link`));
      }
    }
  }
  return issues;
}
