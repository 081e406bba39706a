import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { ContentWriter, QueueStore } from '@posthouse/queue-store'

const directory = await mkdtemp(join(tmpdir(), 'queue-'))
const store = await QueueStore.open({
  directory,
  hashQueueNames: ['deferred', 'defer'],
  hashQueueDepth: 1,
  longQueueIds: true,
  contentCacheBytes: 16 * 1024 * 1024,
  clock: systemClock,
  log: memoryLogger().logger,
})

const draft = await store.create()
const content = new ContentWriter(2048, 1000)
content.text(Buffer.from('Subject: hello\n\nFirst line\n'))
await draft.commit({
  arrivalTimeMs: draft.createTimeMs,
  sender: 'sender@example.org',
  attributes: [['log_client_name', 'localhost']],
  recipients: [{ address: 'user@example.net', original: 'user@example.net' }],
  content: content.finish(),
})
// From here on the message survives a crash.

for await (const { id } of store.scan('incoming')) {
  const envelope = await store.readEnvelope(id, 'incoming')
  console.log(`from ${envelope.sender}, to ${envelope.recipients[0]?.address}`)
  for await (const chunk of store.readContent(id, 'incoming', envelope)) {
    console.log(Buffer.from(chunk).toString().trimEnd())
  }
  await store.remove(id, 'incoming')
}

await store.close()
await rm(directory, { recursive: true })
