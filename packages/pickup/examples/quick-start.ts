import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { Pickup } from '@posthouse/pickup'
import { nodeFileSystem } from '@posthouse/queue-store'

const queueDirectory = mkdtempSync(join(tmpdir(), 'queue-'))
mkdirSync(join(queueDirectory, 'maildrop'))
const records = 'S\x0fbob@example.comR\x0fann@example.orgM\0N\x0cSubject: teaX\0E\0'
writeFileSync(join(queueDirectory, 'maildrop/0642AB00B'), records)
chmodSync(join(queueDirectory, 'maildrop/0642AB00B'), 0o744)

const { logger, lines } = memoryLogger()
const options = { queueDirectory, ownerId: 112, wakeupMs: () => 60_000 }
const pickup = new Pickup(options, {
  files: nodeFileSystem(() => systemClock.now()),
  clock: systemClock,
  log: logger,
  open: async () => ({
    id: '0642AC0DE',
    submit: async ({ sender, recipients, content }) => {
      console.log(sender, recipients, JSON.stringify(content.toString()))
      return { kind: 'done' }
    },
  }),
})
await pickup.start()
await pickup.close()
console.log(readdirSync(join(queueDirectory, 'maildrop')).length, 'left')
console.log(lines.map((line) => line.replace(/uid=\d+/, 'uid=1000')))
rmSync(queueDirectory, { recursive: true })
