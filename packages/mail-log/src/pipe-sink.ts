import type { Writable } from 'node:stream'

import { MailLogError } from './errors.ts'
import type { LogSink } from './log-sink.ts'

// Two or three seconds of a busy log.
const MAX_PENDING = 8 * 1024 * 1024

/**
 * Lines for a stream whose reader may be slow, such as standard output (`maillog_file =
 * /dev/stdout`). Node takes what a pipe cannot, without a limit; so here lines are dropped (code
 * `full`) while more than 8 MiB wait. When the reader is gone, each write throws the error of the
 * stream.
 *
 * The stream stays open on `close`, which waits for what it has gathered: a program that exits with
 * `process.exit` would lose it.
 */
export function pipeSink(stream: Writable): LogSink {
  let failure: Error | undefined
  stream.on('error', (error) => {
    failure = error
  })
  return {
    write(lines) {
      if (failure !== undefined) throw failure
      if (stream.writableLength > MAX_PENDING) {
        throw new MailLogError('full', `expected a reader that keeps up: ${MAX_PENDING} bytes wait`)
      }
      stream.write(lines)
    },
    close: () =>
      new Promise<void>((resolve) => {
        if (stream.writableLength === 0) resolve()
        else stream.write('', () => resolve())
      }),
  }
}
