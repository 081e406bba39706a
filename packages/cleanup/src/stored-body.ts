import { isAscii } from 'node:buffer'
import type { Later } from '@posthouse/lookup-table'
import type { ContentWriter } from '@posthouse/queue-store'

import type { CleanupOptions } from './cleanup-options.ts'
import type { CheckTable } from './content-checks.ts'
import type { Change, Inspection } from './inspection.ts'
import { andThen, more, repeat } from './later.ts'
import type { MimeProblem } from './mime-problems.ts'

const LF = 0x0a
const NOTHING = Buffer.alloc(0)

/**
 * Stores what is not headers, and looks at it record by record where somebody wants to:
 * body checks, and what tells of a problem by the text that it was found in.
 */
export class StoredBody {
  readonly #options: CleanupOptions
  readonly #writer: ContentWriter
  readonly #inspection: Inspection
  readonly #table: CheckTable | undefined
  #held: Buffer = NOTHING // The beginning of a record; views of what was pushed.
  #isLineOpen = false
  #offset = 0 // In the part of the body: a byte more than its length for each record.
  #problems: MimeProblem[] = []

  constructor(
    options: CleanupOptions,
    writer: ContentWriter,
    inspection: Inspection,
    table: CheckTable | undefined,
  ) {
    this.#options = options
    this.#writer = writer
    this.#inspection = inspection
    this.#table = table
  }

  /** A part of the body begins, and what is checked of it. */
  beginPart(): void {
    this.#offset = 0
  }

  /** Reports the problem with the record that has it: the next one, or the next 8-bit one. */
  expectProblem(problem: MimeProblem): void {
    this.#problems.push(problem)
  }

  /**
   * Takes text, cut anywhere. It must not change before the message has ended.
   *
   * @returns when it is stored, if a table answers later.
   */
  push(text: Buffer): Later<undefined> {
    let at = this.#passLines(text, 0)
    if (at === text.length) return undefined
    return repeat(() => {
      at = this.#passLines(text, at)
      if (at >= text.length || this.#inspection.isOver) return 'done'
      const lf = text.indexOf(LF, at)
      const room = this.#options.lineLengthLimit - this.#held.length
      const end = Math.min(lf < 0 ? text.length : lf, at + room)
      const isComplete = end === lf
      const piece = this.#withHeld(text.subarray(at, end))
      at = isComplete ? end + 1 : end
      if (isComplete || end < text.length) return more(this.#record(piece, isComplete))
      this.#held = piece
      return 'done'
    })
  }

  /** Ends the message, and its last line. */
  finish(): Later<undefined> {
    const last = this.#held.length > 0 ? this.#record(this.#withHeld(NOTHING), false) : undefined
    return andThen(last, () => {
      if (this.#isLineOpen) this.#writer.line(NOTHING)
      return undefined
    })
  }

  /** All lines at once when nobody looks at them. */
  #passLines(text: Buffer, from: number): number {
    if (this.#held.length > 0 || this.#problems.length > 0 || this.#isToBeChecked) return from
    const { length } = text
    const end = text[length - 1] === LF ? length : text.lastIndexOf(LF) + 1
    if (end <= from) return from
    this.#writer.text(text, from, end)
    this.#isLineOpen = false
    return end
  }

  get #isToBeChecked(): boolean {
    if (this.#table === undefined || !this.#inspection.isChecking) return false
    const { bodyChecksSizeLimit } = this.#options
    return bodyChecksSizeLimit <= 0 || this.#offset < bodyChecksSizeLimit
  }

  #withHeld(bytes: Buffer): Buffer {
    if (this.#held.length === 0) return bytes
    const whole = bytes.length === 0 ? this.#held : Buffer.concat([this.#held, bytes])
    this.#held = NOTHING
    return whole
  }

  #record(record: Buffer, isComplete: boolean): Later<undefined> {
    if (this.#problems.length > 0) this.#report(record)
    if (!this.#isToBeChecked) return this.#store(record, isComplete)
    this.#offset += record.length + 1
    return andThen(this.#inspection.check(this.#table, 'body', record), (change) =>
      this.#store(record, isComplete, change),
    )
  }

  #report(record: Buffer): void {
    const isEightBit = !isAscii(record)
    const found = this.#problems.filter(({ code }) => isEightBit || code !== '8bit-in-7bit-body')
    if (found.length === 0) return
    this.#problems = this.#problems.filter((problem) => !found.includes(problem))
    for (const problem of found) this.#inspection.mimeProblem(problem, record)
  }

  #store(record: Buffer, isComplete: boolean, change?: Change): undefined {
    this.#isLineOpen = !isComplete
    if (change?.kind === 'drop') return
    if (change?.kind === 'prepend') this.#writer.line(change.bytes)
    const bytes = change?.kind === 'replace' ? change.bytes : record
    if (isComplete) this.#writer.line(bytes)
    else this.#writer.partial(bytes)
  }
}
