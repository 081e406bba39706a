import type { HashingOptions } from '@posthouse/queue-store'

import type { ListingOptions, ListingPorts } from './list-queue.ts'

/** What the command needs of its program. */
export interface PostqueuePorts {
  /** Resolves when more can be written. */
  readonly stdout: (bytes: Uint8Array) => void | Promise<void>
  readonly stderr: (bytes: Uint8Array) => void
  /**
   * Reads the configuration in a directory; without one, in the directory of the program. It may
   * reject with an error whose message is for the operator.
   */
  readonly open: (configDirectory: string | undefined) => MailSystem | Promise<MailSystem>
}

/** What it takes to have mail tried now. */
export interface FlushSystem extends HashingOptions, Pick<ListingPorts, 'files' | 'now'> {
  /** Whether `fast_flush_domains` has a domain. It may throw, or reject. */
  readonly isFastFlushDomain: (domain: string) => boolean | Promise<boolean>
  /** Whether its queue manager can be reached. */
  readonly isRunning: () => boolean | Promise<boolean>
  /** Sends a trigger (S-36). Rejects with the error of the system call if nobody listens. */
  readonly trigger: (service: 'qmgr' | 'pickup', requests: string) => Promise<void>
  /** chmod(2) */
  readonly setMode: (path: string, mode: number) => Promise<void>
}

/** A mail system as its configuration describes it, running or not. */
export interface MailSystem extends FlushSystem, ListingOptions, Omit<ListingPorts, 'warn'> {
  /** `enable_long_queue_ids` */
  readonly longQueueIds: boolean
  /** `mail_name` */
  readonly mailName: string
  readonly user: QueueUser
  /** Whether the user is on the list of this name. It may throw, or reject. */
  readonly isListed: (
    list: 'authorized_mailq_users' | 'authorized_flush_users',
  ) => boolean | Promise<boolean>
  /** What the showq service says. Rejects with the error of the system call if none answers. */
  readonly connectShowq: () => Promise<AsyncIterable<Uint8Array>>
  /** What the flush service says to a request. Rejects with the error of the system call. */
  readonly askFlush: (request: Uint8Array) => Promise<AsyncIterable<Uint8Array>>
}

/** Who runs the command. */
export interface QueueUser {
  /** Login name; `unknown` where the user id has none. */
  readonly name: string
  readonly id: number
  /** The superuser or `mail_owner`: authorised for all, and can read the queue files. */
  readonly ownsQueue: boolean
}
