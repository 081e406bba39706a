import type { LogFields } from './log-fields.ts'

/** How bad it is. `info` is not named in lines. */
export type Severity = 'info' | 'warning' | 'error' | 'fatal'

/** Who says something: the same object for all entries of a logger. */
export interface LogSource {
  /** First label of `myhostname`. */
  readonly host: string
  /** `SYSLOG_NAME/PROCESS`, such as `postfix/smtp`. */
  readonly tag: string
  /** Second part of the tag. */
  readonly process: string
  readonly processId: number
  /** What stands between time and text in a line: ` mx postfix/smtp[123]: `. */
  readonly head: string
}

/** One line of the log before it has a form. */
export interface LogEntry {
  readonly source: LogSource
  /** In ms since 1970. */
  readonly timeMs: number
  readonly severity: Severity
  /** Printable, at most 2000 bytes of UTF-8, without the word for the severity. */
  readonly text: string
  /** Not made printable yet. */
  readonly fields: LogFields | undefined
}

/** What stands before the text of a line (G-158). */
export const SEVERITY_WORDS: Readonly<Record<Severity, string>> = {
  info: '',
  warning: 'warning: ',
  error: 'error: ',
  fatal: 'fatal: ',
}
