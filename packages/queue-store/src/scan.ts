import type { Logger } from '@posthouse/mail-log'

import { errorCode, type FileSystemStatus, type QueueFileSystem } from './file-system.ts'
import { isQueueFileName } from './queue-id.ts'

/** A message file that is complete, as a scan found it. */
export interface QueueEntry {
  readonly id: string
  /** "Not before", in milliseconds since 1970 (F-15). */
  readonly modifiedMs: number
  /** Permission bits; 0040 asks for delivery now, 0010 for expiry (F-13). */
  readonly mode: number
}

/** A file of a queue directory, by its name and its place. */
export interface FoundName {
  readonly name: string
  readonly path: string
}

const TYPE_BITS = 0o170000
const REGULAR_FILE = 0o100000
const READY_BITS = 0o700
/** Names that are sorted at a time: a directory of more comes in sorted pieces. */
const BATCH_SIZE = 1024
// A rename that is seen half-way looks like two links.
const LINKS_SETTLED_MS = 60_000

/**
 * The valid names below a queue directory, hash directories of any depth included (F-8). Memory
 * is one batch of names per level of directories. A hash directory that cannot be read keeps
 * nobody from those behind it: its error comes at the end.
 */
export async function* scanDirectory(
  files: QueueFileSystem,
  path: string,
): AsyncGenerator<FoundName, void, void> {
  const failures: unknown[] = []
  for await (const names of readBatches(files, path)) {
    for (const name of names.sort()) {
      if (name.length > 1) yield { name, path: `${path}/${name}` }
      else {
        try {
          yield* scanDirectory(files, `${path}/${name}`)
        } catch (error) {
          failures.push(error)
        }
      }
    }
  }
  if (failures.length > 0) throw failures[0]
}

/** Who asks whether a file may be opened. */
export interface ReadyCheck {
  /** `queue_directory`: what to leave away from paths in warnings. */
  readonly directory: string
  /** Takes what is odd about a file, without `warning:`. */
  readonly warn: (text: string) => void
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/**
 * The ready messages among files (F-13, F-14). Those not ready, and those that vanish meanwhile,
 * are left out without a word. A file that cannot be looked at is left out, too: its error comes
 * at the end, when the others have had their turn.
 *
 * @param directory What to leave away from paths in warnings.
 */
export async function* readyEntries(
  files: QueueFileSystem,
  names: AsyncIterable<FoundName>,
  { directory, log, now }: { directory: string; log: Logger; now: () => number },
): AsyncGenerator<QueueEntry, void, void> {
  const check = { directory, warn: (text: string) => log.warning(text), now }
  let failure: unknown
  for await (const name of names) {
    const entry = await readyEntry(files, name, check).catch((error: unknown) => {
      failure ??= error
      return undefined
    })
    if (entry !== undefined) yield entry
  }
  if (failure !== undefined) throw failure
}

/** One file, if it is there and ready. */
export async function readyEntry(
  files: QueueFileSystem,
  { name, path }: FoundName,
  check: ReadyCheck,
): Promise<QueueEntry | undefined> {
  const status = await statusOf(files, path)
  if (status === undefined || !isReady(status, path, check)) return undefined
  return { id: name, modifiedMs: status.modifiedMs, mode: status.mode & 0o7777 }
}

/**
 * Whether a file of a queue may be opened: regular and complete (F-13, F-14). The name has to be
 * checked with `isQueueFileName` before.
 *
 * @param path The file, below `check.directory`.
 */
export function isReady(status: FileSystemStatus, path: string, check: ReadyCheck): boolean {
  const where = `${path.slice(check.directory.length + 1)}: uid ${status.userId}`
  if ((status.mode & TYPE_BITS) !== REGULAR_FILE) {
    check.warn(`${where}: not a regular file`)
    return false
  }
  if ((status.mode & READY_BITS) !== READY_BITS) return false
  if (status.links > 1 && status.changedMs < check.now() - LINKS_SETTLED_MS) {
    check.warn(`${where}: file has ${status.links} links`)
  }
  return true
}

async function* readBatches(
  files: QueueFileSystem,
  path: string,
): AsyncGenerator<string[], void, void> {
  const directory = await files.opendir(path)
  try {
    let names: string[] = []
    for (let entry = await directory.read(); entry !== undefined; entry = await directory.read()) {
      // A one-letter name is a hash directory, and no other directory is ours.
      if (!isQueueFileName(entry.name) || (entry.name.length === 1 && !entry.isDirectory)) continue
      names.push(entry.name)
      if (names.length < BATCH_SIZE) continue
      yield names
      names = []
    }
    yield names
  } finally {
    await directory.close()
  }
}

async function statusOf(
  files: QueueFileSystem,
  path: string,
): Promise<FileSystemStatus | undefined> {
  try {
    return await files.lstat(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
