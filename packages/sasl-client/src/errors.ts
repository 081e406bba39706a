/**
 * `challenge`: the server has sent what the mechanism does not allow; `limit`: it asks for more
 * work than is reasonable, or for too little; `server`: it does not know the password either.
 */
export type SaslErrorCode = 'challenge' | 'limit' | 'server'

/** The exchange cannot go on: cancel it. */
export class SaslError extends Error {
  override readonly name = 'SaslError'
  readonly code: SaslErrorCode

  constructor(code: SaslErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
