import { MailLogError } from './errors.ts'
import { type LogEntry, type LogSource, SEVERITY_WORDS, type Severity } from './log-entry.ts'
import type { EntrySink } from './log-sink.ts'
import { LoggerProcess } from './logger-process.ts'
import { RareReport } from './rare-report.ts'
import { syslogPriorities } from './syslog-priority.ts'

/** How to reach the system log of this machine. */
export interface SyslogLocalOptions {
  /** `syslog_facility`, such as `mail`. */
  readonly facility: string
  /** Told of an error, and then of none for ten minutes. */
  readonly onError: (error: unknown) => void
  /** Calls a function some milliseconds from now. */
  readonly after: (delayMs: number, fn: () => void) => unknown
  /** The socket of the system log. Default `/dev/log`. */
  readonly socketPath?: string
  /** `logger` of util-linux; a name is looked for in `PATH`. Default `logger`. */
  readonly command?: string
  /**
   * Whom `logger` runs as; without it, as whoever runs this process at that time. As root, `logger`
   * of util-linux 2.38 tells the system log a wrong user id for the process of the tag.
   */
  readonly user?: { readonly userId: number; readonly groupId: number } | undefined
}

const MAX_PENDING = 8 * 1024 * 1024
// Above the longest text with its word for the severity: logger would split a longer line in two.
const MAX_LINE_BYTES = 2048

/**
 * Writes each entry to the system log of this machine (G-159), in the form of syslog(3):
 *
 * `<22>Nov  5 16:28:42 postfix/qmqpd[12135]: text`
 *
 * Node has no sockets of the kind of `/dev/log`, so a `logger` (util-linux) that stays for each tag
 * passes the lines on. Nothing waits for it: lines are kept while it cannot be run, or the system
 * log is slow or away, at most 8 MiB in all; then they are dropped (code `full`). A `logger` that
 * ends is started again after 1 s, and after longer if it ends at once, up to 60 s; what it had
 * read and not passed on is lost. It ends with this process, after the last line.
 *
 * @throws {MailLogError} `facility`.
 */
export function syslogLocalSink(options: SyslogLocalOptions): EntrySink {
  return new SyslogLocal(options)
}

class SyslogLocal implements EntrySink {
  readonly #options: SyslogLocalOptions
  readonly #priorities: Readonly<Record<Severity, string>>
  readonly #errors: RareReport
  readonly #loggers = new Map<string, LoggerProcess>()
  #latestMs = 0
  #isClosed = false

  constructor(options: SyslogLocalOptions) {
    this.#options = options
    this.#priorities = syslogPriorities(options.facility)
    this.#errors = new RareReport(options.onError)
  }

  log(entries: readonly LogEntry[]): void {
    if (this.#isClosed) throw new MailLogError('closed', 'expected an open syslog sink')
    let waiting = 0
    for (const logger of this.#loggers.values()) waiting += logger.waiting
    if (waiting > MAX_PENDING) {
      throw new MailLogError(
        'full',
        `expected a system log that keeps up: ${MAX_PENDING} bytes wait`,
      )
    }
    for (const { source, severity, text } of entries) {
      const line = `${this.#priorities[severity]}${SEVERITY_WORDS[severity]}${text}\n`
      this.#loggerOf(source).gather(line)
    }
    this.#latestMs = entries.at(-1)?.timeMs ?? this.#latestMs
    for (const logger of this.#loggers.values()) logger.send()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#loggers.values()].map((logger) => logger.end()))
  }

  #loggerOf({ tag, processId }: LogSource): LoggerProcess {
    const key = `${tag}[${processId}]`
    let logger = this.#loggers.get(key)
    if (logger === undefined) {
      logger = this.#newLogger(tag, processId)
      this.#loggers.set(key, logger)
    }
    return logger
  }

  #newLogger(tag: string, processId: number): LoggerProcess {
    const { command = 'logger', socketPath = '/dev/log', user, after } = this.#options
    const target = ['--socket', socketPath, '--socket-errors=on', '--size', `${MAX_LINE_BYTES}`]
    const marks = ['--prio-prefix', `--id=${processId}`, '--tag', tag]
    const onError = (error: Error): void => this.#errors.report(error, this.#latestMs)
    const argv = [...target, ...marks]
    return new LoggerProcess({ command, argv, socketPath, user, after, onError })
  }
}
