import { isEightBit, isMessage, type MimeEntity } from './entity.ts'
import type { MimeErrorCode } from './mime-errors.ts'
import type { EndOfHeadersEvent, HeaderEvent, MimeEvent } from './mime-event.ts'
import { MimeStream, type MimeStreamOptions } from './mime-stream.ts'
import { QuotedPrintableEncoder } from './quoted-printable.ts'

const NEWLINE = Buffer.from('\n')
const SEVEN_BIT = Buffer.from('Content-Transfer-Encoding: 7bit\n')
const QUOTED_PRINTABLE = Buffer.from('Content-Transfer-Encoding: quoted-printable\n')

/**
 * Turns the 8-bit parts of one message into quoted-printable, for a server without 8BITMIME
 * (C-164 to C-168). The bytes are those that Postfix sends. Only parts that say `8bit` or `binary`
 * change; 8-bit text in headers and in parts that say nothing stays.
 */
export class Downgrade {
  readonly #stream: MimeStream
  readonly #write: (bytes: Uint8Array) => void
  readonly #encoder = new QuotedPrintableEncoder()
  #isEncoding = false

  /**
   * @param write Takes the output during `push` and `end`, in pieces, lines ended by LF. A piece
   *   may be a view of the chunk.
   */
  constructor(
    options: Omit<MimeStreamOptions, 'disableMimeProcessing'>,
    write: (bytes: Uint8Array) => void,
  ) {
    this.#write = write
    const all = { ...options, disableMimeProcessing: false }
    this.#stream = new MimeStream(all, (event) => this.#take(event), isOpened)
  }

  /** With `nesting` in it the message must not be sent: its inner parts were not converted. */
  get errors(): ReadonlySet<MimeErrorCode> {
    return this.#stream.errors
  }

  /** Takes text with lines ended by LF, cut anywhere. The chunk is not kept. */
  push(chunk: Uint8Array): void {
    this.#stream.push(chunk)
  }

  /** Ends the message. A header that ends it without an LF is given one. */
  end(): void {
    this.#stream.end()
    this.#write(this.#encoder.end())
  }

  #take(event: MimeEvent): void {
    switch (event.kind) {
      case 'header':
        this.#header(event)
        break
      case 'end-of-headers':
        this.#endOfHeaders(event)
        break
      case 'boundary':
        this.#isEncoding = false
        this.#write(event.raw)
        break
      case 'body':
        this.#write(this.#isEncoding ? this.#encoder.push(event.raw) : event.raw)
    }
  }

  #header({ name, kept, entity }: HeaderEvent): void {
    if (name === 'content-transfer-encoding' && isEightBit(entity)) return
    this.#write(kept)
    this.#write(NEWLINE)
  }

  #endOfHeaders({ entity, body, raw, needsEmptyLine }: EndOfHeadersEvent): void {
    if (isEightBit(entity)) this.#write(keepsSevenBit(entity) ? SEVEN_BIT : QUOTED_PRINTABLE)
    this.#write(needsEmptyLine ? NEWLINE : raw)
    this.#isEncoding = body === 'leaf' && isEightBit(entity)
  }
}

// RFC 6532 3.7 lets message/global have any encoding, so it need not be looked into.
function isOpened(entity: MimeEntity): boolean {
  return isMessage(entity) && !(entity.subtype === 'global' && isEightBit(entity))
}

// Also of the other messages, whose bodies Postfix encodes all the same.
function keepsSevenBit({ type, subtype }: MimeEntity): boolean {
  return type === 'multipart' || (type === 'message' && subtype !== 'global')
}
