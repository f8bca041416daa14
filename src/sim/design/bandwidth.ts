/** Bandwidth as written, decimal as everywhere in networking: a kbit is 1000 bits. */
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** Reads `"100Mbit"`, `"1.5Gbit"`, `"64kbps"` into bits per second; undefined when it is none, or zero. */
export function parseBandwidth(text: string): number | undefined {
  const [, number, prefix = ''] = /^(\d+(?:\.\d+)?) ?([kMGT]?)(?:bit|bit\/s|bps)$/i.exec(text) ?? [];
  const unit = UNITS[prefix.toLowerCase()];
  if (number === undefined || unit === undefined) return undefined;
  const bits = Number(number) * unit;
  return bits > 0 && Number.isFinite(bits) ? bits : undefined;
}
