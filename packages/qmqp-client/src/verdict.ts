import { decodeAddress } from '@posthouse/mail-address'

/** What became of a message: one verdict for all its recipients (rule Q-206). */
export interface QmqpVerdict {
  /**
   * `accepted`: the server is responsible now. `permanent`: it refused for good. `temporary`: try
   * again, also after anything that is no proper reply. When the connection was lost while waiting
   * for the reply, the server may have taken the message all the same.
   */
  readonly kind: 'accepted' | 'temporary' | 'permanent'
  /** The server's words without the status byte, or why there are none. Peer text: may be odd. */
  readonly text: string
}

const KINDS: ReadonlyMap<string, QmqpVerdict['kind']> = new Map([
  ['K', 'accepted'],
  ['Z', 'temporary'],
  ['D', 'permanent'],
])

/** Reads the payload of a reply: the first byte decides, an unknown one is temporary. */
export function parseReply(payload: Uint8Array): QmqpVerdict {
  const text = decodeAddress(payload)
  const kind = KINDS.get(text.charAt(0))
  if (kind === undefined) return { kind: 'temporary', text: `unknown error: ${text}` }
  return { kind, text: text.slice(1) }
}
