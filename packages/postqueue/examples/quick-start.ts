import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { runPostqueue } from '@posthouse/postqueue'
import { ContentWriter, nodeFileSystem, QueueStore } from '@posthouse/queue-store'

// A queue with one message.
const directory = await mkdtemp(join(tmpdir(), 'queue-'))
const hashing = { directory, hashQueueNames: ['deferred', 'defer'], hashQueueDepth: 1 }
const store = await QueueStore.open({
  ...hashing,
  longQueueIds: true,
  contentCacheBytes: 0,
  clock: systemClock,
  log: memoryLogger().logger,
})
const draft = await store.create()
const content = new ContentWriter(2048, 1000)
content.text(Buffer.from('Subject: hello\n\nFirst line\n'))
await draft.commit({
  arrivalTimeMs: Date.parse('2026-11-20T16:00:00Z'),
  sender: 'sender@example.org',
  attributes: [],
  recipients: [{ address: 'user@example.net', original: 'user@example.net' }],
  content: content.finish(),
})
await store.close()

const files = nodeFileSystem(() => systemClock.now())
const status = await runPostqueue(['-j'], {
  stdout: (bytes) => {
    process.stdout.write(Buffer.from(bytes).toString().replace(draft.id, 'QUEUEID'))
  },
  stderr: (bytes) => {
    process.stderr.write(bytes)
  },
  open: () => ({
    ...hashing,
    files,
    now: () => systemClock.now(),
    parseStatusLog: () => ({ entries: [], warnings: [] }), // That of @posthouse/bounce.
    longQueueIds: true,
    smtputf8: true,
    duplicateFilterLimit: 1000,
    emptyAddressRecipient: 'MAILER-DAEMON',
    mailName: 'Postfix',
    user: { name: 'root', id: 0, ownsQueue: true },
    isListed: () => true,
    isFastFlushDomain: () => false,
    isRunning: () => true,
    connectShowq: () => Promise.reject(new Error('nobody is there')),
    askFlush: () => Promise.reject(new Error('nobody is there')),
    trigger: () => Promise.reject(new Error('nobody is there')),
    setMode: chmod,
  }),
})
console.log('exit status', status)
files.end()
await rm(directory, { recursive: true })
