import type { QueueFileSystem } from './file-system.ts'

/**
 * Writes buffers one after the other, from `position` on: with one system call, unless the disk
 * runs full.
 */
export async function writeAll(
  files: QueueFileSystem,
  file: number,
  buffers: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = buffers
  let end = position
  for (;;) {
    const pending = files.writev(file, rest, end)
    let written = typeof pending === 'number' ? pending : await pending
    end += written
    let whole = 0
    while (whole < rest.length && written >= rest[whole]!.length) written -= rest[whole++]!.length
    if (whole === rest.length) return
    rest = [rest[whole]!.subarray(written), ...rest.slice(whole + 1)]
  }
}
