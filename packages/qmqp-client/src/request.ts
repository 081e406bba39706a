import { encodeAddress } from '@posthouse/mail-address'
import { encodeNetstring } from '@posthouse/netstring'

const COMMA = Buffer.from(',')

/** A message to hand over, with its envelope. */
export interface QmqpSubmission {
  /** The message, lines ended by LF, with neither CR nor dot-stuffing added. */
  readonly content: Uint8Array
  /** Envelope sender in internal form, unquoted; empty for the null sender. */
  readonly sender: string
  /** Envelope recipients in internal form, at least one: servers refuse a message for nobody. */
  readonly recipients: readonly string[]
}

/**
 * The bytes of one QMQP request in its canonical encoding (rules ): a new buffer.
 * Addresses are sent as the bytes that `decodeAddress` of `@posthouse/mail-address` read.
 */
export function encodeQmqpRequest({ content, sender, recipients }: QmqpSubmission): Buffer {
  const contentHead = Buffer.from(`${content.length}:`)
  const addresses = [sender, ...recipients].map((text) => encodeNetstring(encodeAddress(text)))
  const parts = [contentHead, content, COMMA, ...addresses]
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([Buffer.from(`${length}:`), ...parts, COMMA])
}
