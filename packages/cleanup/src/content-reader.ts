import { isAscii } from 'node:buffer'
import type { Later } from '@posthouse/lookup-table'
import {
  type EndOfHeadersEvent,
  type HeaderChecks,
  type HeaderEvent,
  type MimeErrorCode,
  type MimeEvent,
  MimeStream,
} from '@posthouse/mime-stream'
import type { ContentWriter } from '@posthouse/queue-store'

import type { CleanupOptions } from './cleanup-options.ts'
import type { CheckTable, ContentChecks } from './content-checks.ts'
import { type HeaderText, headerText, headerValueStart, writeHeader } from './header-text.ts'
import type { Change, Inspection } from './inspection.ts'
import { andThen, more, repeat } from './later.ts'
import { cleanText } from './message-text.ts'
import { type MimeProblem, NON_EMPTY_END } from './mime-problems.ts'
import type { PrimaryHeader } from './primary-header.ts'
import { StoredBody } from './stored-body.ts'

const LF = 0x0a
// What is read at once: the events of so much text wait for slow tables in memory.
const CHUNK_BYTES = 16_384
// Records that are stored at once. Up to so many, all that a message has is stored in one.
const BLOCK_BYTES = 262_144
const EIGHT_BIT = /^(?:8bit|binary)$/i
const MIME_ERROR = Buffer.from('MIME-Error: message header was not terminated by empty line')

/** What `ContentReader` works with. */
export interface ContentReaderContext {
  readonly options: CleanupOptions
  readonly checks: ContentChecks
  /** What is refused for its MIME structure, by the code of mime-stream. */
  readonly refusedMime: ReadonlyMap<MimeErrorCode, MimeProblem>
  readonly writer: ContentWriter
  /** Takes records over, for good once it resolves. */
  readonly store: (records: Uint8Array) => Promise<void>
  readonly primary: PrimaryHeader
  readonly inspection: Inspection
  /** Writes what is missing in the primary header; called when that ends. */
  readonly endPrimary: () => void
}

/** A problem, where it was found; `bytes` undefined: in the body that comes now. */
interface ProblemStep {
  readonly kind: 'problem'
  readonly problem: MimeProblem
  readonly bytes: Buffer | undefined
}

/**
 * Reads one message by its MIME structure and stores it: what the headers and the body have to go
 * through, in the order of the text. Nothing waits unless a table answers later.
 */
export class ContentReader {
  readonly #context: ContentReaderContext
  readonly #stream: MimeStream
  readonly #body: StoredBody
  #errorCount = 0 // Of the stream; those are dealt with.
  #pending: Promise<undefined> | undefined // Of a table; what comes meanwhile is in #steps.
  readonly #steps: (MimeEvent | ProblemStep)[] = []

  /** A `Content-Transfer-Encoding: 8bit` or `binary` was stored. */
  is8bit = false
  /** A byte above 0x7F was stored in a header, other than one that was missing. */
  hasNonAsciiHeader = false

  constructor(context: ContentReaderContext) {
    const { options, checks, writer, inspection } = context
    this.#context = context
    this.#body = new StoredBody(options, writer, inspection, checks.bodyChecks)
    this.#stream = new MimeStream(options, (event) => this.#gather(event))
  }

  /** Takes text, which must not change. Stops early when the rest does not matter. */
  push(text: Buffer): Later<undefined> {
    const { inspection, writer, store } = this.#context
    if (text.length <= CHUNK_BYTES) return this.#pushChunk(text)
    let at = 0
    return repeat(() => {
      if (inspection.isOver) return 'done'
      if (writer.pendingBytes >= BLOCK_BYTES) return more(store(writer.take()))
      if (at >= text.length) return 'done'
      at += CHUNK_BYTES
      return more(this.#pushChunk(text.subarray(at - CHUNK_BYTES, at)))
    })
  }

  /** Ends the message. */
  end(): Later<undefined> {
    if (this.#context.inspection.isOver) return undefined
    this.#stream.end()
    return andThen(this.#taken(), () => this.#body.finish())
  }

  #pushChunk(chunk: Buffer): Later<undefined> {
    if (this.#context.inspection.isOver) return undefined
    this.#stream.push(cleanText(chunk, this.#context.options), true)
    return this.#taken()
  }

  /** Puts problems next to what has them: before it, but for the encoding of a whole entity. */
  #gather(event: MimeEvent): void {
    if (this.#stream.errors.size === this.#errorCount) {
      this.#step(event)
      return
    }
    const bytes =
      event.kind === 'header'
        ? event.text
        : event.kind === 'end-of-headers'
          ? Buffer.from(event.entity.encoding)
          : undefined
    const problems = this.#newProblems().map(
      (problem) => ({ kind: 'problem', problem, bytes }) as const,
    )
    const steps = event.kind === 'end-of-headers' ? [event, ...problems] : [...problems, event]
    for (const step of steps) this.#step(step)
  }

  /** In the order of importance. */
  #newProblems(): MimeProblem[] {
    const codes = [...this.#stream.errors].slice(this.#errorCount)
    this.#errorCount += codes.length
    const refused = [...this.#context.refusedMime]
    return refused.filter(([code]) => codes.includes(code)).map(([, problem]) => problem)
  }

  /** Takes a step, or notes it while a table has not answered. */
  #step(step: MimeEvent | ProblemStep): void {
    if (this.#pending !== undefined) this.#steps.push(step)
    else if (!this.#context.inspection.isOver) this.#pending = this.#take(step)
  }

  /** When all steps are taken. */
  #taken(): Later<undefined> {
    return this.#pending && this.#takeSteps(this.#pending)
  }

  async #takeSteps(pending: Promise<undefined>): Promise<undefined> {
    await pending
    for (const step of this.#steps) {
      if (this.#context.inspection.isOver) break
      const result = this.#take(step)
      if (result !== undefined) await result
    }
    this.#steps.length = 0
    this.#pending = undefined
  }

  #take(step: MimeEvent | ProblemStep): Later<undefined> {
    switch (step.kind) {
      case 'header':
        return this.#takeHeader(step)
      case 'end-of-headers':
        return this.#endHeaders(step)
      case 'boundary':
        // What follows the last part is a part of the body, with this line.
        if (step.isClosing) this.#body.beginPart()
        return this.#body.push(step.raw)
      case 'body':
        return this.#body.push(step.raw)
      case 'problem':
        if (step.bytes === undefined) this.#body.expectProblem(step.problem)
        else this.#context.inspection.mimeProblem(step.problem, step.bytes)
        return undefined
    }
  }

  #takeHeader(event: HeaderEvent): Later<undefined> {
    const { checks, inspection, primary } = this.#context
    // Checks come between counting and judging: Q-520.
    if (event.block === 'message' && event.name === 'received') primary.countHop()
    const change = inspection.check(tableOf(checks, event.checks), 'header', event.text)
    if (change instanceof Promise) return change.then((known) => this.#follow(event, known))
    return this.#follow(event, change)
  }

  #follow(event: HeaderEvent, change: Change | undefined): Later<undefined> {
    if (change?.kind === 'drop') return undefined
    if (change?.kind === 'prepend') this.#write(change.bytes)
    const header = change?.kind === 'replace' ? headerText(change.bytes) : event
    if (header.name === 'content-transfer-encoding') this.#heedEncoding(header)
    // What stands for a header about MIME is passed on as it is, whatever its name.
    const isForMime = change?.kind === 'replace' && event.checks === 'mime_header_checks'
    if (event.block === 'message' && !isForMime) return this.#takePrimary(event, header)
    return this.#store(event, header.kept)
  }

  #takePrimary(event: HeaderEvent, header: HeaderText): Later<undefined> {
    const { primary, inspection } = this.#context
    const rule = primary.heed(header)
    if (primary.isLooping) inspection.tooManyHops()
    if (inspection.isOver) return undefined
    const stored = rule === undefined ? header.kept : primary.stored(header, rule)
    if (stored instanceof Promise) return stored.then((bytes) => this.#store(event, bytes))
    return this.#store(event, stored)
  }

  #store({ raw, kept, hasEightBit }: HeaderEvent, stored: Buffer | undefined): undefined {
    if (stored === undefined) return
    const isAsItCame = stored === kept && kept.length === raw.length - 1
    if (!isAsItCame || raw[kept.length] !== LF) return this.#write(stored)
    this.#context.writer.text(raw)
    if (hasEightBit) this.hasNonAsciiHeader = true
  }

  #write(header: Buffer): undefined {
    writeHeader(this.#context.writer, header)
    if (!isAscii(header)) this.hasNonAsciiHeader = true
  }

  #heedEncoding(header: HeaderText): void {
    if (!this.#context.options.detect8bitEncodingHeader) return
    const value = header.kept.toString('latin1', headerValueStart(header))
    if (EIGHT_BIT.test(value)) this.is8bit = true
  }

  #endHeaders({ block, raw, needsEmptyLine }: EndOfHeadersEvent): Later<undefined> {
    if (block === 'message') this.#endPrimary(needsEmptyLine)
    this.#body.beginPart()
    return this.#body.push(raw)
  }

  #endPrimary(needsEmptyLine: boolean): void {
    const { options, endPrimary, writer } = this.#context
    const action = needsEmptyLine ? options.nonEmptyEndOfHeaderAction : 'fix_quietly'
    if (action === 'add_header') writer.line(MIME_ERROR)
    endPrimary()
    if (action === 'reject') this.#body.expectProblem(NON_EMPTY_END)
    if (needsEmptyLine) writer.line(Buffer.alloc(0))
  }
}

function tableOf(checks: ContentChecks, name: HeaderChecks): CheckTable | undefined {
  switch (name) {
    case 'header_checks':
      return checks.headerChecks
    case 'mime_header_checks':
      return checks.mimeHeaderChecks
    case 'nested_header_checks':
      return checks.nestedHeaderChecks
  }
}
