import { type CleanupRejection, rejection } from './result.ts'

const TRY_AGAIN = 'message not accepted, try again later'

/**
 * A message cannot be stored with the addresses that it should have. Never leaves the package: the
 * transaction logs `warnings` and answers with `rejection`, so that the client tries again.
 */
export class AddressMapError extends Error {
  override readonly name = 'AddressMapError'
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
): AddressMapError {
  const subject = address === '' ? '' : ` for ${address}`
  return new AddressMapError(`${map} map lookup problem${subject}`, rejection('write'), warnings)
}

/** Aliases that never end, or become too many or too long. */
export function unreasonable(what: string): AddressMapError {
  const text = '4.6.0 Alias expansion error'
  return new AddressMapError(
    `unreasonable ${what}`,
    { kind: 'rejected', status: 'defer', text },
    [],
  )
}

/** The text for a mapping that goes on and on, which does not stop the message. */
export function nestingWarning(map: string, address: string): string {
  return `unreasonable ${map} map nesting for ${address} -- ${TRY_AGAIN}`
}
