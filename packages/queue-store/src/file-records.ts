import type { FileSystemStatus, QueueFileSystem } from './file-system.ts'
import { type ReadBytes, RecordReader, type RecordReaderOptions } from './record-reader.ts'

/** A reader of the records of an open file. */
export function recordReader(
  files: QueueFileSystem,
  file: number,
  status: FileSystemStatus,
  options: RecordReaderOptions = {},
): RecordReader {
  const read: ReadBytes = async (position, length) => {
    const target = Buffer.allocUnsafe(Math.min(length, status.sizeBytes - position))
    return target.subarray(0, await files.read(file, target, position))
  }
  return new RecordReader(read, status.sizeBytes, options)
}
