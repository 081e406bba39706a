import { type LogEntry, type LogSource, SEVERITY_WORDS, type Severity } from './log-entry.ts'
import type { LogFields } from './log-fields.ts'
import type { EntrySink, LogSink } from './log-sink.ts'
import { TimeStamps } from './time-stamp.ts'

/** Lines on their way to a sink. Texts are printable already. */
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
  readonly #stamps = new TimeStamps('0')
  #text = ''
  #lines = 0

  constructor(sink: LogSink) {
    this.#sink = sink
  }

  get lines(): number {
    return this.#lines
  }

  get length(): number {
    return this.#text.length
  }

  add(source: LogSource, timeMs: number, severity: Severity, text: string): void {
    this.#text += this.#line(source, timeMs, severity, text)
    this.#lines++
  }

  addFirst(source: LogSource, timeMs: number, text: string): void {
    this.#text = this.#line(source, timeMs, 'warning', text) + this.#text
    this.#lines++
  }

  send(): void {
    const text = this.#text
    this.#text = ''
    this.#lines = 0
    this.#sink.write(text)
  }

  #line(source: LogSource, timeMs: number, severity: Severity, text: string): string {
    return `${this.#stamps.of(timeMs)}${source.head}${SEVERITY_WORDS[severity]}${text}\n`
  }
}

/** Entries that get their form in the sink. */
export class EntryBatch implements LogBatch {
  readonly #sink: EntrySink
  #entries: LogEntry[] = []
  #length = 0

  constructor(sink: EntrySink) {
    this.#sink = sink
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
    this.#entries.push({ source, timeMs, severity, text, fields })
    this.#length += text.length
  }

  addFirst(source: LogSource, timeMs: number, text: string): void {
    this.#entries.unshift({ source, timeMs, severity: 'warning', text, fields: undefined })
  }

  send(): void {
    const entries = this.#entries
    this.#entries = []
    this.#length = 0
    this.#sink.log(entries)
  }
}
