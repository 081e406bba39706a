import type { Logger } from '@posthouse/mail-log'
import type { MessageEnvelope, NewContent, NewEnvelope } from '@posthouse/queue-store'
import type { CleanupRecipient } from './received-recipient.ts'

/** Queues for mail that is to be delivered. */
export type TargetQueue = 'incoming' | 'active'

/** `hold` takes mail that waits for a person. */
export type DraftQueue = TargetQueue | 'hold'

/** A queue file that has its id and not yet a message. `QueueFileDraft` of queue-store is one. */
export interface MessageDraft {
  readonly id: string
  readonly createTimeMs: number
  /**
   * Takes what comes before the content; called first.
   *
   * @returns how many bytes of content records are allowed; negative if the envelope is too large.
   */
  start(envelope: NewEnvelope): number
  /**
   * Writes content records of a message that is too large to be kept in memory.
   *
   * @throws {QueueFileError} of queue-store, `too-large` or `write`; `abort` follows.
   */
  append(records: Uint8Array): Promise<void>
  /**
   * Stores the rest of the message. Resolved means durable; rejected means that the file was
   * removed.
   *
   * @throws {QueueFileError} as `append` does.
   */
  finish(message: NewContent, queue: DraftQueue): Promise<MessageEnvelope>
  /** Removes the file. */
  abort(): Promise<void>
}

/** Where messages go. `QueueStore` of queue-store is one. */
export interface MessageStore {
  create(): Promise<MessageDraft>
}

/** What the program provides. */
export interface CleanupPorts {
  readonly store: MessageStore
  /**
   * Where messages go. `active` is for a caller that hands each one to a queue manager in the same
   * process at once; `incoming` for one that finds new mail there.
   */
  readonly queue: TargetQueue
  /**
   * Completes an address: source route, `!`, `%`, `@$myorigin`, `.$mydomain`. Both sides in
   * internal form. Not asked about the empty address.
   */
  readonly rewrite: (address: string) => string
  /** The same for an address in a header: both sides in external form, without `<>`. */
  readonly rewriteExternal: (address: string) => string
  /** Of the process name `cleanup`. */
  readonly log: Logger
  /**
   * Entries for the trace log of recipients that aliases were expanded for (F-43); absent: none are
   * kept.
   */
  readonly formatExpanded?: (recipients: readonly ExpandedRecipient[]) => string
  /** The abbreviation of the local time zone at a time, such as `CET`; see `localZoneNames`. */
  readonly zoneName: (timeMs: number) => string
}

/** A recipient with NOTIFY=SUCCESS that is an alias. Addresses in internal form. */
export interface ExpandedRecipient {
  readonly address: string
  readonly original: string
  /** `type;address`; may be empty. */
  readonly dsnOriginal: string
  readonly notify: number
}

/** A message as it was received. `QmqpMessage` of qmqp-server is one. */
export interface CleanupMessage {
  /** Text with LF line ends. Read until `submit` resolves, and never changed. */
  readonly content: Uint8Array
  /** Internal form, empty for the null sender. */
  readonly sender: string
  /** Internal form, in order, as received: duplicates and empty addresses included. */
  readonly recipients: readonly CleanupRecipient[]
  /** Two characters. */
  readonly verpDelimiters?: string | undefined
  /** When the client came, in ms since 1970. */
  readonly arrivalTimeMs: number
  /** What only mail has that was handed in on this machine, or that is sent through again. */
  readonly submission?: Submission
}

type Attributes = readonly (readonly [name: string, value: string])[]

/** More of the envelope, as pickup(8) finds it in the maildrop (F-46, F-58). */
export interface Submission {
  /** Of the sender; empty: not known. */
  readonly fullName: string
  /** Recipients that stand behind the content. */
  readonly lateRecipients: readonly CleanupRecipient[]
  /**
   * Before the sender. With `rewrite_context=remote` the header stays as it is, and nothing that
   * is missing there is added.
   */
  readonly leadingAttributes: Attributes
  /** Behind the sender. An `encoding` is one for the content, too. */
  readonly attributes: Attributes
  /** When to warn of a delay, ms since 1970, whatever `delay_warning_time` says now. */
  readonly warningTimeMs?: number | undefined
  /** Bits of F-34 that were asked for. */
  readonly sendOptions: number
}
