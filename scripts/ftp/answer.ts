/** What became of one transfer, in words that fit the simulator and the kernel alike. */
import { fail } from '../../src/sim/base/fail.ts';
import type { FtpMode } from '../../src/sim/host/app/ftp/errand.ts';

/**
 * `works`, or how it fails:
 * `500` the server refuses the address in PORT or EPRT; `425` it accepts the command, but does not get through to the
 * client; `unreachable`, `refused`, `silence` is what the client meets that connects to where the server told it to.
 */
export const ANSWERS = ['works', '500', '425', 'unreachable', 'refused', 'silence'] as const;
export type Answer = (typeof ANSWERS)[number];

const SYMPTOMS: readonly (readonly [RegExp, Answer])[] = [
  [/^500 /, '500'],
  [/^425 /, '425'],
  [/^data connection .*: .*unreachable/, 'unreachable'],
  [/^data connection .*: refused/, 'refused'],
  [/^data connection .*: timeout|^no data connection within/, 'silence'],
];

/**
 * Reads a result of the verb `ftp`. Whether the server says 425 or the client gives up waiting for it is a matter of who
 * has less patience, so both count as 425.
 */
export function answerOf(mode: FtpMode, result: Readonly<Record<string, unknown>> | undefined): Answer {
  if (result?.outcome === 'transferred') return 'works';
  const reason = String(result?.reason);
  const [, answer] = SYMPTOMS.find(([pattern]) => pattern.test(reason)) ?? [];
  if (answer === 'silence' && mode.endsWith('active')) return '425';
  return answer ?? fail(`no word for ${JSON.stringify(result)}`);
}
