import type { LogFields } from './log-fields.ts'

/**
 * Takes the messages of one process name, such as `postfix/qmqpd[123]: connect from …`.
 *
 * Texts may hold whatever a peer sent: they are made printable and cut on the way out. `fields` are
 * the facts of the text as data, which only some logs show; they must not change any more, so an
 * object that is at hand anyway costs nothing.
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
