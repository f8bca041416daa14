/** The traversal matrix as a drawing: a letter in each field says what the colour says. */

import type { Pairing, Transport } from '../../src/whatif/traversal/matrix.ts';
import { findPairing, namesIn } from '../../src/whatif/traversal/table.ts';

const FIELD = 30;
const LEFT = 190;
const TOP = 150;
const GAP = 70;

/** Light to dark, so that grey prints tell them apart, too. */
const FILLS = { D: '#d9f0d3', d: '#fdf3c7', '1': '#f6c9a0', '2': '#d98880' } as const;
const MEANINGS = {
  D: 'direct',
  d: 'relay: answers come from elsewhere',
  '1': 'relay, or foresee one port',
  '2': 'relay, or foresee two ports',
} as const;

export function drawMatrix(pairings: readonly Pairing[]): string {
  const names = namesIn(pairings);
  const height = TOP + names.length * FIELD;
  const width = LEFT + names.length * FIELD + 20;
  const tables = (['udp', 'tcp'] as const).map((protocol, i) => drawTable(pairings, protocol, i * (height + GAP)));
  const legendAt = 2 * (height + GAP);
  const total = legendAt + 4 * 34 + 10;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${total}" width="${width}" height="${total}" font-family="sans-serif" font-size="13" role="img" aria-label="Which NATs let two hosts behind them meet directly">
<rect width="${width}" height="${total}" fill="#ffffff"/>
${tables.join('\n')}
${drawLegend(legendAt)}
</svg>
`;
}

function drawTable(pairings: readonly Pairing[], protocol: Transport, top: number): string {
  const own = pairings.filter((each) => each.protocol === protocol);
  const names = namesIn(own);
  const lines = [`<text x="10" y="${top + 30}" font-size="18" font-weight="bold">${protocol.toUpperCase()}</text>`];
  names.forEach((one, row) => {
    const y = top + TOP + row * FIELD;
    const x = LEFT + row * FIELD;
    lines.push(text(LEFT - 8, y + 20, one, 'end'));
    lines.push(`<text transform="translate(${x + 19} ${top + TOP - 8}) rotate(-60)">${one}</text>`);
    names.forEach((two, column) => {
      lines.push(drawField(LEFT + column * FIELD, y, findPairing(own, one, two)?.cell ?? '2'));
    });
  });
  return lines.join('\n');
}

function drawField(x: number, y: number, cell: keyof typeof FILLS): string {
  const box = `<rect x="${x}" y="${y}" width="${FIELD}" height="${FIELD}" fill="${FILLS[cell]}" stroke="#555555"/>`;
  return `${box}${text(x + FIELD / 2, y + 20, cell, 'middle')}`;
}

function drawLegend(top: number): string {
  return (['D', 'd', '1', '2'] as const)
    .map((cell, i) => `${drawField(10, top + i * 34, cell)}${text(50, top + i * 34 + 20, MEANINGS[cell], 'start')}`)
    .join('\n');
}

function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${words}</text>`;
}
