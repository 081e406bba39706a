/**
 * Why the store refused. Part of the API: callers may switch on it.
 *
 * - `corrupt`: the file cannot be what a queue file is; move it to the `corrupt` queue.
 * - `vanished`: there is no such file (any more).
 * - `write`: the message could not be stored; try again later (F-17).
 * - `too-large`: the file would exceed its size limit, or exceeds that of the system (F-17, Q-345).
 */
export type QueueFileErrorCode = 'corrupt' | 'vanished' | 'write' | 'too-large'

/** What else is known about a {@link QueueFileError}. */
export interface QueueFileErrorDetails {
  readonly cause?: unknown
  readonly warnings?: readonly string[]
}

/** A queue file could not be stored, found or understood. */
export class QueueFileError extends Error {
  override readonly name = 'QueueFileError'
  readonly code: QueueFileErrorCode
  /**
   * For `corrupt`: all lines that Postfix logs as warnings, in its order and its words (F-51);
   * `message` is the one that tells the verdict. Otherwise the message alone. Texts taken from
   * the file have unprintable characters replaced by `?`.
   */
  readonly warnings: readonly string[]

  constructor(code: QueueFileErrorCode, message: string, details: QueueFileErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.warnings = details.warnings ?? [message]
  }
}
