import { Downgrade, type HeaderEvent, type MimeEvent, MimeStream } from '@posthouse/mime-stream'

import type { ContentInspector } from './content-checks.ts'
import type { SmtpDelivery } from './request.ts'
import { type MimeLimits, MimeNestingError } from './seven-bit-content.ts'

type Content = SmtpDelivery['content']

const LF = 0x0a
const NEWLINE = Buffer.from('\n')

/**
 * The content as the tables of the inspector leave it (C-171), and in 7 bits if that is asked for.
 * What comes of the conversion is inspected, as in Postfix.
 */
export function checkedContent(
  content: Content,
  inspector: ContentInspector,
  limits: MimeLimits,
  sevenBit: boolean,
): Content {
  return () => new CheckedContent(inspector, limits, sevenBit).convert(content())
}

class CheckedContent {
  readonly #inspector: ContentInspector
  readonly #stream: MimeStream | Downgrade
  readonly #lineLimit: number
  readonly #mayNest: boolean
  #events: MimeEvent[] = []
  #rest: Buffer[] = []
  #restBytes = 0

  constructor(inspector: ContentInspector, limits: MimeLimits, sevenBit: boolean) {
    this.#inspector = inspector
    this.#lineLimit = limits.lineLengthLimit
    this.#mayNest = !sevenBit
    const keep = (event: MimeEvent): void => void this.#events.push(event)
    this.#stream = sevenBit
      ? new Downgrade(limits, keep)
      : new MimeStream({ ...limits, disableMimeInputProcessing: false }, keep)
  }

  async *convert(source: ReturnType<Content>): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of source) {
      this.#stream.push(chunk)
      yield* this.#pieces()
    }
    this.#stream.end()
    yield* this.#pieces()
    if (this.#restBytes > 0) yield* this.#endLine(false)
  }

  /** What to send for what was pushed. To be used before the chunk changes. */
  async *#pieces(): AsyncGenerator<Uint8Array, void, void> {
    const events = this.#events
    this.#events = []
    for (const event of events) {
      if (event.kind === 'body') yield* this.#body(event.raw)
      else {
        if (this.#restBytes > 0) yield* this.#endLine(false)
        if (event.kind === 'header') yield* await this.#header(event)
        else if (event.kind === 'boundary') yield* this.#body(event.raw)
        else yield event.needsEmptyLine ? NEWLINE : event.raw
      }
      const isDeep = event.kind === 'end-of-headers' && this.#stream.errors.has('nesting')
      if (isDeep && !this.#mayNest) throw new MimeNestingError('MIME nesting exceeds safety limit')
    }
  }

  #header({ checks, text, kept }: HeaderEvent): Promise<readonly Buffer[]> | readonly Buffer[] {
    const raw = Buffer.concat([kept, NEWLINE])
    return this.#inspector.asks(checks) ? this.#inspector.inspect(checks, text, raw) : [raw]
  }

  async *#body(raw: Buffer): AsyncGenerator<Uint8Array, void, void> {
    if (!this.#inspector.asks('body_checks')) {
      yield raw
      return
    }
    let start = 0
    while (start < raw.length) {
      const limit = start + this.#lineLimit - this.#restBytes
      const lf = raw.subarray(start, limit).indexOf(LF)
      const end = lf >= 0 ? start + lf : Math.min(raw.length, limit)
      this.#rest.push(Buffer.from(raw.subarray(start, end)))
      this.#restBytes += end - start
      start = end
      if (lf >= 0) {
        yield* this.#endLine(true)
        start++
      } else if (this.#restBytes === this.#lineLimit) yield* this.#endLine(false)
    }
  }

  /** A line, or as much of it as is looked up at once. */
  async *#endLine(hasEnd: boolean): AsyncGenerator<Uint8Array, void, void> {
    const text = Buffer.concat(this.#rest)
    this.#rest = []
    this.#restBytes = 0
    const raw = hasEnd ? Buffer.concat([text, NEWLINE]) : text
    yield* await this.#inspector.inspect('body_checks', text, raw)
  }
}
