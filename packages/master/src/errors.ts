/** Why the master could not start. Part of the API: callers may switch on it. */
export type MasterErrorCode = 'already-running' | 'bind' | 'mail-owner'

/** The mail system cannot start as configured. `message` is fit for the operator. */
export class MasterError extends Error {
  override readonly name = 'MasterError'
  readonly code: MasterErrorCode

  constructor(code: MasterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
