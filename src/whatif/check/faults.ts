/** Faults that any network may have, found by what becomes of questions and their answers. */
import type { Fault } from '../../scenarios/invariant/schema.ts';
import { GOOD } from '../../scenarios/result.ts';
import type { Step } from '../../scenarios/schema.ts';
import { type Ip, LIMITED_BROADCAST, showIp } from '../../sim/addr/ip.ts';
import { interfacesOf } from '../../sim/design/topology.ts';
import { hasPorts } from '../../sim/packet/packet.ts';
import { showPacket } from '../../sim/packet/show.ts';
import type { Fate } from '../../sim/trace/fate.ts';
import { finalForm, type Journey } from '../../sim/trace/journey.ts';
import { type Breach, type Law, type Sight, stepOfPacket, successOf, type Wanted } from './law.ts';

/** A question of a program, and an answer on its way back. */
interface Exchange {
  readonly asked: Journey;
  readonly answer: Journey;
  readonly step: number | undefined;
}

const PARTS: ReadonlySet<string> = new Set(['fragmentation', 'reassembly']);

/** Every answer to a packet of another node that goes where that packet came from, as the answering node saw it. */
function exchangesIn(sight: Sight): Exchange[] {
  const { journeys } = sight;
  const found: Exchange[] = [];
  for (const answer of journeys.values()) {
    const seen = journeys.get(answer.born.cause ?? -1);
    if (seen === undefined || PARTS.has(answer.born.by) || !goesBack(answer, seen)) continue;
    const asked = originOf(seen, journeys);
    if (asked.born.node === answer.born.node) continue;
    found.push({ asked, answer, step: stepOfPacket(sight, asked.id) });
  }
  return found;
}

/** The packet that was cut or put together to this one. */
function originOf(journey: Journey, journeys: Sight['journeys']): Journey {
  let at = journey;
  for (let before = at; PARTS.has(at.born.by); at = before) {
    const cause = journeys.get(at.born.cause ?? -1);
    if (cause === undefined) return at;
    before = cause;
  }
  return at;
}

function goesBack({ born: { value } }: Journey, seen: Journey): boolean {
  const last = finalForm(seen);
  if (value.dst !== last.src || value.dst === LIMITED_BROADCAST || last.dst === LIMITED_BROADCAST) return false;
  return !hasPorts(value) || !hasPorts(last) || (value.dport === last.sport && value.sport === last.dport);
}

function arrivedAt(fate: Fate | undefined): string | undefined {
  if (fate?.kind === 'delivered') return fate.node;
  return fate?.kind === 'dropped' && fate.place === 'services' ? fate.node : undefined;
}

/** A packet that comes to one interface twice will do so until its TTL ends. */
function loops(sight: Sight): Breach | undefined {
  for (const { id, born, hops } of sight.journeys.values()) {
    const been = new Set<string>();
    for (const { node, in: by } of hops) {
      const place = `${node}:${by}`;
      if (by !== undefined && been.has(place)) {
        const step = stepOfPacket(sight, id);
        const expect: Wanted | undefined = isOwned(sight, born.value.dst)
          ? successOf(sight.steps[step ?? -1])
          : { blockedBy: 'routes' };
        return {
          says: `a packet from ${born.node} to ${showIp(born.value.dst)} goes round, and comes to ${place} again`,
          at: 'round',
          ...(step === undefined ? {} : { step }),
          ...(expect === undefined ? {} : { expect }),
        };
      }
      been.add(place);
    }
  }
  return undefined;
}

function isOwned({ design }: Sight, ip: Ip): boolean {
  return Object.values(design.nodes).some((node) =>
    [...interfacesOf(node).values()].some(({ addresses }) => addresses.some((own) => own.ip === ip)),
  );
}

function astray(sight: Sight): Breach | undefined {
  for (const { asked, answer, step } of exchangesIn(sight)) {
    const node = arrivedAt(answer.fate);
    if (node === undefined || node === asked.born.node) continue;
    const says = `${asked.born.node} asked (${showPacket(asked.born.value)}), and the answer came to ${node}`;
    return failing(sight, step, { says, at: node });
  }
  return undefined;
}

/** The wiring is not to blame for a link that is down or loses packets, nor a network for a TTL that was chosen small. */
const EXCUSED: ReadonlySet<string> = new Set(['lossyLink', 'linkDown', 'nodeDown', 'queueFull', 'ttlExpired']);

function oneWay(sight: Sight): Breach | undefined {
  for (const { asked, answer, step } of exchangesIn(sight)) {
    const { fate } = answer;
    if (asked.born.cause !== undefined || (fate?.kind !== 'dropped' && fate?.kind !== 'lost')) continue;
    if (EXCUSED.has(fate.reason) || fate.place === 'services') continue;
    const back = [...sight.journeys.values()].some(
      ({ born, fate: end }) => born.cause === answer.born.cause && arrivedAt(end) === asked.born.node,
    );
    if (back || arrivedAt(asked.fate) === undefined) continue;
    const says = `${answer.born.node} answers ${asked.born.node} (${showPacket(answer.born.value)}), and the answer ends at ${fate.node}: ${fate.reason}`;
    return failing(sight, step, { says, at: `${fate.node} ${fate.reason}` });
  }
  return undefined;
}

function asymmetry(sight: Sight): Breach | undefined {
  for (const { asked, answer, step } of exchangesIn(sight)) {
    if (arrivedAt(asked.fate) !== answer.born.node || asked.born.cause !== undefined) continue;
    const ends = [asked.born.node, answer.born.node];
    const [there, back] = [trackersOn(asked, ends), trackersOn(answer, ends)];
    const home = arrivedAt(answer.fate) === asked.born.node;
    const missed =
      [...back].find((node) => !there.has(node)) ?? (home ? [...there].find((node) => !back.has(node)) : undefined);
    if (missed === undefined) continue;
    const sees = there.has(missed) ? 'what' : 'the answers to what';
    const says = `${missed} tracks connections, and sees only ${sees} ${ends[0]} sends to ${ends[1]}, not the other direction`;
    return failing(sight, step, { says, at: missed }, missed);
  }
  return undefined;
}

function trackersOn({ hops }: Journey, ends: readonly string[]): ReadonlySet<string> {
  const tracking = hops.filter(({ steps }) => steps.some(({ why }) => why.kind === 'tracked'));
  return new Set(tracking.map(({ node }) => node).filter((node) => !ends.includes(node)));
}

/** The step should have been answered; where it was, the table of `node` shows that it heard one side only. */
function failing(sight: Sight, step: number | undefined, breach: Breach, node?: string): Breach {
  if (step === undefined) return breach;
  const outcome = sight.report.steps[step]?.result.outcome ?? '';
  const written = sight.steps[step];
  const success = successOf(written);
  if (!GOOD.has(outcome) || outcome === 'delivered' || node === undefined) {
    return { ...breach, step, ...(success === undefined ? {} : { expect: success }) };
  }
  return { ...breach, step, look: { inspect: node, expect: { connections: [heardBoth(written)] } } };
}

function heardBoth(step: Step | undefined): { protocol: string; status: string[] } {
  if (step !== undefined && 'ping' in step) return { protocol: 'icmp', status: [] };
  const tcp = step !== undefined && 'connect' in step && step.connect.protocol !== 'udp';
  return tcp ? { protocol: 'tcp', status: ['ASSURED'] } : { protocol: 'udp', status: [] };
}

/** The faults by the names they have in files. */
export const FAULT_LAWS: Readonly<Record<Fault, Law>> = {
  loops: { name: 'no loops', breach: loops },
  astray: { name: 'no answer goes astray', breach: astray },
  'one-way': { name: 'no request arrives whose answer does not', breach: oneWay },
  asymmetry: { name: 'no node that tracks connections sees only one direction', breach: asymmetry },
};
