/** Bits of the status of a connection, as the kernel has them in `enum ip_conntrack_status`. */
export const CONFIRMED = 1;
export const SEEN_REPLY = 2;
export const ASSURED = 4;
export const SNAT = 8;
export const DNAT = 16;
export const SOURCE_BOUND = 32;
export const DESTINATION_BOUND = 64;
/** So many bits say what a connection is. */
export const STATUS_BITS = 7;
