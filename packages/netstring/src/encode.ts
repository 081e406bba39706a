const COMMA = 0x2c

/**
 * One netstring, as the paper writes it: shortest length, nothing around it (rules ).
 * The result is a new buffer; `payload` is copied.
 */
export function encodeNetstring(payload: Uint8Array): Buffer {
  const head = `${payload.length}:`
  const bytes = Buffer.allocUnsafe(head.length + payload.length + 1)
  bytes.write(head, 'latin1')
  bytes.set(payload, head.length)
  bytes[bytes.length - 1] = COMMA
  return bytes
}
