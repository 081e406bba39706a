import { errorReason, type QueueFileSystem } from './file-system.ts'

const PERMISSIONS = 0o777
const FLUSH_MODE = 0o040
const FORCE_EXPIRE_MODE = 0o010

/** Whether the mode of a file says "deliver now" (F-13). */
export function wantsFlush(mode: number): boolean {
  return (mode & FLUSH_MODE) !== 0
}

/** Whether it says "expire this message" (F-13). */
export function wantsExpiry(mode: number): boolean {
  return (mode & FORCE_EXPIRE_MODE) !== 0
}

/** Clears the bit "deliver now" (S-15). Should this fail, a later attempt is urgent, too. */
export async function takeFlush(
  files: QueueFileSystem,
  path: string,
  mode: number,
  warn: (text: string) => void,
): Promise<void> {
  try {
    await files.chmod(path, mode & PERMISSIONS & ~FLUSH_MODE)
  } catch (error) {
    warn(`cannot clear the flush bit: ${errorReason(error)}`)
  }
}
