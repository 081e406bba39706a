import {
  ADDRESS_HEADERS,
  Downgrade,
  findHeaderColon,
  type HeaderEvent,
  type MimeEvent,
  MimeStream,
} from '@posthouse/mime-stream'

import type { ContentInspector } from './content-checks.ts'
import type { GenericMapping } from './generic-mapping.ts'
import type { SmtpDelivery } from './request.ts'
import { type MimeLimits, MimeNestingError } from './seven-bit-content.ts'

type Content = SmtpDelivery['content']

const LF = 0x0a
const NEWLINE = Buffer.from('\n')

/** Who changes content on its way out. */
export interface ContentChanges {
  readonly inspector: ContentInspector | undefined
  /** For addresses in primary headers, after the inspector (C-172). */
  readonly mapping: GenericMapping | undefined
}

/**
 * The content as tables leave it (C-171, C-172), and in 7 bits if that is asked for. What comes of
 * the conversion is inspected, as in Postfix.
 */
export function checkedContent(
  content: Content,
  changes: ContentChanges,
  limits: MimeLimits,
  sevenBit: boolean,
): Content {
  return () => new CheckedContent(changes, limits, sevenBit).convert(content())
}

class CheckedContent {
  readonly #inspector: ContentInspector | undefined
  readonly #mapping: GenericMapping | undefined
  readonly #stream: MimeStream | Downgrade
  readonly #lineLimit: number
  readonly #mayNest: boolean
  #events: MimeEvent[] = []
  #rest: Buffer[] = []
  #restBytes = 0

  constructor({ inspector, mapping }: ContentChanges, limits: MimeLimits, sevenBit: boolean) {
    this.#inspector = inspector
    this.#mapping = mapping
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

  async #header(event: HeaderEvent): Promise<readonly Buffer[]> {
    const { checks, text, kept, block, name } = event
    const raw = Buffer.concat([kept, NEWLINE])
    const sent = this.#inspector?.asks(checks)
      ? await this.#inspector.inspect(checks, text, raw)
      : [raw]
    // What PREPEND puts before a header is not mapped.
    const header = sent.at(-1)
    const isMapped = block === 'message' && ADDRESS_HEADERS.has(name)
    if (this.#mapping === undefined || header === undefined || !isMapped) return sent
    const colon = findHeaderColon(header, header.length)
    // Nor is what REPLACE has made another header, as in Postfix.
    if (header.toString('latin1', 0, colon).trimEnd().toLowerCase() !== name) return sent
    return [...sent.slice(0, -1), await this.#mapping.header(header, colon)]
  }

  async *#body(raw: Buffer): AsyncGenerator<Uint8Array, void, void> {
    if (!this.#inspector?.asks('body_checks')) {
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
    yield* (await this.#inspector?.inspect('body_checks', text, raw)) ?? [raw]
  }
}
