import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'
import type { QueueFileSystem } from '@posthouse/queue-store'

import type { MaildropMessage } from './maildrop-message.ts'

/** Who handed a message in. */
export interface Submitter {
  /** Owner of its file. */
  readonly userId: number
  /** The mail system had it before, and an operator sent it through again (`postsuper -r`). */
  readonly isRequeued: boolean
}

/** What became of a message. */
export type PickupResult =
  /** It is durable somewhere else, or refused for good: its file in the maildrop may go. */
  | { readonly kind: 'done' }
  /** It cannot be taken now; `reason` is for the log. */
  | { readonly kind: 'later'; readonly reason: string }

/** A queue id that waits for its message. Ends with one call of `submit`. */
export interface PickupTransaction {
  readonly id: string
  submit(message: MaildropMessage): Promise<PickupResult>
}

/** What the program provides. */
export interface PickupPorts {
  readonly files: QueueFileSystem
  readonly clock: Clock
  /** Of the process name `pickup`. */
  readonly log: Logger
  /** Hands a message to cleanup(8). */
  open(submitter: Submitter): Promise<PickupTransaction>
}

/** Parameters are quoted. */
export interface PickupOptions {
  /** `queue_directory`. */
  readonly queueDirectory: string
  /** User id of `mail_owner`, whose files may be requeued ones (F-59). */
  readonly ownerId: number
  /** The wakeup time of its service in master.cf, in ms; 0: it is woken by triggers alone. */
  readonly wakeupMs: () => number
}
