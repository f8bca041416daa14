import { family, isLinkLocal, showIp } from '../../addr/ip.ts';
import { lengthOf } from '../../packet/packet.ts';
import { withTtl } from '../../packet/rewrite.ts';
import type { NodeProgram } from '../../program/program.ts';
import type { DropReason } from '../../trace/fate.ts';
import { answerError, BEYOND_SCOPE, type ErrorKind, TOO_BIG, TTL_EXPIRED } from '../answer.ts';
import { GO_ON, type Passage, type Stage, type StageResult } from '../passage.ts';

/** May this node forward, and may this packet be forwarded. */
export const forwarding: Stage = (passage, { program }) => {
  const { src, dst } = passage.packet;
  if (!program.forwards) {
    return {
      verdict: 'drop',
      why: refused('notForwarding', 'kind', `${program.name} is a host: it does not forward`),
    };
  }
  if (family(dst) === 6 && (isLinkLocal(src) || isLinkLocal(dst))) {
    const detail = `${showIp(isLinkLocal(src) ? src : dst)} does not leave its link`;
    return answered(passage, program, refused('noRoute', 'routes', detail), BEYOND_SCOPE);
  }
  return GO_ON;
};

/** LNX-FWD-1, LNX-FWD-2: counted after routing, before the forward chain. */
export const ttl: Stage = (passage, { program, told }) => {
  const left = passage.packet.ttl - 1;
  if (left < 1) return answered(passage, program, refused('ttlExpired', 'ttl', 'the TTL ran out'), TTL_EXPIRED);
  passage.packet = withTtl(passage.packet, left);
  return told ? { verdict: 'next', why: { kind: 'decremented', ttl: left } } : GO_ON;
};

/** LNX-FWD-11: asked before the forward chain, of the size it came in. */
export const mtu: Stage = (passage, { program, told }) => {
  const limit = mtuOf(program, passage.out);
  const length = passage.cut?.size ?? lengthOf(passage.packet);
  if (length <= limit || !passage.packet.df) {
    return told ? { verdict: 'next', why: { kind: 'fits', mtu: limit, length } } : GO_ON;
  }
  const detail = `${length} bytes do not fit ${passage.out}, which takes ${limit}, and the packet must not be cut`;
  return answered(passage, program, refused('tooBig', 'mtu', detail), TOO_BIG, limit);
};

/** Room for a VLAN tag, which a frame without one may fill on the way in. */
export const TAG = 4;

/** The largest packet that leaves by an interface, in bytes. */
export function mtuOf(program: NodeProgram, out: string | undefined): number {
  return (out === undefined ? undefined : program.interfaces.get(out)?.mtu) ?? 65535;
}

function refused(reason: DropReason, place: string, detail: string) {
  return { kind: 'refused', reason, place, detail } as const;
}

function answered(
  passage: Passage,
  program: NodeProgram,
  why: ReturnType<typeof refused>,
  kind: ErrorKind,
  limit?: number,
): StageResult {
  const answer = answerError(program, passage, kind, limit);
  return { verdict: 'drop', why, ...(answer === undefined ? {} : { answer }) };
}
