import { NetstringError, NetstringReader } from '@posthouse/netstring'

import type { ReplyReader } from './network-lookup-client-connection.ts'

/** What a server of socketmap_table(5) answered. Texts are bytes: they need not be UTF-8. */
export type SocketmapReply =
  | { readonly kind: 'found' | SocketmapProblem; readonly text: Buffer }
  | { readonly kind: 'not-found' | 'malformed' | 'too-large' }

/** The kinds of failure that a server can report; `unknown` is whatever is not in the protocol. */
export type SocketmapProblem = 'temporary' | 'timeout' | 'permanent' | 'unknown'

/** Largest reply in bytes, without what makes it a netstring (G-64). */
export const MAX_REPLY_BYTES = 100_000

const PROBLEMS: ReadonlyMap<string, SocketmapProblem> = new Map([
  ['TEMP', 'temporary'],
  ['TIMEOUT', 'timeout'],
  ['PERM', 'permanent'],
])
const SPACE = 0x20
const NO_BYTES = Buffer.alloc(0)

/** Reads one reply (G-64), however it is cut into chunks. */
export class SocketmapReplyReader implements ReplyReader<SocketmapReply> {
  readonly #netstrings = new NetstringReader()
  #inStep = false

  get inStep(): boolean {
    return this.#inStep
  }

  push(chunk: Buffer): SocketmapReply | undefined {
    this.#netstrings.push(chunk)
    return this.#read()
  }

  end(): SocketmapReply | undefined {
    this.#netstrings.end()
    return this.#read()
  }

  #read(): SocketmapReply | undefined {
    try {
      const payload = this.#netstrings.read(MAX_REPLY_BYTES)
      if (payload === undefined) return undefined
      this.#inStep = this.#netstrings.surplus === 0
      return parseReply(Buffer.from(payload.buffer, payload.byteOffset, payload.length))
    } catch (error) {
      if (!(error instanceof NetstringError)) throw error
      // A reply that is merely cut off says nothing about the request: it may be tried again.
      return error.code === 'truncated' ? undefined : { kind: error.code }
    }
  }
}

function parseReply(payload: Buffer): SocketmapReply {
  const space = payload.indexOf(SPACE)
  const status = payload.toString('latin1', 0, space < 0 ? payload.length : space)
  const text = space < 0 ? NO_BYTES : payload.subarray(space + 1)
  // Postfix takes an OK without a blank, so without a value, for "not found".
  if (status === 'NOTFOUND' || (status === 'OK' && space < 0)) return { kind: 'not-found' }
  return { kind: status === 'OK' ? 'found' : (PROBLEMS.get(status) ?? 'unknown'), text }
}
