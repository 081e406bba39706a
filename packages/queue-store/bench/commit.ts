// Messages per second that become durable, 20 at a time, as a mail server under load has them.
// node --conditions=@posthouse/source bench/commit.ts [directory] [messages]
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { ContentWriter, type NewMessage, QueueStore } from '@posthouse/queue-store'

const PARALLEL = 20
const LINE_LENGTH_LIMIT = 2048
const BODY = Buffer.from(
  `${'All work and no play makes Jack a dull boy, it is said.\n'.repeat(70)}`,
)
const HEADER = Buffer.from(
  'Received: from localhost (localhost [127.0.0.1])\n\tby mail.example.com (Postfix) with QMQP\n' +
    'From: <sender@example.com>\nTo: <recipient@example.net>\nSubject: bench\n\n',
)

const [parent = '.', count = '5000'] = process.argv.slice(2)
const directory = mkdtempSync(join(parent, 'queue-store-bench-'))
const messages = Number(count)

for (const contentCacheBytes of [0, 64 * 1024 * 1024]) {
  const store = await QueueStore.open({
    directory,
    hashQueueNames: ['deferred', 'defer'],
    hashQueueDepth: 1,
    longQueueIds: false,
    contentCacheBytes,
    clock: systemClock,
    log: memoryLogger().logger,
    processId: process.pid,
  })
  for (const step of ['warm-up', 'measured']) {
    const cpu = process.cpuUsage()
    const started = performance.now()
    await commitAll(store)
    const seconds = (performance.now() - started) / 1000
    const { user, system } = process.cpuUsage(cpu)
    const perMessage = Math.round((user + system) / messages)
    console.log(
      `${step}, cache of ${contentCacheBytes} bytes: ` +
        `${Math.round(messages / seconds)} commits/s, ` +
        `${perMessage} µs of CPU each`,
    )
  }
  await store.close()
}
rmSync(directory, { recursive: true })

async function commitAll(store: QueueStore): Promise<void> {
  let left = messages
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const draft = await store.create()
      await draft.commit(message())
      await store.remove(draft.id, 'incoming')
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
}

function message(): NewMessage {
  const content = new ContentWriter(LINE_LENGTH_LIMIT, HEADER.length + BODY.length)
  content.text(HEADER)
  content.text(BODY)
  return {
    arrivalTimeMs: systemClock.now(),
    sender: 'sender@example.com',
    attributes: [
      ['log_client_name', 'localhost'],
      ['log_client_address', '127.0.0.1'],
      ['log_client_port', '59494'],
      ['log_message_origin', 'localhost[127.0.0.1]'],
      ['log_protocol_name', 'QMQP'],
      ['client_name', 'localhost'],
      ['client_address', '127.0.0.1'],
      ['client_port', '59494'],
      ['client_address_type', '2'],
      ['protocol_name', 'QMQP'],
    ],
    recipients: [
      {
        address: 'recipient@example.net',
        original: 'recipient@example.net',
        dsnOriginal: 'rfc822;recipient@example.net',
      },
    ],
    content: content.finish(),
  }
}
