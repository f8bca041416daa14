/**
 * The order in which a Linux box does things to a packet, as data. One list per way through the box:
 *
 *            arrive                                              transit
 *   wire ─▶ sanity npt defrag raw track nat64 dnat route ─┬─▶ forwarding ttl mtu forward snat confirm npt egress ─▶ wire
 *                                                         └─▶ local: reassemble input snat confirm ─▶ sockets
 *   sockets ─▶ origin: route track nat64 dnat route output snat confirm npt egress ─▶ wire
 *
 * A packet that starts here is routed twice: the second time only matters when `dnat` gave it another destination.
 *
 * Read the hook and priority tables of netfilter beside it: raw −300, conntrack −200, dstnat −100, filter 0, srcnat 100.
 */
export type StageName =
  | 'sanity' // header checksum, martian addresses, public Internet
  | 'npt' // IPv6 prefixes swapped without state: first of all, and last
  | 'defrag' // −400: fragments wait for each other where connections are tracked
  | 'reassemble' // before local delivery, fragments wait for each other everywhere
  | 'raw' // −300: the raw chain
  | 'track' // −200: find the connection, or prepare a new one
  | 'nat64' // both ends at once, between IPv6 and IPv4
  | 'dnat' // −100: destination translation, and the way back of source translation
  | 'route' // local delivery, or which way out
  | 'forwarding' // may this node, and this packet, be forwarded
  | 'ttl'
  | 'mtu'
  | 'input'
  | 'forward'
  | 'output'
  | 'snat' // 100: source translation, and the way back of destination translation
  | 'confirm' // last: the connection enters the table
  | 'egress'; // cut to the link, find the neighbour

export interface Order {
  readonly arrive: readonly StageName[];
  readonly transit: readonly StageName[];
  readonly local: readonly StageName[];
  readonly origin: readonly StageName[];
}

export const LINUX: Order = {
  arrive: ['sanity', 'npt', 'defrag', 'raw', 'track', 'nat64', 'dnat', 'route'],
  transit: ['forwarding', 'ttl', 'mtu', 'forward', 'snat', 'confirm', 'npt', 'egress'],
  local: ['reassemble', 'input', 'snat', 'confirm'],
  origin: ['route', 'track', 'nat64', 'dnat', 'route', 'output', 'snat', 'confirm', 'npt', 'egress'],
};
