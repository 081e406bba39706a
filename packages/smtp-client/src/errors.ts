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
