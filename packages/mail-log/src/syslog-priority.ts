import { MailLogError } from './errors.ts'
import type { Severity } from './log-entry.ts'

// Numbers of RFC 3164 4.1.1, names of syslog.conf(5).
const FACILITIES: ReadonlyMap<string, number> = new Map([
  ['kern', 0],
  ['user', 1],
  ['mail', 2],
  ['daemon', 3],
  ['auth', 4],
  ['syslog', 5],
  ['lpr', 6],
  ['news', 7],
  ['uucp', 8],
  ['cron', 9],
  ['authpriv', 10],
  ['ftp', 11],
  ...Array.from({ length: 8 }, (_, index) => [`local${index}`, 16 + index] as const),
])

// G-159: crit, err, warning and info.
const LEVELS: Readonly<Record<Severity, number>> = { fatal: 2, error: 3, warning: 4, info: 6 }

/**
 * The start of a syslog message for each severity, `<22>` for `mail` and `info`.
 *
 * @param facility `syslog_facility`, in lower case.
 * @throws {MailLogError} `facility`.
 */
export function syslogPriorities(facility: string): Readonly<Record<Severity, string>> {
  const number = FACILITIES.get(facility)
  if (number === undefined) {
    const names = [...FACILITIES.keys()].join(', ')
    throw new MailLogError('facility', `expected a syslog facility (${names}), got "${facility}"`)
  }
  const priority = (severity: Severity): string => `<${number * 8 + LEVELS[severity]}>`
  return {
    info: priority('info'),
    warning: priority('warning'),
    error: priority('error'),
    fatal: priority('fatal'),
  }
}
