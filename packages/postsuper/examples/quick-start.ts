import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { nodeQueueTree, runPostsuper } from '@posthouse/postsuper'

const directory = mkdtempSync(join(tmpdir(), 'queue-'))
for (const queue of ['hold', 'deferred', 'incoming']) mkdirSync(join(directory, queue))
writeFileSync(join(directory, 'hold/new'), 'a message')
chmodSync(join(directory, 'hold/new'), 0o700)
// A queue id has the inode number of its file in it.
const inode = lstatSync(join(directory, 'hold/new')).ino.toString(16).toUpperCase()
const id = `0642A${inode}`
renameSync(join(directory, 'hold/new'), join(directory, 'hold', id))

const postsuper = (...args: string[]) =>
  runPostsuper(args, {
    isSuperuser: true,
    tree: nodeQueueTree,
    now: Date.now,
    openQueue: () => ({ directory, hashQueueNames: [], hashQueueDepth: 1, longQueueIds: false }),
    readInput: async () => Buffer.alloc(0),
    reasonOf: String,
    pause: async () => {},
    stderr: (bytes) => process.stdout.write(Buffer.from(bytes).toString().replace(id, '0642AB00B')),
  })

await postsuper('-H', id, '-d', 'no-id')
console.log(readdirSync(join(directory, 'deferred')).length, 'deferred')
rmSync(directory, { recursive: true })
