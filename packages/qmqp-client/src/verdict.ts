import { decodeAddress } from '@posthouse/mail-address'

/** What a server is waited for, in the words of qmqp-source. */
export type QmqpClientPhase = 'connecting' | 'sending message' | 'receiving server reply'

/** What became of a message: one verdict for all its recipients (rule Q-206). */
export interface QmqpVerdict {
  /**
   * `accepted`: the server is responsible now. `permanent`: it refused for good. `temporary`: try
   * again, also after anything that is no proper reply.
   */
  readonly kind: 'accepted' | 'temporary' | 'permanent'
  /** The server's words without the status byte, or why there are none. Peer text: may be odd. */
  readonly text: string
  /**
   * Where it went wrong, if the server did not say `K`, `Z` or `D`. While `receiving server reply`
   * it had the whole request: it may have taken the message all the same. Before, not.
   */
  readonly failedAt?: QmqpClientPhase
}

const KINDS: ReadonlyMap<string, QmqpVerdict['kind']> = new Map([
  ['K', 'accepted'],
  ['Z', 'temporary'],
  ['D', 'permanent'],
])

/**
 * Reads the payload of a reply that came in `phase`: the first byte decides, an unknown one is
 * temporary.
 */
export function parseReply(payload: Uint8Array, phase: QmqpClientPhase): QmqpVerdict {
  const text = decodeAddress(payload)
  const kind = KINDS.get(text.charAt(0))
  if (kind === undefined) {
    return { kind: 'temporary', text: `unknown error: ${text}`, failedAt: phase }
  }
  return { kind, text: text.slice(1) }
}
