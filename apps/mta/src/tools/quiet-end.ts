/**
 * Has the process end without a word when the reader of its output has seen enough, as `head` has.
 *
 * @param exitStatus With which it ends.
 */
export function endQuietly(exitStatus: number): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(exitStatus)
  })
}
