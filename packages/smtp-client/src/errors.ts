/** How a conversation ended early. */
export type ConversationErrorCode = 'lost' | 'timeout'

/** The connection to a server is of no use any more. Stays inside the package. */
export class ConversationError extends Error {
  override readonly name = 'ConversationError'
  readonly code: ConversationErrorCode

  constructor(code: ConversationErrorCode) {
    super(code === 'lost' ? 'connection lost' : 'timed out')
    this.code = code
  }
}

/** A table cannot tell what to do; it was logged. Stays inside the package. */
export class TableError extends Error {
  override readonly name = 'TableError'
}

/** Whether nothing more can be said in a session: other errors are bugs. */
export function isEndOfSession(error: unknown): error is ConversationError | TableError {
  return error instanceof ConversationError || error instanceof TableError
}
