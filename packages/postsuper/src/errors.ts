/** postsuper(1) gives up; `lines` are what it says, without its name. */
export class PostsuperError extends Error {
  override readonly name = 'PostsuperError'
  readonly lines: readonly string[]

  constructor(message: string, ...before: readonly string[]) {
    super(message)
    this.lines = [...before, `fatal: ${message}`]
  }
}
