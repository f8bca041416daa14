/** Where connections are tracked, and for how long. Timeouts are those of the kernel (`nf_conntrack_*_timeout*`). */
import type { Family } from '../addr/ip.ts';
import { fail } from '../base/fail.ts';
import { type Millis, parseDuration } from '../base/time.ts';
import { type BehaviourSpec, resolveBehaviour } from '../design/behaviour.ts';
import type { Node, TimeoutName } from '../design/design.ts';
import type { Tracking } from './program.ts';
import { BOTH, FOUR, SIX } from './rules/match.ts';

const SECONDS: Readonly<Record<TimeoutName, number>> = {
  tcpSynSent: 120,
  tcpSynRecv: 60,
  tcpEstablished: 432_000,
  tcpFinWait: 120,
  tcpCloseWait: 60,
  tcpLastAck: 30,
  tcpTimeWait: 120,
  tcpClose: 10,
  tcpMaxRetrans: 300,
  tcpUnacknowledged: 300,
  udp: 30,
  udpStream: 120,
  icmp: 30,
  generic: 600,
  gre: 30,
  greStream: 180,
  expectation: 300,
};

/** The kernel's values, unless the design gives others. */
export function compileTracking(spec: Node['tracking'], behaviour?: BehaviourSpec): Tracking {
  const timeouts = Object.fromEntries(
    Object.entries(SECONDS).map(([name, seconds]): [string, Millis] => {
      const given = spec?.timeouts?.[name as TimeoutName];
      return [name, given === undefined ? seconds * 1000 : (parseDuration(given) ?? fail(`"${given}" is no duration`))];
    }),
  ) as Record<TimeoutName, Millis>;
  return { max: spec?.max ?? 262_144, loose: spec?.loose ?? true, timeouts, behaviour: resolveBehaviour(behaviour) };
}

/**
 * The families that are tracked: translation needs its own, a filter rule that asks for the state of a connection both
 * (it stands in a table for both), and so does a helper. `notrack` alone tracks nothing.
 */
export function trackedFamilies({ nat }: Node, asksStates: boolean, translated: number): ReadonlySet<Family> {
  const helped = (nat?.helpers ?? []).length > 0;
  return familySet(helped || asksStates ? BOTH : translated);
}

/** The families of a sum of `FOUR` and `SIX`. */
export function familySet(families: number): ReadonlySet<Family> {
  return new Set(([4, 6] as const).filter((family) => (families & (family === 4 ? FOUR : SIX)) !== 0));
}
