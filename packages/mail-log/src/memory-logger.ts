import { SEVERITY_WORDS, type Severity } from './log-entry.ts'
import type { LogFields } from './log-fields.ts'
import type { Logger } from './logger.ts'
import { printable } from './printable.ts'

/** What a test looks at. */
export interface MemoryLog {
  readonly logger: Logger
  /** `text`, `warning: text`, `error: text`, `fatal: text`, made printable as in a log. */
  readonly lines: string[]
  /** The fields of each line, in the same order. */
  readonly fields: (LogFields | undefined)[]
}

/** A logger for a test that keeps its lines. Unbounded, so not for production. */
export function memoryLogger(): MemoryLog {
  const lines: string[] = []
  const allFields: (LogFields | undefined)[] = []
  const add =
    (severity: Severity) =>
    (text: string, fields?: LogFields): void => {
      lines.push(SEVERITY_WORDS[severity] + printable(text))
      allFields.push(fields)
    }
  const logger: Logger = {
    info: add('info'),
    warning: add('warning'),
    error: add('error'),
    fatal: add('fatal'),
  }
  return { logger, lines, fields: allFields }
}
