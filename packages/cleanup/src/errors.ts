import { type CleanupRejection, rejection } from './result.ts'

const TRY_AGAIN = 'message not accepted, try again later'

/**
 * A table cannot tell what to do with a message, or what it tells cannot be done. Never leaves the
 * package: the transaction logs `warnings` and answers with `rejection`: try again.
 */
export class RefusalError extends Error {
  override readonly name = 'RefusalError'
  readonly rejection: CleanupRejection
  /** What the tables had to say: without queue id. The message goes behind, with it. */
  readonly warnings: readonly string[]

  constructor(message: string, refused: CleanupRejection, warnings: readonly string[]) {
    super(`${message} -- ${TRY_AGAIN}`)
    this.rejection = refused
    this.warnings = warnings
  }
}

/** A table could not answer. @param address Named in the log; empty: not named. */
export function lookupFailure(
  map: string,
  address: string,
  warnings: readonly string[],
): RefusalError {
  const subject = address === '' ? '' : ` for ${address}`
  return new RefusalError(`${map} map lookup problem${subject}`, rejection('write'), warnings)
}

/** Aliases that never end, or become too many or too long. */
export function unreasonable(what: string): RefusalError {
  const text = '4.6.0 Alias expansion error'
  return new RefusalError(`unreasonable ${what}`, { kind: 'rejected', status: 'defer', text }, [])
}

/** The text for a mapping that goes on and on, which does not stop the message. */
export function nestingWarning(map: string, address: string): string {
  return `unreasonable ${map} map nesting for ${address} -- ${TRY_AGAIN}`
}
