import type { DeliveryLogRecord } from './delivery-line.ts'

/** What a line of the log tells, in one word; warnings and errors have none. */
export type LogEventName =
  | 'connect'
  | 'disconnect'
  | 'client'
  | 'message-id'
  | 'resent-message-id'
  | 'active'
  | 'delivery'
  | 'removed'
  | 'canceled'
  | 'discarded'
  | CheckEventName

/** What a header or body check, or the MIME structure, brought about: the word of the line. */
export type CheckEventName =
  | 'bcc'
  | 'discard'
  | 'filter'
  | 'hold'
  | 'info'
  | 'pass'
  | 'prepend'
  | 'redirect'
  | 'reject'
  | 'replace'
  | 'strip'
  | 'warning'

/**
 * The facts of a line as data. Text may hold whatever a peer sent. Addresses are in the form that
 * the line has them (`info_log_address_format`), without `<>`.
 */
export interface EventFields {
  readonly event?: LogEventName | undefined
  readonly queueId?: string | undefined
  /** Verified host name of a client, or `unknown`. */
  readonly clientName?: string | undefined
  readonly clientAddress?: string | undefined
  /** As the message has it, `<>` included. */
  readonly messageId?: string | undefined
  /** Empty for the null sender. */
  readonly from?: string | undefined
  /** Of the message, in bytes. */
  readonly size?: number | undefined
  /** Recipients of the message. */
  readonly recipientCount?: number | undefined
  /** The server that was asked: `name[address]:port`, or `none`. */
  readonly relay?: string | undefined
  /** A recipient. */
  readonly to?: string | undefined
  /** What was wrong, or what the peer was told. */
  readonly reason?: string | undefined
}

/**
 * What goes with the text of a line, for logs that are read by programs: the same facts as data. A
 * delivery line is accompanied by the record that it was made of.
 */
export type LogFields = EventFields | DeliveryLogRecord
