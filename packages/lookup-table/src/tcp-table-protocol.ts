import type { ReplyReader } from './network-lookup-client-connection.ts'

/** What a server of tcp_table(5) answered. Texts are bytes: they need not be UTF-8. */
export type TcpReply =
  | { readonly kind: 'found' | 'not-found' | 'temporary'; readonly text: Buffer }
  /** `line` is the reply as it came. */
  | { readonly kind: 'malformed' | 'bad-status'; readonly line: Buffer }
  | { readonly kind: 'too-long' }

/** Longest reply in bytes, with the newline at its end (G-63). */
export const MAX_REPLY_BYTES = 4096

const NEWLINE = 0x0a
const PERCENT = 0x25
// Three digits and one byte of white space, as isspace(3) has it.
const STATUS = /^\d{3}[\t-\r ]/
const STATUS_LENGTH = 4
const PLAIN_KEY = /^[!-$&-~]*$/

/** The request for a key: `get KEY`, with `%XX` for `%`, blanks, controls and non-ASCII (G-63). */
export function encodeTcpRequest(key: Buffer): Buffer {
  const text = key.toString('latin1')
  if (PLAIN_KEY.test(text)) return Buffer.from(`get ${text}\n`, 'latin1')
  const encoded = text.replace(
    /[^!-$&-~]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
  return Buffer.from(`get ${encoded}\n`, 'latin1')
}

/** Reads one reply (G-63), however it is cut into chunks; keeps at most 4096 bytes of it. */
export class TcpReplyReader implements ReplyReader<TcpReply> {
  #line: Buffer | undefined
  #inStep = false

  get inStep(): boolean {
    return this.#inStep
  }

  push(chunk: Buffer): TcpReply | undefined {
    const newline = chunk.indexOf(NEWLINE)
    const piece = newline < 0 ? chunk : chunk.subarray(0, newline)
    const line = this.#line === undefined ? piece : Buffer.concat([this.#line, piece])
    if (line.length >= MAX_REPLY_BYTES) return { kind: 'too-long' }
    if (newline < 0) {
      this.#line = line
      return undefined
    }
    const reply = parseReply(line)
    // After a line that is no reply nobody knows what the server thinks it is doing.
    this.#inStep = newline === chunk.length - 1 && 'text' in reply
    return reply
  }

  end(): undefined {
    return undefined
  }
}

function parseReply(bytes: Buffer): TcpReply {
  const nul = bytes.indexOf(0) // Ends the line for Postfix, so for us.
  const line = nul < 0 ? bytes : bytes.subarray(0, nul)
  if (!STATUS.test(line.toString('latin1', 0, STATUS_LENGTH))) return { kind: 'malformed', line }
  const text = decodePercent(line.subarray(STATUS_LENGTH))
  if (text === undefined) return { kind: 'malformed', line }
  switch (line[0]) {
    case 0x32:
      return { kind: 'found', text }
    case 0x34:
      return { kind: 'temporary', text }
    case 0x35:
      return { kind: 'not-found', text }
    default:
      return { kind: 'bad-status', line }
  }
}

function decodePercent(encoded: Buffer): Buffer | undefined {
  if (encoded.indexOf(PERCENT) < 0) return encoded
  const text = encoded.toString('latin1')
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined
  const decoded = text.replace(/%(..)/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(decoded, 'latin1')
}
