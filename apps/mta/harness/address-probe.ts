import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { ContentWriter, QueueStore } from '@posthouse/queue-store'

const LINE_LENGTH_LIMIT = 2048
const LOOK_INTO_INCOMING = 'I' // S-36.
// F-40: nothing is delivered, and nobody is told.
const PROBE = '256'

/**
 * Asks about addresses, as verify(8) does: with a message that has no content.
 *
 * @returns the queue id.
 */
export async function queueProbe(
  queueDirectory: string,
  sender: string,
  recipients: readonly string[],
): Promise<string> {
  // In the queue itself there is room for one process that writes.
  const directory = mkdtempSync(join(queueDirectory, '../probe-'))
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
  const content = new ContentWriter(LINE_LENGTH_LIMIT, 0)
  content.line(Buffer.from('Subject: probe'))
  await draft.commit({
    arrivalTimeMs: draft.createTimeMs,
    sender,
    attributes: [['trace_flags', PROBE]],
    recipients: recipients.map((address) => ({ address, original: address })),
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
