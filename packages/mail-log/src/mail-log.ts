import type { Logger } from './logger.ts'
import { printable } from './printable.ts'

/** Where finished lines go. */
export interface LogSink {
  /**
   * Takes one or more whole lines, each ended by LF, in one piece.
   *
   * @throws whatever went wrong; these lines are then lost, and the mail log reports it.
   */
  write(lines: string): void
}

/** What a `MailLog` needs to know. */
export interface MailLogOptions {
  /** First part of the tag: `syslog_name`, such as `postfix`. */
  readonly syslogName: string
  /** `myhostname`; its first label is logged. */
  readonly hostname: string
  readonly processId: number
  /** The time in ms since 1970. Shown in the time zone of the process. */
  readonly now: () => number
  readonly sink: LogSink
  /**
   * Told of the first error of a row of failed writes, and again after a write that succeeded. The
   * mail system goes on without its log, so this is the only place that learns of it.
   */
  readonly onError: (error: unknown) => void
  /**
   * Calls a function some milliseconds from now. With it lines wait up to 10 ms for others, which
   * under load saves most of the writes; without, to the end of the turn of the event loop.
   */
  readonly after?: (delayMs: number, fn: () => void) => unknown
}

const MAX_TEXT_BYTES = 2000
const MAX_WAIT_MS = 10
const MAX_PENDING = 64 * 1024 // Characters; more do not wait.
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/**
 * Log lines as Postfix writes them into its own log file (G-158):
 *
 * `Nov 20 16:28:42 mx postfix/qmqpd[12135]: warning: text`
 *
 * The text is made printable and cut after 2000 bytes. Lines that come together reach the sink in
 * one write; call `flush` before the process ends.
 */
export class MailLog {
  readonly #options: MailLogOptions
  readonly #host: string
  #pending = ''
  #scheduled = false
  #failing = false
  #second = Number.NaN
  #stamp = ''
  readonly #flushWaiting = (): void => {
    this.#scheduled = false
    this.flush()
  }

  constructor(options: MailLogOptions) {
    this.#options = options
    this.#host = options.hostname.split('.', 1)[0]!
  }

  /** The logger of a process name, such as `qmqpd`; lines have the tag `syslogName/qmqpd[pid]`. */
  logger(processName: string): Logger {
    const { syslogName, processId } = this.#options
    const tag = ` ${this.#host} ${syslogName}/${processName}[${processId}]: `
    return {
      info: (text) => this.#add(tag, text),
      warning: (text) => this.#add(`${tag}warning: `, text),
      error: (text) => this.#add(`${tag}error: `, text),
      fatal: (text) => {
        this.#add(`${tag}fatal: `, text)
        this.flush()
      },
    }
  }

  /** Hands the waiting lines to the sink now. */
  flush(): void {
    const lines = this.#pending
    if (lines === '') return
    this.#pending = ''
    try {
      this.#options.sink.write(lines)
      this.#failing = false
    } catch (error) {
      if (this.#failing) return
      this.#failing = true
      this.#options.onError(error)
    }
  }

  #add(tag: string, text: string): void {
    this.#pending += `${this.#timeStamp()}${tag}${printable(text, MAX_TEXT_BYTES)}\n`
    if (this.#pending.length > MAX_PENDING) this.flush()
    if (this.#scheduled) return
    this.#scheduled = true
    const { after } = this.#options
    if (after === undefined) setImmediate(this.#flushWaiting)
    else after(MAX_WAIT_MS, this.#flushWaiting)
  }

  // The same text for all lines of a second: a date costs more than the rest of a line.
  #timeStamp(): string {
    const second = Math.floor(this.#options.now() / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#stamp = timeStamp(new Date(second * 1000))
    }
    return this.#stamp
  }
}

function timeStamp(date: Date): string {
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')
  return `${MONTHS[date.getMonth()]} ${twoDigits(date.getDate())} ${time}`
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : `${value}`
}
