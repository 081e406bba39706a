import { type QueueFileSystem, RecordReader } from '@posthouse/queue-store'

/** Reads a queue file with `use`, and closes it; undefined if it has vanished. */
export async function withQueueFile<Value>(
  files: QueueFileSystem,
  path: string,
  use: (reader: RecordReader) => Promise<Value>,
): Promise<Value | undefined> {
  const file = await unlessMissing(() => files.open(path, 'read'))
  if (file === undefined) return undefined
  try {
    const { sizeBytes } = files.fstat(file)
    const read = async (position: number, length: number): Promise<Buffer> => {
      const target = Buffer.allocUnsafe(Math.min(length, Math.max(0, sizeBytes - position)))
      return target.subarray(0, await files.read(file, target, position))
    }
    return await use(new RecordReader(read, sizeBytes))
  } finally {
    files.close(file)
  }
}

/** What a system call gives; undefined if there is no such file. */
export async function unlessMissing<Value>(call: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await call()
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error
    return undefined
  }
}

/** The `code` of a failed system call, such as `ENOENT`; undefined for other errors. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return 'syscall' in error ? String(error.code) : undefined
}
