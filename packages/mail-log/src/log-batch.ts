import { type LogEntry, type LogSource, SEVERITY_WORDS, type Severity } from './log-entry.ts'
import type { LogFields } from './log-fields.ts'
import type { EntrySink, LogSink } from './log-sink.ts'
import { printable, printableTexts } from './printable.ts'
import { TimeStamps } from './time-stamp.ts'

const MAX_TEXT_BYTES = 2000

/** Lines on their way to a sink, which gets them printable. */
export interface LogBatch {
  /** Lines that wait. */
  readonly lines: number
  /** Their length, in characters, about. */
  readonly length: number
  add(
    source: LogSource,
    timeMs: number,
    severity: Severity,
    text: string,
    fields: LogFields | undefined,
  ): void
  /** Adds a warning before all others. */
  addFirst(source: LogSource, timeMs: number, text: string): void
  /** Hands all to the sink, and forgets them even if the sink throws. */
  send(): void
}

/** Lines in Postfix's form, which need no objects. */
export class LineBatch implements LogBatch {
  readonly #sink: LogSink
  readonly #smtputf8: boolean | undefined
  readonly #stamps = new TimeStamps('0')
  #heads: string[] = []
  #texts: string[] = []
  #length = 0

  constructor(sink: LogSink, smtputf8: boolean | undefined) {
    this.#sink = sink
    this.#smtputf8 = smtputf8
  }

  get lines(): number {
    return this.#texts.length
  }

  get length(): number {
    return this.#length
  }

  add(source: LogSource, timeMs: number, severity: Severity, text: string): void {
    const head = this.#head(source, timeMs, severity)
    this.#heads.push(head)
    this.#texts.push(text)
    this.#length += head.length + text.length
  }

  addFirst(source: LogSource, timeMs: number, text: string): void {
    this.#heads.unshift(this.#head(source, timeMs, 'warning'))
    this.#texts.unshift(text)
  }

  send(): void {
    const heads = this.#heads
    const texts = printableTexts(this.#texts, MAX_TEXT_BYTES, this.#smtputf8)
    this.#heads = []
    this.#texts = []
    this.#length = 0
    let lines = ''
    for (let at = 0; at < heads.length; at++) lines += `${heads[at]}${texts[at]}\n`
    this.#sink.write(lines)
  }

  #head(source: LogSource, timeMs: number, severity: Severity): string {
    return `${this.#stamps.of(timeMs)}${source.head}${SEVERITY_WORDS[severity]}`
  }
}

/** Entries that get their form in the sink. */
export class EntryBatch implements LogBatch {
  readonly #sink: EntrySink
  readonly #smtputf8: boolean | undefined
  #entries: LogEntry[] = []
  #length = 0

  constructor(sink: EntrySink, smtputf8: boolean | undefined) {
    this.#sink = sink
    this.#smtputf8 = smtputf8
  }

  get lines(): number {
    return this.#entries.length
  }

  get length(): number {
    return this.#length
  }

  add(
    source: LogSource,
    timeMs: number,
    severity: Severity,
    text: string,
    fields: LogFields | undefined,
  ): void {
    this.#entries.push(this.#entry(source, timeMs, severity, text, fields))
    this.#length += text.length
  }

  addFirst(source: LogSource, timeMs: number, text: string): void {
    this.#entries.unshift(this.#entry(source, timeMs, 'warning', text, undefined))
  }

  send(): void {
    const entries = this.#entries
    this.#entries = []
    this.#length = 0
    this.#sink.log(entries)
  }

  #entry(
    source: LogSource,
    timeMs: number,
    severity: Severity,
    text: string,
    fields: LogFields | undefined,
  ): LogEntry {
    const shown = printable(text, MAX_TEXT_BYTES, this.#smtputf8)
    return { source, timeMs, severity, text: shown, fields }
  }
}
