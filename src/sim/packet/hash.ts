/** Spreads four words over 32 bits. */
export function hashWords(src: number, dst: number, ports: number, rest: number): number {
  let mixed = Math.imul(src ^ Math.imul(ports, 0x85eb_ca6b), 0xcc9e_2d51);
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ dst, 0x1b87_3593);
  mixed = Math.imul(mixed ^ (mixed >>> 13) ^ rest, 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}
