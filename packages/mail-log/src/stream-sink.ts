import type { LogSink } from './mail-log.ts'

/**
 * Lines for a stream that someone else owns, such as standard output (`maillog_file =
 * /dev/stdout`): `streamSink((text) => process.stdout.write(text))`.
 *
 * A stream that buffers reports its errors by itself; only what `write` throws is seen here.
 */
export function streamSink(write: (text: string) => unknown): LogSink {
  return { write: (lines) => void write(lines) }
}
