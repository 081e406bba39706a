import type { Clock } from '@posthouse/clock'

const SHOWN_BYTES = 256 // Of one chunk, at level 3.
const UNPRINTABLE = /[^\x20-\x7e]/g
const NAMED: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

/**
 * The verbose log of one connection (`debug_peer_list`, Q-313). Level 1 tells each step of the
 * protocol, with lengths; 2 each chunk that comes or goes, too, and what the server waits for;
 * 3 and above what is in them. Every line begins with the seconds since the connection began.
 */
export class Trace {
  readonly #level: number
  readonly #clock: Clock
  readonly #startMs: number
  readonly #write: (text: string) => void

  constructor(level: number, clock: Clock, startMs: number, write: (text: string) => void) {
    this.#level = level
    this.#clock = clock
    this.#startMs = startMs
    this.#write = write
  }

  step(text: string): void {
    const seconds = (this.#clock.now() - this.#startMs) / 1000
    this.#write(`debug: ${seconds.toFixed(3)} s: ${text}`)
  }

  detail(text: string): void {
    if (this.#level >= 2) this.step(text)
  }

  received(chunk: Uint8Array): void {
    this.#bytes('received', chunk)
  }

  sent(chunk: Uint8Array): void {
    this.#bytes('sent', chunk)
  }

  #bytes(what: string, chunk: Uint8Array): void {
    if (this.#level < 2) return
    const text = `${what} ${countBytes(chunk.length)}`
    this.step(this.#level >= 3 ? `${text}: ${quoteBytes(chunk)}` : text)
  }
}

/** `1 byte`, `13 bytes`. */
export function countBytes(count: number | bigint): string {
  return count === 1 ? '1 byte' : `${count} bytes`
}

/** The first bytes in double quotes, escaped as in JavaScript: nothing in them looks like a log. */
function quoteBytes(chunk: Uint8Array): string {
  const text = Buffer.from(chunk.subarray(0, SHOWN_BYTES)).toString('latin1')
  const escaped = text.replace(/["\\]/g, '\\$&').replace(UNPRINTABLE, escapeByte)
  return `"${escaped}"${chunk.length > SHOWN_BYTES ? ' ...' : ''}`
}

function escapeByte(character: string): string {
  const code = character.charCodeAt(0).toString(16).padStart(2, '0')
  return NAMED.get(character) ?? `\\x${code}`
}
