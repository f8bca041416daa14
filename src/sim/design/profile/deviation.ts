/** Why requirements are not met, where several profiles have the same reason. */
type Deviations = Readonly<Record<string, string>>;

/** What every simulated NAT does, because the kernel does it or because addresses work so. */
export const EVERYWHERE: Deviations = {
  'ICMP-5c':
    'an error is translated with the connection that it speaks of, as the kernel does: an address that its sender has for itself alone is not asked for',
  'ICMP-10c': 'source quench and information messages are treated as other errors and queries, as by the kernel',
  'ICMP-10d': 'the precedence of an error is raised to that of control messages (RFC 1812 §4.3.2.5), as by the kernel',
  'CGN-U11': 'the identification is left as its sender wrote it, as by the kernel',
};

/** NATs of those who do not choose the network that they are put into. */
export const ONE_PREFIX: Deviations = {
  'UDP-7':
    'there is one way to each prefix: two hosts of one prefix on both sides cannot be told apart, and the user renumbers',
};

export const OUTBOUND_ONLY: Deviations = {
  'UDP-6a': 'only packets from inside keep a mapping alive, so that nobody outside can (RFC 4787 §4.3)',
};

export const STRICT: Deviations = {
  'UDP-8 TCP-3': 'filters by address and port: stricter than is recommended',
};

export const PER_DESTINATION: Deviations = {
  'UDP-1 TCP-1 ICMP-1a': 'every destination gets a mapping of its own',
};

/** A mapping for each destination leaves two inside hosts no endpoint to meet at. */
export const NEVER_MEET: Deviations = {
  'UDP-9 UDP-9a TCP-8 ICMP-7 ICMP-7a':
    'turns packets round, but the endpoints that two hosts learn of each other are good for a third party only',
};

export const NO_HAIRPIN: Deviations = {
  'UDP-9 UDP-9a TCP-8 ICMP-7 ICMP-7a': 'does not turn packets round',
};

export const SHARED_PORTS: Deviations = {
  'UDP-3 TCP-7':
    'an outside port serves several inside endpoints while their destinations differ (RFC 7857 §3 allows it)',
};

export const NO_PARITY: Deviations = { 'UDP-4': 'ports are chosen without regard to parity' };

export const ONE_POOL: Deviations = { 'UDP-3a': 'all ports come from one range' };

export const SILENT_SYN: Deviations = {
  'TCP-4': 'a SYN that nobody asked for is dropped for good, which REQ-4a allows where policy forbids an answer',
};

export const SILENT_REFUSAL: Deviations = { 'ICMP-8': 'where no port is left the packet is dropped without a word' };
