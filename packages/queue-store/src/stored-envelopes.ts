import type { Logger } from '@posthouse/mail-log'

import type { DoneMarks } from './done-marks.ts'
import { readEnvelopeRecords } from './envelope-reader.ts'
import { recordReader } from './file-records.ts'
import type { QueueFileSystem } from './file-system.ts'
import { takeFlush } from './flush-bit.ts'
import type { MessageEnvelope, RecipientBatch, UnreadRecipients } from './message.ts'
import type { MessageQueue } from './queue-name.ts'
import type { QueuePaths } from './queue-path.ts'
import { readRecipientRecords } from './recipient-reader.ts'

/** Where envelopes are, and what is needed to read them. */
export interface EnvelopeContext {
  readonly files: QueueFileSystem
  readonly paths: QueuePaths
  readonly marks: DoneMarks
  readonly directory: string
  readonly verpDelimiterFilter: string
  readonly log: Logger
}

/** Reads what queue files say of their messages, and heeds marks that are not written. */
export class StoredEnvelopes {
  readonly #context: EnvelopeContext
  readonly #open: (path: string) => Promise<number>

  /** @param open Opens a file for reading; rejects with `vanished` when there is none. */
  constructor(context: EnvelopeContext, open: (path: string) => Promise<number>) {
    this.#context = context
    this.#open = open
  }

  async read(id: string, queue: MessageQueue, limit: number): Promise<MessageEnvelope> {
    const { files, paths, marks, log, directory, verpDelimiterFilter } = this.#context
    const path = paths.file(queue, id)
    const relativePath = path.slice(directory.length + 1)
    const file = await this.#open(path)
    try {
      const status = files.fstat(file)
      const { mode } = status
      const warn = (text: string): void => log.warning(text)
      const source = { id, relativePath, mode, limit, verpDelimiterFilter, warn }
      const envelope = await readEnvelopeRecords(recordReader(files, file, status), source)
      const warnOf = (text: string): void => log.warning(`${relativePath}: ${text}`)
      if (envelope.flush) await takeFlush(files, path, mode, warnOf)
      return await marks.apply(envelope, id, queue)
    } finally {
      files.close(file)
    }
  }

  async readRecipients(
    { id, ...content }: Pick<MessageEnvelope, 'id' | 'contentOffset' | 'dataSize'>,
    queue: MessageQueue,
    unread: UnreadRecipients,
    limit: number,
  ): Promise<RecipientBatch> {
    const { files, paths, marks, log, directory } = this.#context
    const path = paths.file(queue, id)
    const relativePath = path.slice(directory.length + 1)
    const file = await this.#open(path)
    try {
      const reader = recordReader(files, file, files.fstat(file), { start: unread.behind })
      const warn = (text: string): void => log.warning(text)
      const source = { id, relativePath, content, unread, limit, warn }
      return await marks.apply(await readRecipientRecords(reader, source), id, queue)
    } finally {
      files.close(file)
    }
  }
}
