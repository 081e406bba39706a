import type { Logger } from '@posthouse/mail-log'

/** Messages of a tool, as its user sees them (F-82). */
export function stderrLog(tool: string): Logger {
  const say = (severity: string) => (text: string) => console.error(`${tool}: ${severity}${text}`)
  return {
    info: say(''),
    warning: say('warning: '),
    error: say('error: '),
    fatal: say('fatal: '),
  }
}
