import { encodeAddress } from '@posthouse/mail-address'
import { encodeNetstring } from '@posthouse/netstring'

/** The one verdict about a message, for all its recipients (rule Q-206). */
export interface QmqpReply {
  /** Status byte `K`, `Z` or `D`. */
  readonly kind: 'ok' | 'temporary' | 'permanent'
  /** What follows the status byte, such as `Ok: queued as 4F8A023020C`. */
  readonly text: string
}

const STATUS = { ok: 'K', temporary: 'Z', permanent: 'D' } as const

/**
 * The bytes of a reply. Text from an address goes back as the bytes that it came as.
 *
 * @param softBounce `soft_bounce`: `D` becomes `Z`, the text stays.
 */
export function encodeReply({ kind, text }: QmqpReply, softBounce: boolean): Buffer {
  const status = softBounce && kind === 'permanent' ? STATUS.temporary : STATUS[kind]
  return encodeNetstring(encodeAddress(status + text))
}
