import type { Logger } from './logger.ts'
import { printable } from './printable.ts'

/**
 * A logger that keeps its lines for a test to look at: `text`, `warning: text`, `error: text`,
 * `fatal: text`, made printable as in a log. Unbounded, so not for production.
 */
export function memoryLogger(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = []
  const logger: Logger = {
    info: (text) => void lines.push(printable(text)),
    warning: (text) => void lines.push(`warning: ${printable(text)}`),
    error: (text) => void lines.push(`error: ${printable(text)}`),
    fatal: (text) => void lines.push(`fatal: ${printable(text)}`),
  }
  return { logger, lines }
}
