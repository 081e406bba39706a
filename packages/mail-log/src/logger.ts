/** The facts of a log line as data, by name, for those who would otherwise parse its text. */
export type LogFields = Readonly<Record<string, string | number>>

/**
 * Takes the messages of one process name, such as `postfix/qmqpd[123]: connect from …`.
 *
 * Texts may hold whatever a peer sent: they are made printable and cut on the way out. `fields`
 * repeat facts of the text; they must never hold what the text does not.
 */
export interface Logger {
  info(text: string, fields?: LogFields): void
  /** Logged with `warning: ` in front. */
  warning(text: string, fields?: LogFields): void
  /** Logged with `error: ` in front. */
  error(text: string, fields?: LogFields): void
  /** Logged at once, with `fatal: ` in front. Ending the process is up to the caller (G-161). */
  fatal(text: string, fields?: LogFields): void
}
