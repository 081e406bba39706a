import { EntryBatch, LineBatch, type LogBatch } from './log-batch.ts'
import type { LogSource, Severity } from './log-entry.ts'
import type { LogFields } from './log-fields.ts'
import type { EntrySink, LogSink } from './log-sink.ts'
import type { Logger } from './logger.ts'
import { RareReport } from './rare-report.ts'

/** What a `MailLog` needs to know. */
export interface MailLogOptions {
  /** First part of the tag: `syslog_name`, such as `postfix`. */
  readonly syslogName: string
  /** `myhostname`; its first label is logged. */
  readonly hostname: string
  readonly processId: number
  /** `smtputf8_enable`; true if absent. False makes `?` of bytes that are not ASCII. */
  readonly smtputf8?: boolean | undefined
  /** The time in ms since 1970. Shown in the time zone of the process. */
  readonly now: () => number
  /** Where lines go. `jsonLines`, `syslogUdpSink` and `syslogLocalSink` make entry sinks. */
  readonly sink: LogSink | EntrySink
  /**
   * Told of an error of the sink, and then of none for ten minutes. The mail system goes on without
   * its log, so this is the first place that learns of it.
   */
  readonly onError: (error: unknown) => void
  /**
   * Calls a function some milliseconds from now. With it lines wait up to 10 ms for others, which
   * under load saves most of the writes, and `close` waits for at most 5 s; without, lines wait to
   * the end of the turn of the event loop, and `close` for as long as it takes.
   */
  readonly after?: (delayMs: number, fn: () => void) => unknown
}

/** What a reload may change. */
export type MailLogChange = Pick<MailLogOptions, 'hostname' | 'sink' | 'smtputf8' | 'syslogName'>

/** What a logger may have of its own. */
export interface LoggerOptions {
  /** Instead of the `syslogName` of the mail log: `-o syslog_name=` of a service. */
  readonly syslogName?: string | undefined
}

const MAX_WAIT_MS = 10
const MAX_PENDING = 64 * 1024 // Characters; more do not wait.
const CLOSE_LIMIT_MS = 5000
// What Postfix's own program for its log file is called.
const OWN_PROCESS = 'postlogd'

/**
 * A log as Postfix writes it (G-158), here into its own log file:
 *
 * `Nov 20 16:28:42 mx postfix/qmqpd[12135]: warning: text`
 *
 * The text is made printable and cut after 2000 bytes. Lines that come together reach the sink in
 * one piece; call `close` before the process ends, or `flush` where nothing can be waited for.
 * Lines that a sink could not take are counted, and a warning in the log says how many when it
 * goes on.
 */
export class MailLog {
  readonly #errors: RareReport
  #options: MailLogOptions
  #batch: LogBatch
  #scheduled = false
  #lost = 0
  #reason = '' // Of the first loss.
  readonly #flushWaiting = (): void => {
    this.#scheduled = false
    this.flush()
  }

  constructor(options: MailLogOptions) {
    this.#options = options
    this.#batch = batchFor(options)
    this.#errors = new RareReport(options.onError)
  }

  /** The logger of a process name, such as `qmqpd`; lines have the tag `syslogName/qmqpd[pid]`. */
  logger(processName: string, options: LoggerOptions = {}): Logger {
    const { syslogName } = options
    let current = this.#options
    let source = this.#source(processName, syslogName)
    const add = (severity: Severity, text: string, fields: LogFields | undefined): void => {
      if (current !== this.#options) {
        current = this.#options
        source = this.#source(processName, syslogName)
      }
      this.#add(source, severity, text, fields)
    }
    return {
      info: (text, fields) => add('info', text, fields),
      warning: (text, fields) => add('warning', text, fields),
      error: (text, fields) => add('error', text, fields),
      fatal: (text, fields) => {
        add('fatal', text, fields)
        this.flush()
      },
    }
  }

  /**
   * From now on logs to another sink, or under another name: loggers that are there already, too.
   * What waits goes to the old sink, which is the caller's to close.
   */
  change(change: MailLogChange): void {
    this.flush()
    this.#options = { ...this.#options, ...change }
    this.#batch = batchFor(this.#options)
  }

  /** Hands the waiting lines to the sink now. */
  flush(): void {
    const batch = this.#batch
    const { lines } = batch
    if (lines === 0) return
    if (this.#lost > 0) {
      const text = `${this.#lost} lines of the log were lost: ${this.#reason}`
      batch.addFirst(this.#source(OWN_PROCESS), this.#options.now(), text)
    }
    try {
      batch.send()
      this.#lost = 0
    } catch (error) {
      if (this.#lost === 0) this.#reason = error instanceof Error ? error.message : String(error)
      this.#lost += lines
      this.#errors.report(error, this.#options.now())
    }
  }

  /** Hands over what waits and closes the sink. Resolves when the last line is where it belongs. */
  async close(): Promise<void> {
    this.flush()
    const { after, sink } = this.#options
    const limit = new Promise<void>((resolve) => {
      after?.(CLOSE_LIMIT_MS, resolve)
    })
    await Promise.race([sink.close?.(), limit])
  }

  #source(process: string, syslogName = this.#options.syslogName): LogSource {
    const { hostname, processId } = this.#options
    const host = hostname.split('.', 1)[0]!
    const tag = `${syslogName}/${process}`
    return { host, tag, process, processId, head: ` ${host} ${tag}[${processId}]: ` }
  }

  #add(source: LogSource, severity: Severity, text: string, fields: LogFields | undefined): void {
    const batch = this.#batch
    batch.add(source, this.#options.now(), severity, text, fields)
    if (batch.length > MAX_PENDING) this.flush()
    if (this.#scheduled) return
    this.#scheduled = true
    const { after } = this.#options
    if (after === undefined) setImmediate(this.#flushWaiting)
    else after(MAX_WAIT_MS, this.#flushWaiting)
  }
}

function batchFor({ sink, smtputf8 }: MailLogOptions): LogBatch {
  return 'log' in sink ? new EntryBatch(sink, smtputf8) : new LineBatch(sink, smtputf8)
}
