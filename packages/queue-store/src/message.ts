/** One recipient of a message that is about to be stored. Addresses in internal form. */
export interface NewRecipient {
  /** Where to deliver to; the `R` record. */
  readonly address: string
  /** The recipient before aliases and rewriting; the `O` record. */
  readonly original: string
  /** DSN ORCPT, `type;address`, decoded; left out when empty. */
  readonly dsnOriginal?: string
  /** DSN NOTIFY: 1 NEVER, or a sum of 2 SUCCESS, 4 FAILURE, 8 DELAY; 0 or absent: not requested. */
  readonly notify?: number | undefined
  /** The NOTIFY that was asked for, where an alias leaves less of it in `notify` (F-43). */
  readonly notifyAsked?: number
}

/** What is known of a message before its content: what the queue file begins with. */
export interface NewEnvelope {
  /** When the client came, in milliseconds since 1970; kept in microseconds (F-36). */
  readonly arrivalTimeMs: number
  /** Internal form; empty for the null sender. */
  readonly sender: string
  /** `F`: the full name of the sender, if it is known (F-46). */
  readonly fullName?: string
  /** What goes before the sender; names as for `attributes`. */
  readonly leadingAttributes?: readonly (readonly [name: string, value: string])[]
  /** `content_filter`, `transport:nexthop`; stored before the sender. */
  readonly contentFilter?: string
  /** Two characters (Q-902, `V`). */
  readonly verpDelimiters?: string | undefined
  /** When to warn the sender of a delay, in milliseconds since 1970; kept in seconds (F-37). */
  readonly warningTimeMs?: number | undefined
  /**
   * What goes after the sender, in this order (F-46). Names are of `A-Z a-z 0-9 _ . -`, and none of
   * those that have a property of their own: `create_time`, `notify_flags`, `dsn_orig_rcpt`.
   */
  readonly attributes: readonly (readonly [name: string, value: string])[]
  readonly recipients: readonly NewRecipient[]
  /** `message_size_limit`: bytes of the whole file; 0 or absent means no limit. */
  readonly maxFileBytes?: number
}

/** The end of a message that is about to be stored, and what is known of it by then. */
export interface NewContent {
  /**
   * Content records, made with `ContentWriter`: all that were not appended before, at least one of
   * all. Not copied and not changed.
   */
  readonly content: Uint8Array
  /**
   * The text of `content`: the `contentText` of its writer. Not copied and not changed. If it is
   * not given, it is taken from the records where it is to be kept in memory.
   */
  readonly text?: Uint8Array | undefined
  /** What header and content ask for; the extracted segment. */
  readonly encoding?: '7bit' | '8bit' | undefined
  readonly messageId?: string | undefined
  /** Field 6 of the size record: bits of F-34. */
  readonly sendOptions?: number
  /** `transport:nexthop` of a FILTER action; overrides `contentFilter`. */
  readonly filter?: string | undefined
  /** Address of a REDIRECT action. */
  readonly redirect?: string | undefined
  /** Recipients that the sender asked for behind the content, as `sendmail -t` does. */
  readonly lateRecipients?: readonly NewRecipient[]
  /** Other recipients of the extracted segment, such as `always_bcc`. */
  readonly extraRecipients?: readonly NewRecipient[]
  /** Entries of the trace log that are to be there when the message is (F-43). */
  readonly traceLog?: string | undefined
}

/** A message that is about to be stored, complete but for its queue id and its creation time. */
export interface NewMessage extends NewEnvelope, NewContent {}

/** A recipient that is still to be delivered. Addresses in internal form. */
export interface EnvelopeRecipient {
  readonly address: string
  /** The recipient before aliases and rewriting, if the file tells. */
  readonly original?: string
  /** DSN ORCPT, `type;address`. */
  readonly dsnOriginal?: string
  /** DSN NOTIFY as in {@link NewRecipient}; 0 when it was not requested. */
  readonly notify: number
  /** Where its record begins, in bytes from the start of the file; for `markDone`. */
  readonly offset: number
}

/** Recipients of a queue file that were not read: there is one at least. */
export interface UnreadRecipients {
  /** How many there may be, those that are done included. */
  readonly atMost: number
  /** They follow the recipient whose record is at this offset. */
  readonly behind: number
}

/** Recipients that were read of a queue file. */
export interface RecipientBatch {
  /** Those still to do, in the order of the file. */
  readonly recipients: readonly EnvelopeRecipient[]
  /** Those that come next; undefined when there are no more. */
  readonly unread?: UnreadRecipients
}

/** What a queue file says about its message, content aside. */
export interface MessageEnvelope {
  readonly id: string
  /** Internal form; empty for the null sender. */
  readonly sender: string
  /** The `T` record, milliseconds since 1970 in steps of a microsecond. */
  readonly arrivalTimeMs: number
  /** `create_time`, milliseconds since 1970 in whole seconds; the arrival time if it is missing. */
  readonly createTimeMs: number
  /** Offset of the first content record, in bytes (field 2 of the size record). */
  readonly contentOffset: number
  /** Bytes of the content records as first written (field 1). */
  readonly dataSize: number
  /** Bytes of the content records after edits (field 5): the `size=` of log lines. */
  readonly contentLength: number
  /** Recipients when the file was written, done and cancelled ones included (field 3). */
  readonly recipientCount: number
  /** NOTIFY=SUCCESS was asked for, if only for an alias (field 4): there may be a trace log. */
  readonly isSuccessAsked?: boolean
  /** Those still to do, in the order of the file. */
  readonly recipients: readonly EnvelopeRecipient[]
  /** Those behind them that were not read; undefined when there are none. */
  readonly unread?: UnreadRecipients
  readonly encoding: '' | '7bit' | '8bit'
  /** Bits of F-34. */
  readonly sendOptions: number
  /** "Deliver now" was asked for (mode bit 0040, F-13). */
  readonly flush: boolean
  /** Somebody wants it to expire now (mode bit 0010, F-13). */
  readonly isForceExpired?: boolean
  /** `transport:nexthop`; the filter of the extracted segment overrides that of the envelope. */
  readonly contentFilter?: string
  readonly redirect?: string
  /** When to warn the sender, milliseconds since 1970; absent when never or already done. */
  readonly warningTimeMs?: number
  /** The sender was warned of the delay: `W` is -1 (S-33). */
  readonly isDelaySent?: boolean
  readonly verpDelimiters?: string
  /** The attributes of F-39 by name, except those that have a property of their own. */
  readonly attributes: ReadonlyMap<string, string>
}
