import type { MailLog } from '@posthouse/mail-log'
import type { MessageEnvelope, QueueStore } from '@posthouse/queue-store'
import type { Inflow } from '@posthouse/scheduler'
import type { SessionCache } from '@posthouse/smtp-client'

import type { QueueInternal } from './internal-mail.ts'
import type { KeptFiles } from './kept-files.ts'
import type { SystemResolver } from './system-resolver.ts'

/** What outlives a reload. */
export interface SharedParts {
  readonly mailLog: MailLog
  readonly store: QueueStore
  readonly sessions: SessionCache
  /** Keys and passwords that only the start may read. */
  readonly files: KeptFiles
  readonly dns: SystemResolver
  /** Told of each message that cleanup has queued, and whether it is one of many. */
  readonly queued: (envelope: MessageEnvelope, isOneOfMany: boolean) => void
  /** Mail that the mail system makes, with the tables of the generation of the moment. */
  readonly queueInternal: QueueInternal
  /** That of the queue manager of the moment. */
  readonly inflow: () => Inflow
}
