/** Why lines do not get where they should. Part of the API: callers may switch on it. */
export type MailLogErrorCode = 'closed' | 'facility' | 'full' | 'syslog'

/**
 * `closed`: a line after the end. `facility`: no such syslog facility. `full`: what takes the lines
 * is too slow, so lines were dropped. `syslog`: the system log cannot be reached.
 */
export class MailLogError extends Error {
  override readonly name = 'MailLogError'
  readonly code: MailLogErrorCode

  constructor(code: MailLogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
