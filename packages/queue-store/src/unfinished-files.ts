import { errorCode, type FileSystemEntry, type QueueFileSystem } from './file-system.ts'
import { isQueueFileName } from './queue-id.ts'

const REGULAR_FILE = 0o100000
const REGULAR_FILE_BEING_WRITTEN = 0o100600
const TYPE_BITS = 0o170000
const TYPE_AND_OWNER_BITS = 0o170700
const TEMPORARY_NAME = /^\d+\.\d+$/ // Microseconds and process id (F-10).

/**
 * Removes files below a queue directory that are still being written: those with a temporary name,
 * and those that are not ready, as Postfix makes them (F-13). Nobody was told that they are queued.
 *
 * @returns how many there were.
 */
export async function removeUnfinished(files: QueueFileSystem, path: string): Promise<number> {
  let removed = 0
  for await (const entry of entries(files, path)) {
    const name = `${path}/${entry.name}`
    if (entry.isDirectory) {
      if (entry.name.length === 1) removed += await removeUnfinished(files, name)
    } else if (await removeIfUnfinished(files, name, entry.name)) {
      removed += 1
    }
  }
  return removed
}

async function* entries(
  files: QueueFileSystem,
  path: string,
): AsyncGenerator<FileSystemEntry, void, void> {
  const directory = await files.opendir(path)
  try {
    for (let entry = await directory.read(); entry !== undefined; entry = await directory.read()) {
      yield entry
    }
  } finally {
    await directory.close()
  }
}

async function removeIfUnfinished(
  files: QueueFileSystem,
  path: string,
  name: string,
): Promise<boolean> {
  const isTemporary = TEMPORARY_NAME.test(name)
  if (!isTemporary && !isQueueFileName(name)) return false
  try {
    const { mode } = await files.lstat(path)
    const isUnfinished = isTemporary
      ? (mode & TYPE_BITS) === REGULAR_FILE
      : (mode & TYPE_AND_OWNER_BITS) === REGULAR_FILE_BEING_WRITTEN
    if (isUnfinished) await files.unlink(path)
    return isUnfinished
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
}
