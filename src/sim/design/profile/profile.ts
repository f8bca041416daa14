/** What a named profile is: a behaviour, and for each axis where its figure is published or why it is assumed. */
import type { Axes } from '../behaviour.ts';
import type { SourceName } from './source.ts';

/** The axes that every profile gives an account of. */
export const ACCOUNTED = [
  'mapping',
  'filtering',
  'ports.allocation',
  'ports.range',
  'ports.overload',
  'ports.parity',
  'ports.holdDown',
  'limits',
  'pooling',
  'hairpin',
  'refresh',
  'timeouts.udp',
  'timeouts.tcpEstablished',
  'timeouts.tcpTransitory',
  'timeouts.icmp',
  'tcp.unsolicited',
  'icmp.errors',
  'fragments',
  'exhausted',
] as const;
export type AccountedAxis = (typeof ACCOUNTED)[number];

export type Account =
  /** What is published, and where: `section` is a heading, a figure or a place in the source. */
  | { readonly published: string; readonly source: SourceName; readonly section: string }
  /** Nothing is published, or something that is not simulated: what the profile does instead, and why. */
  | { readonly assumed: string };

/** A behaviour that people call by a name. */
export interface Profile {
  readonly title: string;
  readonly description: string;
  /** Undefined for what the kernel does, which has no axes. */
  readonly axes: Omit<Axes, 'profile'>;
  readonly accounts: Readonly<Record<AccountedAxis, Account>>;
  /** Requirements that it does not meet, by design, and why. Several identifiers are separated by spaces. */
  readonly deviates: Readonly<Record<string, string>>;
  /** What the real thing does and the simulated one does not. */
  readonly missing: readonly string[];
}

/** The account of a figure that is published. */
export function published(what: string, source: SourceName, section: string): Account {
  return { published: what, source, section };
}

/** The account of a figure that is not. */
export function assumed(why: string): Account {
  return { assumed: why };
}
