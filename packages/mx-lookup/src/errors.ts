/** What is wrong with a next hop. Part of the API: callers may switch on it. */
export type NexthopErrorCode = 'syntax' | 'bad-port' | 'unknown-service'

/**
 * A next hop cannot be understood. The message is the text that smtp(8) ends with (C-3, C-4); it
 * quotes the next hop, which comes from the configuration or from a recipient's domain.
 */
export class NexthopError extends Error {
  override readonly name = 'NexthopError'
  readonly code: NexthopErrorCode
  /** The next hop as given. */
  readonly nexthop: string

  constructor(code: NexthopErrorCode, message: string, nexthop: string) {
    super(message)
    this.code = code
    this.nexthop = nexthop
  }
}
