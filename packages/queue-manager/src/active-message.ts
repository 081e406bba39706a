import type { EnvelopeRecipient, MessageEnvelope } from '@posthouse/queue-store'

/** Recipients of one message for one destination: the unit of scheduling and of delivery. */
export interface Request {
  readonly message: ActiveMessage
  readonly transport: string
  readonly nexthop: string
  /** Names the destination among those of the transport (S-27). */
  readonly queueName: string
  readonly sender: string
  readonly recipients: EnvelopeRecipient[]
}

/** One message in memory, from activation to the end of the attempt. */
export class ActiveMessage {
  readonly envelope: MessageEnvelope
  readonly activeMs: number
  /** It was found by a scan that overrides `defer_transports` (S-39). */
  readonly overrideDefer: boolean
  /** Requests that have not ended. */
  pending = 0
  /** A recipient must be tried again: the message goes to the deferred queue. */
  deferred = false
  /** Entries for the defer log. */
  readonly deferLog: string[] = []
  /** Offsets of final recipients that the queue file does not show as done yet. */
  #unmarked: number[] = []
  /** Resolves when the queue file is not being written to. */
  marking: Promise<void> | undefined

  constructor(envelope: MessageEnvelope, activeMs: number, overrideDefer: boolean) {
    this.envelope = envelope
    this.activeMs = activeMs
    this.overrideDefer = overrideDefer
  }

  get id(): string {
    return this.envelope.id
  }

  /** A recipient is final. Those that are not in the queue file have no offset. */
  markLater(offset: number): void {
    if (offset > 0) this.#unmarked.push(offset)
  }

  /** The offsets to mark, which are then the caller's concern. */
  takeUnmarked(): readonly number[] {
    const offsets = this.#unmarked
    if (offsets.length > 0) this.#unmarked = []
    return offsets
  }
}
