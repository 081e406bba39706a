/** sendmail(1) gives up; `lines` are what it says, without its name. */
export class SendmailError extends Error {
  override readonly name = 'SendmailError'
  readonly lines: readonly string[]

  constructor(message: string, ...before: readonly string[]) {
    super(message)
    this.lines = [...before, `fatal: ${message}`]
  }
}
