import { isUtf8 } from 'node:buffer'

/** A complete, possibly multi-line, SMTP reply. */
export interface SmtpReply {
  /** Reply code of the last line: three digits, not checked against RFC 5321. */
  readonly code: number
  /** RFC 3463 status of the last line (C-44): the server's own, else `X.0.0` or `5.5.0`. */
  readonly status: string
  /** All lines with their codes, joined by LF, made printable; cut as C-43 says. */
  readonly text: string
}

/** What a reader of replies tells besides replies. */
export interface ReplyEvents {
  /** A line or reply was cut: `response longer than 2048: …`, to be put after the server's name. */
  tooLong(text: string): void
  /** A line that is no reply line. A reply that follows it may answer another command (C-42). */
  garbage(line: string): void
  /** The line to be read instead of one that came (C-41); absent: all are read as they are. */
  filter?(line: string): Promise<string>
  /** Each line, when it is read; absent: nobody wants to know. */
  line?(line: string): void
}

const CR = 0x0d
const MINUS = 0x2d
const SPACE = 0x20
const TILDE = 0x7e
const DOT = 0x2e

/**
 * Reads replies from a byte stream. Does no I/O: push chunks as they arrive, then ask for replies
 * until there is none. Holds what was pushed and not read: how much to push is up to the caller.
 *
 * Source: RFC 5321 4.2; rules C-39 to C-44.
 */
export class ReplyReader {
  readonly #limit: number
  readonly #events: ReplyEvents
  #octets = '' // One a character: to decode a chunk at once is faster than line by line.
  #at = 0
  #discarded = 0 // Octets of the current line beyond the limit that were dropped already.
  #broken = false
  #text = ''
  #lines = 0
  #cut = false

  /** @param limit `line_length_limit`: octets kept of a line, and about that much of a reply. */
  constructor(limit: number, events: ReplyEvents) {
    this.#limit = limit
    this.#events = events
  }

  /** Octets pushed but not read. */
  get buffered(): number {
    return this.#octets.length - this.#at
  }

  /** True after a line so long that reading it on makes no sense (C-39): drop the connection. */
  get broken(): boolean {
    return this.#broken
  }

  /** Takes a chunk. It is not kept. */
  push(chunk: Buffer): void {
    this.#octets = this.#octets.slice(this.#at) + chunk.toString('latin1')
    this.#at = 0
  }

  /**
   * The next complete reply, or undefined if there is none yet. With a filter it may be a promise:
   * ask again only when it has settled. It rejects as the filter does, and that line is lost.
   */
  next(): SmtpReply | undefined | Promise<SmtpReply | undefined> {
    for (;;) {
      const line = this.#nextLine()
      if (line === undefined) return undefined
      const filtering = this.#events.filter?.(line)
      if (filtering !== undefined) {
        return filtering.then((filtered) => this.#parse(filtered) ?? this.next())
      }
      const reply = this.#parse(line)
      if (reply !== undefined) return reply
    }
  }

  #nextLine(): string | undefined {
    if (this.#broken) return undefined
    const octets = this.#octets
    const start = this.#at
    const lf = octets.indexOf('\n', start)
    if (lf < 0) {
      this.#boundPartialLine()
      return undefined
    }
    this.#at = lf + 1
    const end = lf > start && octets.charCodeAt(lf - 1) === CR ? lf - 1 : lf
    if (this.#discarded > 0 || end - start > this.#limit) return this.#longLine(start, end, lf)
    return printable(octets.slice(start, end))
  }

  // Undefined if the session ends with it, as it does where the end of the line comes later.
  #longLine(start: number, end: number, lineFeed: number): string | undefined {
    const kept = Math.min(end, start + this.#limit)
    this.#judge(lineFeed - start)
    this.#discarded = 0
    const line = printable(this.#octets.slice(start, kept))
    this.#tellTooLong(line)
    return this.#broken ? undefined : line
  }

  // Keeps at most `limit` octets of an unfinished line, and a CR, which may belong to its end.
  #boundPartialLine(): void {
    const excess = this.buffered - this.#limit - 1
    if (excess <= 0) return
    this.#judge(this.buffered)
    this.#discarded += excess
    this.#octets = this.#octets.slice(this.#at, this.#at + this.#limit + 1)
    this.#at = 0
    if (this.#broken) this.#tellTooLong(printable(this.#octets.slice(0, this.#limit)))
  }

  #tellTooLong(line: string): void {
    this.#events.tooLong(`response longer than ${this.#limit}: ${line.slice(0, 30)}...`)
  }

  /** @param octets of the line, those that were dropped apart. */
  #judge(octets: number): void {
    if (this.#discarded + octets > 2 * this.#limit) this.#broken = true
  }

  #parse(line: string): SmtpReply | undefined {
    this.#events.line?.(line)
    this.#keep(line)
    const code = replyCode(line)
    const separator = line.charCodeAt(3) // NaN for a bare code.
    if (code < 0 || (line.length > 3 && separator !== SPACE && separator !== MINUS)) {
      this.#events.garbage(line)
      return undefined
    }
    if (separator === MINUS) return undefined

    const text = this.#text
    this.#text = ''
    this.#lines = 0
    this.#cut = false
    return { code, status: replyStatus(line), text }
  }

  #keep(line: string): void {
    if (this.#text.length < this.#limit) {
      this.#text = this.#lines === 0 ? line : `${this.#text}\n${line}`
      this.#lines++
    } else if (!this.#cut) {
      this.#cut = true
      const start = this.#text.slice(0, 30)
      this.#events.tooLong(`multi-line response longer than ${this.#limit} ${start}...`)
    }
  }
}

function replyCode(line: string): number {
  const hundreds = line.charCodeAt(0) - 0x30
  const tens = line.charCodeAt(1) - 0x30
  const ones = line.charCodeAt(2) - 0x30
  const digits = hundreds >= 0 && hundreds <= 9 && tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9
  return digits ? hundreds * 100 + tens * 10 + ones : -1
}

// A status out of step with its reply code must not turn a bounce into a retry, nor a retry
// into a bounce. For codes that carry no class, 5.5.0: out of sequence is a protocol error.
function replyStatus(line: string): string {
  const replyClass = line[0]!
  if (replyClass !== '2' && replyClass !== '4' && replyClass !== '5') return '5.5.0'
  let start = 4
  while (line.charCodeAt(start) === SPACE) start++
  const end = statusEnd(line, start)
  return end > 0 && line[start] === replyClass ? line.slice(start, end) : `${replyClass}.0.0`
}

/** Where a status that starts here ends: behind three numbers with dots between. -1: it is none. */
function statusEnd(line: string, start: number): number {
  if (line.charCodeAt(start + 1) !== DOT) return -1
  const dot = digitsEnd(line, start + 2)
  if (line.charCodeAt(dot) !== DOT) return -1
  const end = digitsEnd(line, dot + 1)
  return end === line.length || line.charCodeAt(end) === SPACE ? end : -1
}

/** Behind one to three digits; -1 where there are none. */
function digitsEnd(line: string, start: number): number {
  let end = start
  while (end < start + 3 && isDigit(line.charCodeAt(end))) end++
  return end === start ? -1 : end
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** The text of octets, with `?` for whatever is neither printable ASCII nor valid UTF-8 (C-40). */
function printable(octets: string): string {
  if (isPrintableAscii(octets)) return octets
  const line = Buffer.from(octets, 'latin1')
  const parts: string[] = []
  for (let at = 0; at < line.length; ) {
    const length = characterLength(line, at)
    const first = line[at]!
    const control = length === 1 && (first < SPACE || first > TILDE)
    parts.push(control ? '?' : line.toString('utf8', at, at + length))
    at += length
  }
  return parts.join('')
}

function isPrintableAscii(octets: string): boolean {
  for (let at = 0; at < octets.length; at++) {
    const octet = octets.charCodeAt(at)
    if (octet < SPACE || octet > TILDE) return false
  }
  return true
}

// Octets of the UTF-8 character at `at`; 1 if there is no valid one.
function characterLength(line: Buffer, at: number): number {
  const first = line[at]!
  if (first < 0xc2) return 1
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  const character = line.subarray(at, at + length)
  return character.length === length && isUtf8(character) ? length : 1
}
