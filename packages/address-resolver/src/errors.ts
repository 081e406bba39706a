/** `lookup`: a table or list could not be asked; thrown by the functions that are passed in. */
export type AddressResolverErrorCode = 'lookup'

/** The one error that this package knows what to do with: mail waits. */
export class AddressResolverError extends Error {
  override readonly name = 'AddressResolverError'
  readonly code: AddressResolverErrorCode
  /** The main.cf parameter concerned, as far as known. */
  readonly parameter: string | undefined

  constructor(
    code: AddressResolverErrorCode,
    message: string,
    details: { readonly parameter?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause })
    this.code = code
    this.parameter = details.parameter
  }
}
