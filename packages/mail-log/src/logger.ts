/**
 * Takes the messages of one process name, such as `postfix/qmqpd[123]: connect from …`.
 *
 * Texts may hold whatever a peer sent: they are made printable and cut on the way out.
 */
export interface Logger {
  info(text: string): void
  /** Logged with `warning: ` in front. */
  warning(text: string): void
  /** Logged with `error: ` in front. */
  error(text: string): void
  /** Logged at once, with `fatal: ` in front. Ending the process is up to the caller (G-161). */
  fatal(text: string): void
}
