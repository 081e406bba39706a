import type { Clock } from '@posthouse/clock'
import type { DeliveryOutcome } from '@posthouse/delivery-status'
import type { Logger } from '@posthouse/mail-log'
import type {
  EnvelopeRecipient,
  MessageEnvelope,
  MessageQueue,
  QueueEntry,
  QueueListener,
  RecipientBatch,
  SentNotice,
  StatusLogKind,
  UnreadRecipients,
} from '@posthouse/queue-store'

/** The part of `QueueWatch` of the store that the queue manager needs. */
export interface QueueWatch {
  /** What a scan would give of one file; undefined if it is not there, or not ready. */
  find(id: string): Promise<QueueEntry | undefined>
  /** The queue has changed, and the listener was not told of it. */
  missedChanges(): Promise<boolean>
  close(): void
}

/** The part of `QueueStore` that the queue manager needs; see there for what each method does. */
export interface MessageStore {
  scan(queue: MessageQueue): AsyncGenerator<QueueEntry, void, void>
  /** A store that cannot tell of changes has its deferred queue read whole at each queue run. */
  watch?(queue: MessageQueue, listener: QueueListener): Promise<QueueWatch>
  move(
    id: string,
    from: MessageQueue,
    to: MessageQueue,
    options?: { modifiedMs?: number },
  ): Promise<boolean>
  remove(id: string, queue: MessageQueue): Promise<boolean>
  /** Rejects with an error whose `code` is `corrupt` (and `warnings` say why) or `vanished`. */
  readEnvelope(id: string, queue: MessageQueue, limit: number): Promise<MessageEnvelope>
  /** Rejects as `readEnvelope` does. */
  readRecipients(
    envelope: MessageEnvelope,
    queue: MessageQueue,
    unread: UnreadRecipients,
    limit: number,
  ): Promise<RecipientBatch>
  markDone(id: string, queue: MessageQueue, offsets: readonly number[]): Promise<void>
  appendStatusLog(kind: StatusLogKind, id: string, text: string): Promise<void>
  readStatusLog(kind: StatusLogKind, id: string): Promise<Uint8Array | undefined>
  removeStatusLog(kind: StatusLogKind, id: string): Promise<void>
  noteSent(id: string, queue: MessageQueue, notice: SentNotice): Promise<void>
}

/** Something that somebody is to be told of a message in the queue `active` (S-30). */
export interface NoticeRequest {
  /** Of recipients that failed, or whose time is up; that wait; that were asked for. */
  readonly kind: 'failure' | 'delay' | 'trace'
  /** Says what happened to each. */
  readonly log: StatusLogKind
  readonly message: MessageEnvelope
}

/** The services bounce, defer and trace (S-91). */
export interface NoticeService {
  /** Whether there is a service of this name: if not, its log is not written. */
  has(log: StatusLogKind): boolean
  /**
   * Resolves when whoever is to be told will be, whatever happens to this process, and the log is
   * removed, but for a delay. Rejects when that is to be done again after the next attempt.
   */
  send(request: NoticeRequest): Promise<void>
}

/** What the address resolver is asked: where mail goes, or a probe of an address (S-23). */
export type ResolveRequest = 'resolve' | 'verify'

/** What the address resolver says of one recipient (S-23). */
export type Resolution =
  | {
      readonly kind: 'route'
      readonly transport: string
      readonly nexthop: string
      /** The recipient to deliver to, in internal form; perhaps another than was asked for. */
      readonly recipient: string
      /** Why the domain is ours, if it is; `local` is what S-25 asks for. */
      readonly addressClass?: string
    }
  | { readonly kind: 'temporary-failure' | 'bad-address' }

/** Recipients of one message that go to one destination in one transaction (S-86). Plain data. */
export interface DeliveryRequest {
  /** The message is in the queue `active` under this id. */
  readonly queueId: string
  readonly transport: string
  readonly nexthop: string
  /** Internal form; empty for the null sender. With VERP, expanded for the one recipient. */
  readonly sender: string
  readonly recipients: readonly EnvelopeRecipient[]
  readonly contentOffset: number
  readonly dataSize: number
  readonly contentLength: number
  readonly encoding: '' | '7bit' | '8bit'
  /** Bits of F-34, 8 (a recipient is UTF-8) included. */
  readonly sendOptions: number
  /** ENVID, decoded; absent without one. */
  readonly envelopeId?: string | undefined
  /** RET; absent if nothing was asked for. */
  readonly returnContent?: 'full' | 'headers' | undefined
  /** Nothing may be delivered, only found out whether it could be (`sendmail -bv`). */
  readonly isProbe?: boolean | undefined
  /** Of the queue file, by name: where the message came from (F-39). */
  readonly attributes: ReadonlyMap<string, string>
  readonly arrivalTimeMs: number
  readonly activeTimeMs: number
  readonly handoffMs: number
  /** Whether the session may come from the connection cache, and go there (S-89). */
  readonly reuse: { readonly load: boolean; readonly store: boolean }
}

/** What became of a request. Plain data. */
export interface DeliveryReport {
  /** One per recipient of the request, in its order. */
  readonly outcomes: readonly DeliveryOutcome[]
  /** Given when connection or handshake failed: the destination is to blame (S-69). */
  readonly blame?: { readonly status: string; readonly reason: string } | undefined
  /** The queue file is damaged: when the attempt is over it is set aside (S-19). */
  readonly isCorrupt?: boolean | undefined
}

/** Delivers. A rejection counts as an agent that died: the recipients are deferred (S-69, S-84). */
export interface DeliveryAgent {
  deliver(request: DeliveryRequest): Promise<DeliveryReport>
}

/** What the program that composes the mail system gives to the queue manager. */
export interface QueueManagerPorts {
  readonly store: MessageStore
  /** Where a recipient goes. A rejection counts as `temporary-failure`, with a warning. */
  readonly resolve: (
    sender: string,
    recipient: string,
    request: ResolveRequest,
  ) => Resolution | Promise<Resolution>
  /** Completes the address that a message is redirected to (S-21); both in internal form. */
  readonly rewrite: (address: string) => string
  /**
   * The agent of a transport; undefined if there is none (now): the transport is dead (S-80). Those
   * of `error` and `retry` need only be there: what they would do is done without them.
   */
  readonly agents: (transport: string) => DeliveryAgent | undefined
  readonly notices: NoticeService
  /**
   * Where lines about the deliveries of a transport go: tagged with the agent's program name, so
   * `error` for `retry`, too (S-83, S-95).
   */
  readonly deliveryLog: (transport: string) => Logger
  /** Tagged `qmgr`. */
  readonly log: Logger
  readonly clock: Clock
}
