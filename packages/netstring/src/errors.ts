/** Why a netstring stream was rejected. Part of the API: callers may switch on it. */
export type NetstringErrorCode = 'malformed' | 'too-large' | 'truncated'

/** The peer broke netstring framing. There is no way to resynchronise: close the stream. */
export class NetstringError extends Error {
  override readonly name = 'NetstringError'
  readonly code: NetstringErrorCode

  constructor(code: NetstringErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
