import { errorCode, type FileSystemEntry, type QueueFileSystem } from './file-system.ts'
import { isQueueFileName } from './queue-id.ts'

const REGULAR_FILE_BEING_WRITTEN = 0o100600
const TYPE_AND_OWNER_BITS = 0o170700
const TEMPORARY_NAME = /^\d+\.\d+$/ // Microseconds and process id (F-10).

/**
 * Removes files that are still being written (F-13) below a queue directory, under a temporary or
 * a final name. Nobody was told that they are queued.
 *
 * @returns how many there were.
 */
export async function removeUnfinished(files: QueueFileSystem, path: string): Promise<number> {
  let removed = 0
  for await (const entry of entries(files, path)) {
    const name = `${path}/${entry.name}`
    if (entry.isDirectory) {
      if (entry.name.length === 1) removed += await removeUnfinished(files, name)
    } else if (TEMPORARY_NAME.test(entry.name) || isQueueFileName(entry.name)) {
      if (await removeIfUnfinished(files, name)) removed += 1
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

async function removeIfUnfinished(files: QueueFileSystem, path: string): Promise<boolean> {
  try {
    const { mode } = await files.lstat(path)
    if ((mode & TYPE_AND_OWNER_BITS) !== REGULAR_FILE_BEING_WRITTEN) return false
    await files.unlink(path)
    return true
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
}
