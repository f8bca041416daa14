/** The traversal matrix as text: who meets whom directly, and what the others need. */
import { type Pairing, TRANSPORTS, type Transport } from './matrix.ts';

/** One letter for each pair. */
const LEGEND = [
  'D  direct',
  'd  packets pass both ways, but answers come from elsewhere: checks as of ICE fail, and a relay is needed',
  '1  a relay is needed, unless one side foresees the port that the NAT of the other will choose',
  '2  a relay is needed, unless both sides foresee the ports',
];

/** A table for each transport, a legend below. */
export function showMatrix(pairings: readonly Pairing[]): string {
  const blocks = TRANSPORTS.flatMap((protocol) => {
    const own = pairings.filter((each) => each.protocol === protocol);
    return own.length === 0 ? [] : [showTransport(own, protocol)];
  });
  return `${[...blocks, LEGEND.join('\n')].join('\n\n')}\n`;
}

function showTransport(pairings: readonly Pairing[], protocol: Transport): string {
  const names = namesIn(pairings);
  const wide = Math.max(...names.map((name) => name.length));
  const number = (i: number) => String(i + 1).padStart(3);
  const head = `${protocol.padEnd(wide + 3)} ${names.map((_, i) => number(i)).join('')}`;
  const rows = names.map((one, i) => {
    const cells = names.map((two) => (findPairing(pairings, one, two)?.cell ?? '?').padStart(3));
    return `${number(i)} ${one.padEnd(wide)}${cells.join('')}`;
  });
  return [head, ...rows].join('\n');
}

/** The profiles in the order in which they were tried. */
export function namesIn(pairings: readonly Pairing[]): string[] {
  return [...new Set(pairings.flatMap(({ one, two }) => [one, two]))];
}

/** Whichever way round it was tried. */
export function findPairing(pairings: readonly Pairing[], one: string, two: string): Pairing | undefined {
  return pairings.find((each) => (each.one === one && each.two === two) || (each.one === two && each.two === one));
}

/** The matrix as data, `version` 1. */
export function matrixToJson(pairings: readonly Pairing[]) {
  return {
    version: 1,
    profiles: namesIn(pairings),
    pairs: pairings.map(({ one, two, protocol, outcome, needs, flows, cell, explanation }) => ({
      ...{ one, two, protocol, outcome, needs, flows, class: cell, explanation },
    })),
  };
}
