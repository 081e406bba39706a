import { isAscii } from 'node:buffer'

import { type BoundaryMatch, BoundaryStack } from './boundary-stack.ts'
import {
  type ContentType,
  hasInvalidEncoding,
  isMessage,
  type MimeEntity,
  parseContentType,
  parseTransferEncoding,
} from './entity.ts'
import { findHeaderColon, HeaderBuffer, isBlank, type RawHeader } from './header-buffer.ts'
import { checksOf } from './header-checks.ts'
import { headerName } from './header-names.ts'
import { LineStart } from './line-start.ts'
import type { MimeErrorCode } from './mime-errors.ts'
import type { HeaderBlock, MimeEvent } from './mime-event.ts'

const LF = 0x0a
const DASH = 0x2d
const NEXT_BOUNDARY = Buffer.from('\n--')
const NOTHING = Buffer.alloc(0)
const TEXT: MimeEntity = { type: 'text', subtype: 'plain', encoding: '7bit' }
const MESSAGE: MimeEntity = { type: 'message', subtype: 'rfc822', encoding: '7bit' }

/** Limits and switches, by the names of main.cf. */
export interface MimeStreamOptions {
  /** `header_size_limit`, bytes: what is beyond is dropped (`truncated-header`). */
  readonly headerSizeLimit: number
  /** `line_length_limit`, bytes: the colon of a header must be among so many first ones. */
  readonly lineLengthLimit: number
  /** `mime_boundary_length_limit`, bytes: only so much of a boundary is compared. */
  readonly mimeBoundaryLengthLimit: number
  /** `mime_nesting_limit`: multiparts beyond it are taken for text (`nesting`). */
  readonly mimeNestingLimit: number
  /** `disable_mime_input_processing`: all behind the headers is body. No errors but truncation. */
  readonly disableMimeInputProcessing: boolean
}

// Where the rest of a line goes whose beginning is known.
type Sink = 'header' | 'body'
// What ends headers: an empty line; text behind the headers of the message, where an empty line is
// missing; or text, a boundary or the end of the input elsewhere, and then the body is a leaf.
type Ending = 'empty-line' | 'text' | 'cut'

/**
 * Follows the headers and the MIME structure of one message. Bytes in, in
 * chunks of any size; events out. Holds one header and the beginning of one line, no more.
 *
 * MIME needs no `MIME-Version:` header (C-168). Nothing is ever refused: see `errors`.
 */
export class MimeStream {
  readonly #options: MimeStreamOptions
  readonly #onEvent: (event: MimeEvent) => void
  readonly #isOpened: (entity: MimeEntity) => boolean
  readonly #errors = new Set<MimeErrorCode>()
  readonly #stack: BoundaryStack
  readonly #start: LineStart
  readonly #header: HeaderBuffer
  #block: HeaderBlock | undefined = 'message' // Undefined in a body.
  #entity = TEXT
  #rest: Sink | undefined // Undefined at the beginning of a line.
  #isPlain = false // The chunk is ASCII without NUL, which one look tells of all its headers.

  /**
   * @param onEvent Called during `push` and `end`.
   * @param isOpened Which messages inside a message are looked into.
   */
  constructor(
    options: MimeStreamOptions,
    onEvent: (event: MimeEvent) => void,
    isOpened: (entity: MimeEntity) => boolean = isMessage,
  ) {
    this.#options = options
    this.#onEvent = onEvent
    this.#isOpened = isOpened
    const { headerSizeLimit, lineLengthLimit, mimeBoundaryLengthLimit, mimeNestingLimit } = options
    this.#stack = new BoundaryStack(mimeBoundaryLengthLimit, mimeNestingLimit)
    // `--`, boundary, `--`, and the LF, or a header line up to its colon.
    this.#start = new LineStart(Math.max(lineLengthLimit, mimeBoundaryLengthLimit + 4) + 1)
    this.#header = new HeaderBuffer(headerSizeLimit)
  }

  /** What was found wrong so far. Grows with the input. */
  get errors(): ReadonlySet<MimeErrorCode> {
    return this.#errors
  }

  /**
   * Takes text with lines ended by LF, cut anywhere.
   *
   * @param isStable The chunk will not change, so a header at its end need not be copied.
   */
  push(chunk: Uint8Array, isStable = false): void {
    const bytes = Buffer.isBuffer(chunk)
      ? chunk
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    this.#isPlain = this.#block !== undefined && isAscii(bytes) && !bytes.includes(0)
    let at = 0
    while (at < bytes.length) {
      if (this.#rest === 'header') at = this.#continueHeader(bytes, at)
      else if (this.#rest === 'body' || this.#isPlainBody(bytes[at])) at = this.#passBody(bytes, at)
      else at = this.#takeLine(bytes, at)
    }
    if (!isStable) this.#header.detach()
  }

  /** Ends the message. The last line need not end in LF. */
  end(): void {
    if (this.#start.length > 0) this.#startHeldLine()
    if (this.#block === undefined) return
    this.#flushHeader()
    this.#endHeaders(NOTHING, 'cut')
  }

  // A line that begins here cannot be a boundary.
  #isPlainBody(first: number | undefined): boolean {
    if (this.#block !== undefined || this.#start.length > 0) return false
    return this.#stack.isEmpty || first !== DASH
  }

  #continueHeader(bytes: Buffer, at: number): number {
    const lf = bytes.indexOf(LF, at)
    const end = lf < 0 ? bytes.length : lf + 1
    this.#header.append(bytes, at, end, this.#isPlain)
    if (lf >= 0) this.#rest = undefined
    return end
  }

  #passBody(bytes: Buffer, at: number): number {
    const end = this.#bodyEnd(bytes, at)
    this.#body(bytes.subarray(at, end), this.#isPlain)
    this.#rest = bytes[end - 1] === LF ? undefined : 'body'
    return end
  }

  // Where the next line begins that may be a boundary, or that is no body.
  #bodyEnd(bytes: Buffer, at: number): number {
    if (this.#block !== undefined) {
      const lf = bytes.indexOf(LF, at)
      return lf < 0 ? bytes.length : lf + 1
    }
    if (this.#stack.isEmpty) return bytes.length
    const next = bytes.indexOf(NEXT_BOUNDARY, at)
    if (next >= 0) return next + 1
    const last = bytes.length - 1
    const endsInDash = at < last && bytes[last] === DASH && bytes[last - 1] === LF
    return endsInDash ? last : bytes.length
  }

  #takeLine(bytes: Buffer, at: number): number {
    const start = this.#start
    const end = start.endIn(bytes, at)
    if (end >= 0 && start.length === 0) {
      this.#startLine(bytes, at, end, this.#isPlain)
      return end
    }
    start.hold(bytes, at, end < 0 ? bytes.length : end)
    if (end < 0) return bytes.length
    this.#startHeldLine()
    return end
  }

  #startHeldLine(): void {
    const line = this.#start.flush()
    this.#startLine(line, 0, line.length, false)
  }

  #startLine(bytes: Buffer, at: number, end: number, isPlain: boolean): void {
    const sink =
      this.#block === undefined
        ? this.#bodyLine(bytes.subarray(at, end), isPlain)
        : this.#headerLine(bytes, at, end, isPlain)
    this.#rest = bytes[end - 1] === LF ? undefined : sink
  }

  #headerLine(bytes: Buffer, at: number, end: number, isPlain: boolean): Sink {
    if (isBlank(bytes[at]) && !this.#header.isEmpty) {
      this.#header.append(bytes, at, end, isPlain)
      return 'header'
    }
    this.#flushHeader()
    const colon = findHeaderColon(bytes, this.#options.lineLengthLimit, at)
    if (colon > 0) {
      this.#header.start(bytes, at, end, colon, isPlain)
      return 'header'
    }
    const line = bytes.subarray(at, end)
    if (line[0] === LF) {
      this.#endHeaders(line, 'empty-line')
      return 'body'
    }
    this.#endHeaders(NOTHING, this.#block === 'message' ? 'text' : 'cut')
    return this.#bodyLine(line, isPlain)
  }

  #bodyLine(line: Buffer, isPlain: boolean): Sink {
    const match = this.#stack.take(line)
    if (match === undefined) this.#body(line, isPlain)
    else this.#boundary(line, match)
    return 'body'
  }

  #body(raw: Buffer, isPlain: boolean): void {
    if (!isPlain) this.#checkBody(raw)
    this.#onEvent({ kind: 'body', raw })
  }

  #boundary(raw: Buffer, { isClosing, isDigest }: BoundaryMatch): void {
    this.#checkBody(raw)
    this.#onEvent({ kind: 'boundary', isClosing, raw })
    this.#block = isClosing ? undefined : 'part'
    this.#entity = isDigest ? MESSAGE : TEXT
  }

  #checkBody(bytes: Buffer): void {
    if (this.#entity.encoding !== '7bit' || this.#options.disableMimeInputProcessing) return
    if (!this.#errors.has('8bit-in-7bit-body') && !isAscii(bytes)) {
      this.#errors.add('8bit-in-7bit-body')
    }
  }

  #flushHeader(): void {
    const block = this.#block
    if (block === undefined || this.#header.isEmpty) return
    const header = this.#header.take()
    const name = headerName(header.text, header.colon)
    if (header.isTruncated) this.#errors.add('truncated-header')
    if (!this.#options.disableMimeInputProcessing) this.#heed(name, header)
    const { raw, text, colon, kept, hasEightBit } = header
    this.#onEvent({
      kind: 'header',
      block,
      checks: checksOf(name, block),
      name,
      raw,
      text,
      colon,
      kept,
      hasEightBit,
      entity: this.#entity,
    })
  }

  #heed(name: string, { text, colon, hasEightBit }: RawHeader): void {
    if (hasEightBit) this.#errors.add('8bit-in-header')
    if (name === 'content-type') {
      const contentType = parseContentType(text.toString('latin1', colon + 1))
      if (contentType !== undefined) this.#enter(contentType)
    } else if (name === 'content-transfer-encoding') {
      const encoding = parseTransferEncoding(text.toString('latin1', colon + 1))
      if (encoding !== undefined) this.#entity = { ...this.#entity, encoding }
    }
  }

  #enter({ type, subtype, boundaries }: ContentType): void {
    this.#entity = { type, subtype, encoding: this.#entity.encoding }
    for (const boundary of boundaries) {
      if (!this.#stack.push(boundary, subtype === 'digest')) this.#errors.add('nesting')
    }
  }

  #endHeaders(raw: Buffer, ending: Ending): void {
    const entity = this.#entity
    const block = this.#block!
    if (hasInvalidEncoding(entity)) this.#errors.add('invalid-encoding')
    const body = ending === 'cut' ? 'leaf' : this.#bodyOf(entity)
    this.#block = undefined
    if (ending === 'empty-line') {
      if (body === 'message') this.#block = 'nested'
      // A prologue has no encoding, whatever the headers say.
      if (body !== 'leaf') this.#entity = TEXT
    }
    const needsEmptyLine = ending === 'text'
    this.#onEvent({ kind: 'end-of-headers', block, entity, body, raw, needsEmptyLine })
  }

  #bodyOf(entity: MimeEntity): 'parts' | 'message' | 'leaf' {
    if (entity.type === 'multipart') return 'parts'
    return this.#isOpened(entity) ? 'message' : 'leaf'
  }
}
