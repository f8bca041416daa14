/** Kernel settings of one node, as lines for `sysctl -p`. */
import { unreachable } from '../base/fail.ts';
import { parseDuration } from '../base/time.ts';
import type { Node, TimeoutName } from '../design/design.ts';

/** Settings, and what of the node no setting says; `place` is relative to the node. */
export interface Sysctls {
  readonly lines: readonly string[];
  readonly gaps: readonly { readonly place: string; readonly reason: string }[];
}

/** Without these a network is not at rest when the first step begins, or answers differ from run to run. */
const QUIET: readonly string[] = [
  ...['all', 'default'].flatMap((scope) => [
    `net.ipv6.conf.${scope}.accept_dad=0`,
    `net.ipv6.conf.${scope}.accept_ra=0`,
    `net.ipv6.conf.${scope}.router_solicitations=0`,
    `net.ipv4.conf.${scope}.send_redirects=0`,
  ]),
  'net.ipv6.bindv6only=1',
];

/** Types 3, 4, 11 and 12 are limited per destination and together; an empty mask limits none of them. */
const UNLIMITED: readonly string[] = [
  'net.ipv4.icmp_ratelimit=0',
  'net.ipv4.icmp_ratemask=0',
  'net.ipv4.icmp_msgs_per_sec=100000',
  'net.ipv4.icmp_msgs_burst=100000',
  'net.ipv6.icmp.ratelimit=0',
];

/** The kernel's name of each timeout, after `nf_conntrack_`. */
export const TIMEOUT_KEYS: Readonly<Record<Exclude<TimeoutName, 'expectation'>, string>> = {
  tcpSynSent: 'tcp_timeout_syn_sent',
  tcpSynRecv: 'tcp_timeout_syn_recv',
  tcpEstablished: 'tcp_timeout_established',
  tcpFinWait: 'tcp_timeout_fin_wait',
  tcpCloseWait: 'tcp_timeout_close_wait',
  tcpLastAck: 'tcp_timeout_last_ack',
  tcpTimeWait: 'tcp_timeout_time_wait',
  tcpClose: 'tcp_timeout_close',
  tcpMaxRetrans: 'tcp_timeout_max_retrans',
  tcpUnacknowledged: 'tcp_timeout_unacknowledged',
  udp: 'udp_timeout',
  udpStream: 'udp_timeout_stream',
  icmp: 'icmp_timeout',
  generic: 'generic_timeout',
  gre: 'gre_timeout',
  greStream: 'gre_timeout_stream',
};

/** The settings that make a fresh namespace behave as this node. They belong before its interfaces are made. */
export function showSysctls(node: Node): Sysctls {
  const forwarding = node.kind === 'host' ? 0 : 1;
  const filter = node.reversePathFilter ?? 'off';
  const tracking = showTracking(node.tracking ?? {});
  return {
    lines: [
      `net.ipv4.ip_forward=${forwarding}`,
      `net.ipv6.conf.all.forwarding=${forwarding}`,
      ...QUIET,
      // the larger of this and an interface's own counts
      `net.ipv4.conf.all.rp_filter=${showFilter(filter)}`,
      'net.ipv4.conf.default.rp_filter=0',
      ...(node.icmpRateLimit === true ? [] : UNLIMITED),
      ...tracking.lines,
    ],
    gaps: tracking.gaps,
  };
}

function showFilter(filter: NonNullable<Node['reversePathFilter']>): 0 | 1 | 2 {
  switch (filter) {
    case 'off':
      return 0;
    case 'strict':
      return 1;
    case 'loose':
      return 2;
    default:
      return unreachable(filter);
  }
}

/** The kernel counts in whole seconds, and gives a namespace no table size of its own (LNX-MAX-3). */
function showTracking({ max, loose, timeouts = {} }: NonNullable<Node['tracking']>): Sysctls {
  const given = Object.entries(timeouts) as readonly (readonly [TimeoutName, string])[];
  const seconds = given.map(([name, text]) => ({ name, seconds: (parseDuration(text) ?? 0) / 1000 }));
  const lines = seconds.flatMap(({ name, seconds }) =>
    name === 'expectation'
      ? []
      : [`net.netfilter.nf_conntrack_${TIMEOUT_KEYS[name]}=${Math.max(1, Math.round(seconds))}`],
  );
  const gaps = seconds.flatMap(({ name, seconds }) => {
    const place = `tracking.timeouts.${name}`;
    if (name === 'expectation') return [{ place, reason: 'an expectation of the FTP helper always lives 300 s' }];
    return Number.isInteger(seconds) && seconds > 0 ? [] : [{ place, reason: 'the kernel counts in whole seconds' }];
  });
  return {
    lines: [...(loose === undefined ? [] : [`net.netfilter.nf_conntrack_tcp_loose=${loose ? 1 : 0}`]), ...lines],
    gaps: [
      ...(max === undefined
        ? []
        : [{ place: 'tracking.max', reason: 'the kernel has one table size for all namespaces' }]),
      ...gaps,
    ],
  };
}
