import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'

import { dropMessage, nodeMaildropFiles } from '@posthouse/postdrop'

const queueDirectory = mkdtempSync(join(tmpdir(), 'queue-'))
mkdirSync(join(queueDirectory, 'maildrop'))

// Sender, recipient, content, one line of it, the rest of the envelope, end.
const records = 'S\x0fbob@example.comR\x0fann@example.orgM\0N\x0cSubject: teaX\0E\0'
const result = await dropMessage(Readable.from([Buffer.from(records)]), {
  queueDirectory,
  longQueueIds: false,
  maxFileBytes: 10_240_000,
  processId: process.pid,
  files: nodeMaildropFiles,
  nowMs: () => performance.timeOrigin + performance.now(),
  lineLengthLimit: 2048,
  userId: 1000,
  mayUseSender: () => true,
  triggerPickup: async () => {},
  warn: console.error,
})
console.log(result.kind, readdirSync(join(queueDirectory, 'maildrop')).length)
rmSync(queueDirectory, { recursive: true })
