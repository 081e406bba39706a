import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'

import { fileErrorText } from '@posthouse/config'

import { PostconfError } from './errors.ts'

/** Waits until nobody else has an exclusive flock(2) on an open file, and takes it. */
export type LockFile = (descriptor: number) => void

const MAX_TRIES = 100
// A link there would let whoever made it choose what is overwritten.
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW

/**
 * Replaces a file by what `edit` makes of it: writes `FILE.tmp` beside it, syncs and renames that.
 * Whoever reads the file sees all of the old or all of the new content. Mode and owner stay.
 *
 * The lock is on `FILE.tmp` from before the file is read until it is renamed, as postconf(1) has
 * it: of two that edit at once, ours or Postfix's, the second starts from what the first has
 * written. An editor that knows nothing of this lock, such as vi(1), is not kept out. A symbolic
 * link is replaced by a file.
 *
 * @throws {PostconfError} `file`; the file is then as it was. What `edit` throws.
 */
export function replaceFile(
  path: string,
  edit: (content: Uint8Array) => Uint8Array,
  lock: LockFile,
): void {
  const temporary = `${path}.tmp`
  const descriptor = openLocked(temporary, lock)
  try {
    const original = openSource(path)
    const content = edit(original.content)
    attempt('write', temporary, () => {
      ftruncateSync(descriptor, 0)
      writeFileSync(descriptor, content)
      keepOwner(descriptor, original.status)
      fchmodSync(descriptor, original.status.mode & 0o7777)
      fsyncSync(descriptor)
    })
    attempt('rename', temporary, () => renameSync(temporary, path))
  } catch (error) {
    unlinkSync(temporary)
    throw error
  } finally {
    closeSync(descriptor)
  }
  attempt('sync', dirname(path), () => syncDirectory(dirname(path)))
}

// The one who had the lock has renamed the file that we waited for: then there is a new one.
function openLocked(temporary: string, lock: LockFile): number {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const descriptor = attempt('open', temporary, () => openSync(temporary, FLAGS, 0o600))
    try {
      lock(descriptor)
      if (isSameFile(fstatSync(descriptor), lstatSync(temporary, { throwIfNoEntry: false }))) {
        return descriptor
      }
    } catch (error) {
      closeSync(descriptor)
      throw error
    }
    closeSync(descriptor)
  }
  throw new PostconfError('file', `open ${temporary}: somebody else keeps replacing it`)
}

function openSource(path: string): { content: Uint8Array; status: Stats } {
  try {
    const descriptor = openSync(path, constants.O_RDONLY)
    try {
      return { content: readFileSync(descriptor), status: fstatSync(descriptor) }
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    const message = `open ${path} for reading: ${fileErrorText(error)}`
    throw new PostconfError('file', message, { cause: error })
  }
}

function keepOwner(descriptor: number, { uid, gid }: Stats): void {
  const own = fstatSync(descriptor)
  if (own.uid !== uid || own.gid !== gid) fchownSync(descriptor, uid, gid)
}

function isSameFile(a: Stats, b: Stats | undefined): boolean {
  return a.ino === b?.ino && a.dev === b.dev
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY)
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function attempt<Result>(call: string, path: string, action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    const message = `${call} ${path}: ${fileErrorText(error)}`
    throw new PostconfError('file', message, { cause: error })
  }
}
