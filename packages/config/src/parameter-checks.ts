import { malformedLevel, parseCompatibilityLevel } from './compatibility-level.ts'
import type { ConfigError } from './errors.ts'
import { hostnameProblem } from './hostname-problem.ts'
import type { ParameterValues } from './registry.ts'
import type { Settings } from './settings.ts'

/** Facilities of syslog(3) that `syslog_facility` may name, in lower case only. */
const SYSLOG_FACILITIES: ReadonlySet<string> = new Set([
  ...['auth', 'authpriv', 'cron', 'daemon', 'ftp', 'kern', 'lpr', 'mail', 'news', 'syslog'],
  ...['user', 'uucp', ...Array.from({ length: 8 }, (_, index) => `local${index}`)],
])

const SEVERAL_WORDS = /[, \t\r\n]/

type Check = (values: ParameterValues, settings: Settings) => ConfigError | undefined

const CHECKS: readonly Check[] = [
  (values, settings) => checkHostname('myhostname', values.myhostname, settings),
  (values, settings) => checkHostname('mydomain', values.mydomain, settings),
  checkMyorigin,
  checkRelayhost,
  checkProtocols,
  checkSyslogFacility,
  checkVerpDelimiters,
  checkMaillogFile,
  checkLogAddressFormat,
  checkDnsSupport,
  checkAddressPreference,
]

/**
 * What Postfix checks at start-up beyond a value's type (G-19). Not here: what needs the user
 * database (`mail_owner`, `default_privs`, `setgid_group`) or the network (`inet_interfaces`).
 *
 * @throws {ConfigError} `value`
 */
export function checkParameters(values: ParameterValues, settings: Settings): void {
  for (const check of CHECKS) {
    const error = check(values, settings)
    if (error !== undefined) throw error
  }
}

/** Checked before anything else, because defaults depend on it (G-26). @throws {ConfigError} */
export function checkCompatibilityLevel(settings: Settings): void {
  const text = settings.expanded('compatibility_level')
  if (parseCompatibilityLevel(text) === undefined) {
    throw settings.error('compatibility_level', malformedLevel(text))
  }
}

function checkHostname(name: string, value: string, settings: Settings): ConfigError | undefined {
  const problem = hostnameProblem(value)
  if (problem === undefined) return undefined
  return settings.error(name, badParameterValue(name, value, settings), [problem])
}

function checkMyorigin({ myorigin }: ParameterValues, settings: Settings): ConfigError | undefined {
  if (myorigin.startsWith('/') || !SEVERAL_WORDS.test(myorigin)) return undefined
  const text = `myorigin parameter setting must not contain multiple values: ${myorigin}`
  return settings.error('myorigin', text)
}

function checkRelayhost(values: ParameterValues, settings: Settings): ConfigError | undefined {
  const { myhostname } = values
  if (settings.expanded('relayhost').toLowerCase() !== myhostname.toLowerCase()) return undefined
  const text = 'myhostname and relayhost parameter settings must not be identical'
  return settings.error('relayhost', `${text}: ${myhostname}`)
}

function checkProtocols(values: ParameterValues, settings: Settings): ConfigError | undefined {
  const { inet_protocols: protocols } = values
  const bad = protocols.find((word) => word !== 'all' && word !== 'ipv4' && word !== 'ipv6')
  if (bad === undefined) return undefined
  const whole = settings.expanded('inet_protocols')
  return settings.error('inet_protocols', `unknown inet_protocols value "${bad}" in "${whole}"`)
}

function checkSyslogFacility(values: ParameterValues, settings: Settings): ConfigError | undefined {
  const { syslog_facility: facility } = values
  if (SYSLOG_FACILITIES.has(facility)) return undefined
  const text = `parameter syslog_facility: unrecognized value: ${facility}`
  return settings.error('syslog_facility', `file ${settings.file}: ${text}`)
}

function checkVerpDelimiters(values: ParameterValues, settings: Settings): ConfigError | undefined {
  const { default_verp_delimiters: delimiters, verp_delimiter_filter: allowed } = values
  const bad = Array.from(delimiters).findIndex((char) => !allowed.includes(char))
  if (bad < 0) return undefined
  const names = 'parameters default_verp_delimiters and verp_delimiter_filter'
  const which = bad === 0 ? 'first' : 'second'
  const text = `file ${settings.file}: ${names}: bad ${which} VERP delimiter character`
  return settings.error('default_verp_delimiters', text)
}

function checkMaillogFile(values: ParameterValues, settings: Settings): ConfigError | undefined {
  const { maillog_file: file, maillog_file_prefixes: prefixes } = values
  if (file === '' || prefixes.some((prefix) => file.startsWith(prefix))) return undefined
  const text = `maillog_file value '${file}' does not match any prefix in maillog_file_prefixes`
  return settings.error('maillog_file', text)
}

function checkLogAddressFormat(
  values: ParameterValues,
  settings: Settings,
): ConfigError | undefined {
  const { info_log_address_format: format } = values
  if (format === 'external' || format === 'internal') return undefined
  const text = `invalid parameter setting "info_log_address_format = ${format}"`
  return settings.error('info_log_address_format', text)
}

function checkDnsSupport(values: ParameterValues, settings: Settings): ConfigError | undefined {
  const { smtp_dns_support_level: level } = values
  if (['', 'disabled', 'enabled', 'dnssec'].includes(level)) return undefined
  return settings.error('smtp_dns_support_level', `invalid smtp_dns_support_level: "${level}"`)
}

function checkAddressPreference(
  values: ParameterValues,
  settings: Settings,
): ConfigError | undefined {
  const { smtp_address_preference: preference } = values
  if (['any', 'ipv4', 'ipv6'].includes(preference)) return undefined
  const text = `bad smtp_address_preference value: ${preference}`
  return settings.error('smtp_address_preference', text)
}

function badParameterValue(name: string, value: string, settings: Settings): string {
  return `file ${settings.file}: parameter ${name}: bad parameter value: ${value}`
}
