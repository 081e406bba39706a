import type { LogEntry } from './log-entry.ts'

/** Where lines go that are whole and in Postfix's form: a file, a stream. */
export interface LogSink {
  /**
   * Takes one or more whole lines, each ended by LF, in one piece. The result is not looked at.
   *
   * @throws whatever went wrong; all these lines are then lost, and the mail log reports it.
   */
  write(lines: string): unknown
  /** Resolves when all lines are where they belong, or cannot get there. Not to be used after. */
  close?(): unknown
}

/** Where entries go that get their form there: syslog, JSON. */
export interface EntrySink {
  /**
   * Takes one or more entries, in order. The array belongs to the sink.
   *
   * @throws whatever went wrong; all these entries are then lost, and the mail log reports it.
   */
  log(entries: readonly LogEntry[]): unknown
  /** As in `LogSink`. */
  close?(): unknown
}
