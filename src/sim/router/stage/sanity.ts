import { isLinkLocal, isMulticast, isUnspecified, LIMITED_BROADCAST, showIp } from '../../addr/ip.ts';
import { isPublic, special } from '../../addr/special.ts';
import type { NodeProgram } from '../../program/program.ts';
import { GO_ON, hasSoundHeader, type Passage, type Stage } from '../passage.ts';
import { mtuOf, TAG } from './forwarding.ts';

/** Before any hook: what the interface takes in, the header checksum, and on the public Internet the addresses. */
export const sanity: Stage = (passage, { program }) => {
  const { packet, length } = passage;
  if (length > program.leastMtu && isOversize(passage, program)) {
    const limit = mtuOf(program, passage.in);
    const detail = `${passage.in} takes in no more than its MTU of ${limit}, and these are ${length} bytes`;
    return { verdict: 'drop', why: { kind: 'refused', reason: 'tooBig', place: 'mtu', detail } };
  }
  if (!hasSoundHeader(passage)) {
    const why = {
      kind: 'refused',
      reason: 'badChecksum',
      place: 'headerChecksum',
      detail: 'the IP header checksum is wrong',
    } as const;
    return { verdict: 'drop', why };
  }
  const confined = program.publicInternet && [packet.src, packet.dst].find((ip) => !isPublic(ip) && !staysOnLink(ip));
  if (confined !== false && confined !== undefined) {
    const block = special(confined);
    const detail = `${showIp(confined)} is ${block?.name ?? 'special-purpose'} space, which the public Internet does not carry`;
    return {
      verdict: 'drop',
      why: { kind: 'refused', reason: 'publicInternet', place: 'publicInternet', detail },
    };
  }
  return GO_ON;
};

/** Nobody is told of it: the frame is discarded as it comes in. What was put together here came in pieces. */
function isOversize({ cut, in: arrivedBy, length }: Passage, program: NodeProgram): boolean {
  return cut === undefined && length > mtuOf(program, arrivedBy) + TAG;
}

/** Addresses that never leave a link are the link's own business. */
function staysOnLink(ip: Parameters<typeof isLinkLocal>[0]): boolean {
  return (
    isUnspecified(ip) || isMulticast(ip) || ip === LIMITED_BROADCAST || (isLinkLocal(ip) && typeof ip === 'bigint')
  );
}
