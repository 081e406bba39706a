import { decodeAddress } from '@posthouse/mail-address'

const AT = 0x40
const VERP_ENDING = Buffer.from('-@[]')
const SHORTEST_PREFIX = 2 // One byte of local part, one delimiter.

/** A sender as it came, or what is left of it after its VERP request was taken out. */
export interface VerpSender {
  /** Envelope sender in internal form; empty for the null sender. */
  readonly sender: string
  /** The two delimiters asked for, such as `-=`, not yet checked against any filter. */
  readonly verpDelimiters?: string
}

/**
 * Takes the qmail form of a VERP request out of a sender (rule Q-321): `prefix c @ origin -@[]`
 * asks for delimiters `c` and `=`. The first `@` counts, as bytes do. Anything else is an ordinary
 * sender, also where it ends in `-@[]`.
 */
export function parseVerpSender(bytes: Uint8Array): VerpSender {
  const originEnd = bytes.length - VERP_ENDING.length
  if (originEnd <= 0 || VERP_ENDING.compare(bytes, originEnd) !== 0) {
    return { sender: decodeAddress(bytes) }
  }
  const at = bytes.indexOf(AT)
  if (at < SHORTEST_PREFIX || at + 1 >= originEnd) return { sender: decodeAddress(bytes) }

  const prefix = bytes.subarray(0, at - 1)
  const origin = bytes.subarray(at, originEnd)
  const delimiter = bytes.subarray(at - 1, at)
  return {
    sender: decodeAddress(Buffer.concat([prefix, origin])),
    verpDelimiters: `${decodeAddress(delimiter)}=`,
  }
}

/** Whether every character of `delimiters` is in `filter`, `verp_delimiter_filter`. */
export function areVerpDelimitersAllowed(delimiters: string, filter: string): boolean {
  for (const delimiter of delimiters) if (!filter.includes(delimiter)) return false
  return true
}
