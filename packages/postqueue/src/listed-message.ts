/** The queues of a listing, in its order (F-84). */
export const LISTED_QUEUES = ['maildrop', 'active', 'incoming', 'deferred', 'hold'] as const

/** A message as a listing shows it. Texts may hold control characters, and surrogates for bytes. */
export interface ListedMessage {
  /** One of `LISTED_QUEUES`, or what a server said. */
  readonly queueName: string
  readonly queueId: string
  /** In whole seconds since 1970. */
  readonly arrivalSeconds: number
  /** Bytes of header and body as on the wire, nearly; of a file without that number, its size. */
  readonly sizeBytes: number
  /** Asked for by `postsuper -e` (F-13). */
  readonly isForcedExpire: boolean
  /** External form; of the null sender, `empty_address_recipient`. */
  readonly sender: string
  readonly recipients: readonly ListedRecipient[]
  /** When delivery may be tried next, in milliseconds since 1970; unknown to a client of showq. */
  readonly nextAttemptMs?: number
}

/** A recipient that is still to be delivered, or whose failure was not reported yet. */
export interface ListedRecipient {
  /** External form. */
  readonly address: string
  /** Before aliases and rewriting, external form, if it is known and another one. */
  readonly originalAddress?: string
  /** Empty if there is none. */
  readonly reason: string
  /** Where the reason is from. */
  readonly source: 'defer' | 'bounce' | 'file'
}
