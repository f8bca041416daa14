/** `trace --idle`: how long a session may be silent, and what keeps it. */
import { checkStep } from '../../scenarios/check/step.ts';
import { idle } from '../../whatif/idle/idle.ts';
import { SPOKEN, type Spoken } from '../../whatif/idle/session.ts';
import { locatorOf } from '../../whatif/locate.ts';
import { idleToJson, showIdle } from '../../whatif/report/idle.ts';
import { edit } from '../../whatif/rest.ts';
import { EXIT, type ExitCode, Refusal } from '../exit.ts';
import { loadChange, loadInput } from '../input.ts';
import { pickNetwork } from '../pick.ts';
import type { Terminal } from '../terminal.ts';
import { optionOf, refuse, type TraceOptions, withOutside } from '../trace.ts';

/** What concerns single packets, or steps that are written already. */
const STRAY = ['sourcePort', 'ttl', 'packet', 'scenario', 'step', 'brief'] as const;

/** It is information: whatever is lost, the command succeeds. */
export async function traceIdle(
  file: string | undefined,
  options: TraceOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const stray = STRAY.find((name) => options[name] !== undefined);
  if (stray !== undefined) throw new Refusal(`--idle watches whole sessions; ${optionOf(stray)} does not go with it`);
  const { from, to, port, reporter, seed } = options;
  if (from === undefined || to === undefined) throw new Refusal('name who speaks with whom: --from NODE --to NODE');
  const protocols = protocolsOf(options);
  const loaded = await loadInput(file);
  const { name, design: written } = pickNetwork(loaded, options.network);
  const change = options.change === undefined ? undefined : await loadChange(options.change, written);
  const whole = withOutside(written, options);
  const { design, wiring } = change === undefined ? { design: whole, wiring: [] } : edit(whole, change.change);
  refuse(checkStep({ ping: { from, to } }, design));
  const found = idle(design, { from, to, protocols, port: port ?? 0, wiring, ...(seed === undefined ? {} : { seed }) });
  if ('reason' in found) throw new Refusal(`--to: ${found.reason}`);
  const shown = { from, locate: locatorOf(loaded, name, change), paint: terminal.paint };
  const text = reporter === 'json' ? `${JSON.stringify(idleToJson(found, shown), null, 2)}\n` : showIdle(found, shown);
  terminal.print(text);
  return EXIT.held;
}

/** All that make sense: without a port those that have none. */
function protocolsOf({ protocol, port }: TraceOptions): readonly Spoken[] {
  if (protocol === undefined) return port === undefined ? ['icmp'] : SPOKEN;
  const known = SPOKEN.find((each) => each === (protocol === 'icmpv6' ? 'icmp' : protocol));
  if (known === undefined)
    throw new Refusal(`--protocol: sessions of ${protocol} are not watched: write ${SPOKEN.join(', ')}`);
  if (known !== 'icmp' && port === undefined) throw new Refusal(`${known} needs a port to connect to: --port N`);
  return [known];
}
