import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { ContentWriter, type NewMessage, QueueStore } from '@posthouse/queue-store'

const LINE_LENGTH_LIMIT = 2048
const LOOK_INTO_INCOMING = 'I' // S-36.

/** A message as another program of the mail system leaves it. */
export interface QueuedMessage
  extends Pick<NewMessage, 'sender' | 'recipients' | 'attributes' | 'encoding' | 'sendOptions'> {
  readonly text: Buffer
}

/**
 * Puts a message into `incoming`, and wakes the queue manager, as cleanup(8) does.
 *
 * @returns the queue id.
 */
export async function queueMessage(
  queueDirectory: string,
  { text, ...message }: QueuedMessage,
): Promise<string> {
  // In the queue itself there is room for one process that writes.
  const directory = mkdtempSync(join(queueDirectory, '../queued-'))
  const store = await QueueStore.open({
    directory,
    hashQueueNames: [],
    hashQueueDepth: 1,
    longQueueIds: true,
    contentCacheBytes: 0,
    clock: systemClock,
    log: memoryLogger().logger,
  })
  const draft = await store.create()
  const content = new ContentWriter(LINE_LENGTH_LIMIT, text.length)
  content.text(text)
  await draft.commit({
    ...message,
    arrivalTimeMs: draft.createTimeMs,
    content: content.finish(),
  })
  await store.close()
  const { id } = draft
  renameSync(join(directory, 'incoming', id), join(queueDirectory, 'incoming', id))
  rmSync(directory, { recursive: true })
  const queueManager = connect(join(queueDirectory, 'public/qmgr'))
  queueManager.end(LOOK_INTO_INCOMING)
  await once(queueManager, 'close')
  return id
}
