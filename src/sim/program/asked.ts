import type { Firewall, Match, Rule } from '../design/rule.ts';

/** What rules of a firewall ask of a packet beyond its addresses, its protocol and what tracking says of it. */
export interface Asked {
  readonly ports: boolean;
  readonly flags: boolean;
}

/** Reads it off all chains, whether or not anything jumps to them. */
export function askedBy({ chains = {}, raw, input, forward, output }: Firewall): Asked {
  const lists: (readonly Rule[])[] = Object.values(chains);
  for (const chain of [raw, input, forward, output]) if (chain?.rules !== undefined) lists.push(chain.rules);
  let [ports, flags] = [false, false];
  for (const rules of lists) {
    for (const { match } of rules) {
      ports ||= match !== undefined && (asksPorts(match) || (match.not !== undefined && asksPorts(match.not)));
      flags ||= match?.tcpFlags !== undefined || match?.not?.tcpFlags !== undefined;
    }
  }
  return { ports, flags };
}

function asksPorts({ sourcePort, destinationPort }: Pick<Match, 'sourcePort' | 'destinationPort'>): boolean {
  return sourcePort !== undefined || destinationPort !== undefined;
}
