import { decodeAddress } from '@posthouse/mail-address'

const AT = 0x40
const VERP_ENDING = '-@[]'
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
  const sender = decodeAddress(bytes)
  const originEnd = bytes.length - VERP_ENDING.length
  const at = sender.endsWith(VERP_ENDING) ? bytes.indexOf(AT) : -1
  if (at < SHORTEST_PREFIX || at + 1 >= originEnd) return { sender }

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
