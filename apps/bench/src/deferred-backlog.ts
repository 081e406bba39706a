import {
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  type Stats,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

import { encodeShortId, QueuePaths } from '@posthouse/queue-store'

const MICROSECONDS = 1_000_000
// As the defaults of hash_queue_names and hash_queue_depth.
const HASHING = { hashQueueNames: ['deferred', 'defer'], hashQueueDepth: 1 }

/**
 * Copies the one message that is deferred so many times, as files of their own whose names suit
 * them. The mail system is not running.
 *
 * @returns the files.
 */
export function fillDeferredQueue(queueDirectory: string, count: number): string[] {
  const template = onlyDeferredFile(queueDirectory)
  const content = readFileSync(template)
  const owner = statSync(template)
  const paths = new QueuePaths({ directory: queueDirectory, ...HASHING })
  const made = join(queueDirectory, 'deferred/new')
  return Array.from({ length: count }, (_, at) => {
    writeFileSync(made, content, { mode: 0o700 })
    chownSync(made, owner.uid, owner.gid)
    const id = encodeShortId((at * 7919) % MICROSECONDS, lstatSync(made).ino)
    for (const directory of paths.hashDirectories('deferred', id)) makeFor(owner, directory)
    const file = paths.file('deferred', id)
    renameSync(made, file)
    return file
  })
}

/** When they are to be tried again, in seconds from now: all at once, and now if it is past. */
export function retryIn(files: readonly string[], seconds: number): void {
  const at = Date.now() / 1000 + seconds
  for (const file of files) utimesSync(file, at, at)
}

/** Of those that were to be tried at once: how many have not got a new time yet. */
export function countUntried(files: readonly string[]): number {
  const now = Date.now()
  return files.filter((file) => {
    const mtimeMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs
    return mtimeMs !== undefined && mtimeMs < now
  }).length
}

export function deferredFiles(queueDirectory: string): string[] {
  const directory = join(queueDirectory, 'deferred')
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  return entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
}

function onlyDeferredFile(queueDirectory: string): string {
  const [file, ...others] = deferredFiles(queueDirectory)
  if (file === undefined || others.length > 0) throw new Error('expected one deferred message')
  return file
}

function makeFor({ uid, gid }: Stats, directory: string): void {
  const made = mkdirSync(directory, { recursive: true, mode: 0o700 })
  if (made !== undefined) chownSync(directory, uid, gid)
}
