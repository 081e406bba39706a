/** What every outcome says. Plain data, so that it can cross a process boundary. */
export interface OutcomeFields {
  /** Enhanced status code, RFC 3463: `X.Y.Z`. Its class is 2 for sent, 4 deferred, 5 bounced. */
  readonly status: string
  /**
   * Why, in the words of the log line and of the notification; for a delivery, the server's reply
   * (C-106). One line. May hold the peer's text: escape it where it is logged.
   */
  readonly text: string
  /** Who was asked: `name[address]:port`, or `none` when nobody was (G-163). */
  readonly relay: string
  /** Deliveries over this session, this one included. Given from 2 on: it was reused (C-104). */
  readonly connUse?: number | undefined
  /** How the connection was to be protected, and was, as `tls=` shows it (C-107). */
  readonly tls?: string | undefined
  /** When the session was ready for this message, in ms since 1970; absent if it never was. */
  readonly setupDoneMs?: number | undefined
  /** When the attempt ended, in ms since 1970; the same for all recipients of a transaction. */
  readonly doneMs: number
  /** Name of the server that answered, for `Remote-MTA: dns; name` (C-103); absent if none did. */
  readonly remoteMta?: string | undefined
  /** The server's full reply, for `Diagnostic-Code: smtp; reply` (C-103); absent without one. */
  readonly diagnostic?: string | undefined
}

/** The next hop took responsibility for the recipient. */
export interface SentOutcome extends OutcomeFields {
  readonly kind: 'sent'
  /** The message has come to its end, and was not handed on (RFC 3464 2.3.3: not `relayed`). */
  readonly isFinal?: boolean | undefined
  /** Who took it knows what NOTIFY asked for, and reports the delivery itself (RFC 3461 5.2.2). */
  readonly isReportedByServer?: boolean | undefined
}

/** Not now: the recipient stays in the queue. */
export interface DeferredOutcome extends OutcomeFields {
  readonly kind: 'deferred'
}

/** Never: the sender is to be told. */
export interface BouncedOutcome extends OutcomeFields {
  readonly kind: 'bounced'
}

/** What became of one recipient in one delivery attempt (C-101). */
export type DeliveryOutcome = SentOutcome | DeferredOutcome | BouncedOutcome
