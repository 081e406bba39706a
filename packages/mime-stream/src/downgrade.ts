import { isEightBit, isMessage, type MimeEntity, type TransferEncoding } from './entity.ts'
import { BLOCK_CHECKS } from './header-checks.ts'
import type { MimeErrorCode } from './mime-errors.ts'
import type { EndOfHeadersEvent, HeaderBlock, HeaderEvent, MimeEvent } from './mime-event.ts'
import { MimeStream, type MimeStreamOptions } from './mime-stream.ts'
import { QuotedPrintableEncoder } from './quoted-printable.ts'

const NEWLINE = Buffer.from('\n')
const FIELD = 'Content-Transfer-Encoding'

/**
 * Turns the 8-bit parts of one message into quoted-printable, for a server without 8BITMIME
 * (C-164 to C-168). The bytes are those that Postfix sends. Only parts that say `8bit` or `binary`
 * change; 8-bit text in headers and in parts that say nothing stays.
 */
export class Downgrade {
  readonly #stream: MimeStream
  readonly #onEvent: (event: MimeEvent) => void
  readonly #encoder = new QuotedPrintableEncoder()
  #isEncoding = false

  /**
   * @param onEvent Called during `push` and `end` with what is sent: the `raw` of all events, one
   *   after the other, is the new message. `smtp_header_checks` and the like see these events, too.
   */
  constructor(
    options: Omit<MimeStreamOptions, 'disableMimeInputProcessing'>,
    onEvent: (event: MimeEvent) => void,
  ) {
    this.#onEvent = onEvent
    const all = { ...options, disableMimeInputProcessing: false }
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
    this.#body(this.#encoder.end())
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
        this.#onEvent(event)
        break
      case 'body':
        if (this.#isEncoding) this.#body(this.#encoder.push(event.raw))
        else this.#onEvent(event)
    }
  }

  #body(raw: Buffer): void {
    if (raw.length > 0) this.#onEvent({ kind: 'body', raw })
  }

  #header(event: HeaderEvent): void {
    if (event.name === FIELD.toLowerCase() && isEightBit(event.entity)) return
    this.#onEvent({ ...event, raw: Buffer.concat([event.kept, NEWLINE]) })
  }

  #endOfHeaders(event: EndOfHeadersEvent): void {
    const { block, body } = event
    const isConverted = isEightBit(event.entity)
    this.#isEncoding = body === 'leaf' && isConverted
    const entity = isConverted ? downgraded(event.entity) : event.entity
    if (isConverted) this.#onEvent(encodingHeader(block, entity))
    const raw = event.needsEmptyLine ? NEWLINE : event.raw
    this.#onEvent({ ...event, entity, raw, needsEmptyLine: false })
  }
}

// Postfix looks it up as if it were no MIME header.
function encodingHeader(block: HeaderBlock, entity: MimeEntity): HeaderEvent {
  const text = Buffer.from(`${FIELD}: ${entity.encoding}`)
  const raw = Buffer.concat([text, NEWLINE])
  return {
    kind: 'header',
    block,
    checks: BLOCK_CHECKS[block],
    name: FIELD.toLowerCase(),
    raw,
    text,
    colon: FIELD.length,
    kept: text,
    hasEightBit: false,
    entity,
  }
}

// RFC 6532 3.7 lets message/global have any encoding, so it need not be looked into.
function isOpened(entity: MimeEntity): boolean {
  return isMessage(entity) && !(entity.subtype === 'global' && isEightBit(entity))
}

function downgraded(entity: MimeEntity): MimeEntity {
  return { ...entity, encoding: encodingOf(entity) }
}

// 7bit also for the other messages, whose bodies Postfix encodes all the same.
function encodingOf({ type, subtype }: MimeEntity): TransferEncoding {
  const keepsSevenBit = type === 'multipart' || (type === 'message' && subtype !== 'global')
  return keepsSevenBit ? '7bit' : 'quoted-printable'
}
