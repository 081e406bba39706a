import type { DeliveryOutcome } from '@posthouse/delivery-status'

/** Bit of `sendOptions`: the message came with SMTPUTF8. */
export const SMTPUTF8_REQUESTED: number = 1
/** Bits of `sendOptions`: the headers, the sender, a recipient hold UTF-8. */
export const SMTPUTF8_CONTENT: number = 14
/** Bit of `sendOptions`: the message has a header `TLS-Required: no`. */
export const TLS_OPTIONAL: number = 16
/** Bit of `sendOptions`: the sender has asked for REQUIRETLS (RFC 8689). */
export const REQUIRETLS: number = 32

/** One recipient of a delivery. */
export interface SmtpRecipient {
  /** Internal form. */
  readonly address: string
  /** As it was before rewriting; becomes ORCPT. Internal form. */
  readonly original?: string | undefined
  /** The ORCPT with which the message came, decoded: `rfc822;user@example.com`. */
  readonly dsnOriginal?: string | undefined
  /** NOTIFY: 0 nothing said, 1 NEVER, else a sum of 2 SUCCESS, 4 FAILURE, 8 DELAY. */
  readonly notify?: number | undefined
}

/** Where a message came from: the client, and what it said. Empty, or `unknown`: not known. */
export interface MessageOrigin {
  readonly name: string
  /** IPv6 addresses as in headers: `IPv6:2001:db8::1`. */
  readonly address: string
  readonly port: string
  readonly protocol: string
  readonly helo: string
  /** The queue id that the message had first. */
  readonly ident: string
  /** Whether it counts as mail of this system (`rewrite_context`). */
  readonly isLocal: boolean
}

/** One message for one next hop. Plain data, but for the content. */
export interface SmtpDelivery {
  readonly queueId: string
  /** One or more destinations, separated by commas or white space (C-6). */
  readonly nexthop: string
  /** Internal form; empty for the null sender. */
  readonly sender: string
  readonly recipients: readonly SmtpRecipient[]
  /** Octets with CRLF line ends, as counted when the message was queued (C-78), if they were. */
  readonly contentSize: number | undefined
  readonly encoding: '' | '7bit' | '8bit'
  /**
   * Sum of `SMTPUTF8_REQUESTED` (1); 2, 4, 8 for UTF-8 in header, sender, recipient; `TLS_OPTIONAL`
   * (16); `REQUIRETLS` (32).
   */
  readonly sendOptions: number
  /** Asked where a server is to be told (C-76); absent: it is told nothing. */
  readonly origin?: (() => MessageOrigin) | undefined
  /** ENVID of the message, decoded. */
  readonly envelopeId?: string | undefined
  /** RET of the message. */
  readonly returnContent?: 'full' | 'headers' | undefined
  /**
   * The content, lines ended by LF, in chunks of any size. Called once per attempt, so maybe not
   * at all or several times. An error ends the attempt without a complete message (C-89).
   */
  readonly content: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  /**
   * How long the message had waited when it was taken up this time, in ms, 0 if it is not known:
   * after TLS has failed, old mail may go out without (C-97).
   */
  readonly waitedMs?: number | undefined
  /** When the message arrived, as the clock of the client tells it; absent: not known (C-50). */
  readonly arrivalTimeMs?: number | undefined
  /** Nothing is delivered: each recipient is asked for, and what the server says is all (C-81). */
  readonly isProbe?: boolean | undefined
  /** What the queue manager says about keeping sessions (C-113). */
  readonly reuse: { readonly load: boolean; readonly store: boolean }
}

/** A session in which something was out of order, for the postmaster (C-110). */
export interface SessionNotice {
  /** `name[address]:port` of the server. */
  readonly relay: string
  /**
   * Commands as `Out: TEXT`, lines of replies as `In:  TEXT`, in order; what could help to log in
   * is masked. Of a long session some of the middle is left out.
   */
  readonly transcript: readonly string[]
}

/** What became of a delivery. */
export interface SmtpReport {
  /** One per recipient, in their order. */
  readonly outcomes: readonly DeliveryOutcome[]
  /** Why the destination seems to be out of service; absent when it is not (C-98). */
  readonly blame?: { readonly status: string; readonly reason: string } | undefined
  /**
   * Indexes of recipients that failed because this host is their best mail exchanger: they may be
   * passed on, as `best_mx_transport` does (C-8, C-9). Absent when there are none.
   */
  readonly looping?: readonly number[] | undefined
  /** Sessions of which `notifyClasses` says that the postmaster is told. Absent: none. */
  readonly notices?: readonly SessionNotice[] | undefined
}
