/** The number of a request, 12 bytes: 32 bits that its program drew, then a count (RFC 8489 §5). */
export function transactionOf(id: number, count: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, id);
  view.setUint32(8, count);
  return bytes;
}
