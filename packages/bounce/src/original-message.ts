/** The message that a notification is about, as its queue file tells. */
export interface OriginalMessage {
  readonly queueId: string
  /** Internal form; empty for the null sender. */
  readonly sender: string
  /** The `T` record, in ms since 1970. */
  readonly arrivalTimeMs: number
  /** Field 1 of the size record: bytes of the content records. */
  readonly contentBytes: number
  readonly encoding: '' | '7bit' | '8bit'
  /** F-34: 1 SMTPUTF8 requested, 2, 4, 8 UTF-8 found, 16 TLS not required, 32 REQUIRETLS. */
  readonly sendOptions: number
  /** RFC 3461 ENVID, decoded; empty: none. */
  readonly envelopeId: string
  /** RFC 3461 RET=HDRS. RET=FULL changes nothing (F-71). */
  readonly returnHeaders: boolean
  /** Bits of F-40; only 512 (`sendmail -bv`) and 1024 (`sendmail -v`) count here. */
  readonly traceFlags: number
  /** The Message-ID, with or without brackets; empty: not known. */
  readonly messageId: string
  /** Two characters: each recipient gets a notification to an address of its own (F-76). */
  readonly verpDelimiters?: string | undefined
  /**
   * Starts to read the content, text with LF line ends in any chunks. Called once for every text of
   * a notification that is read. Undefined when the queue file is gone.
   */
  readonly content: (() => AsyncIterable<Uint8Array> | Iterable<Uint8Array>) | undefined
}

// Bits of F-34.
const SMTPUTF8_REQUESTED = 1
const ANY_SMTPUTF8 = 1 | 2 | 4 | 8
const TLS_REQUIRED_NO = 16
const REQUIRE_TLS = 32

/** What the send options of a message mean for notifications of it. */
export interface SendOptions {
  readonly isSmtputf8Requested: boolean
  readonly isAnySmtputf8: boolean
  readonly isTlsOptional: boolean
  readonly isTlsRequired: boolean
}

export function readSendOptions(bits: number): SendOptions {
  const isTlsRequired = (bits & REQUIRE_TLS) !== 0
  return {
    isSmtputf8Requested: (bits & SMTPUTF8_REQUESTED) !== 0,
    isAnySmtputf8: (bits & ANY_SMTPUTF8) !== 0,
    isTlsOptional: (bits & TLS_REQUIRED_NO) !== 0 && !isTlsRequired,
    isTlsRequired,
  }
}

/** The send options of a notification: those of the original (F-72), unless it is `redacted`. */
export function inheritedSendOptions(bits: number, isRedacted: boolean): number {
  if ((bits & REQUIRE_TLS) === 0) return bits
  return isRedacted ? bits & ~(REQUIRE_TLS | TLS_REQUIRED_NO) : bits & ~TLS_REQUIRED_NO
}
