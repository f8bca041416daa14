/** Bytes that are no packet: which field shows it, and why. */
export interface DecodeError {
  readonly kind: 'undecodable';
  /** Protocol and field: `ipv4.totalLength`, `tcp.dataOffset`. */
  readonly field: string;
  readonly message: string;
}

export function undecodable(field: string, message: string): DecodeError {
  return { kind: 'undecodable', field, message };
}

export function isDecodeError(decoded: { readonly kind: string }): decoded is DecodeError {
  return decoded.kind === 'undecodable';
}

/** A view on exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
