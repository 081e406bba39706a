import { encodeAddress, hostnameProblem } from '@posthouse/mail-address'

import { checkAccounts } from './account-checks.ts'
import type { Accounts } from './accounts.ts'
import { splitOutsideBraces } from './balanced.ts'
import { parseCharacters } from './characters.ts'
import { malformedLevel, parseCompatibilityLevel } from './compatibility-level.ts'
import type { ConfigError } from './errors.ts'
import { parseImportEnvironment } from './import-environment.ts'
import type { ParameterValues } from './registry.ts'
import type { Settings } from './settings.ts'

/** Facilities of syslog(3) that `syslog_facility` may name, in lower case only. */
const SYSLOG_FACILITIES: readonly string[] = [
  ...['auth', 'authpriv', 'cron', 'daemon', 'ftp', 'kern', 'lpr', 'mail', 'news', 'syslog'],
  ...['user', 'uucp', ...Array.from({ length: 8 }, (_, index) => `local${index}`)],
]

/** Lists whose words are in lower case only, unlike those of the registry (G-22). */
const EXACT_WORDS: Readonly<Record<string, readonly string[]>> = {
  inet_protocols: ['all', 'ipv4', 'ipv6'],
  smtp_host_lookup: ['dns', 'native'],
  smtp_dns_resolver_options: ['res_defnames', 'res_dnsrch'],
}

/** Texts of a few parameters whose value is one of a few words: parameter, words, message. */
const CHOICES: readonly [keyof ParameterValues, string[], (value: string) => string][] = [
  [
    'info_log_address_format',
    ['external', 'internal'],
    (value) => `invalid parameter setting "info_log_address_format = ${value}"`,
  ],
  ['log_format', ['text', 'json'], (value) => `invalid log_format: "${value}"`],
  [
    'maillog_file_permissions',
    ['0600', '0640', '0644', '600', '640', '644'],
    (value) => `invalid maillog_file_permissions: "${value}"`,
  ],
  [
    'non_empty_end_of_header_action',
    ['fix_quietly', 'add_header', 'reject'],
    (value) => `invalid non_empty_end_of_header_action: "${value}"`,
  ],
  [
    'smtp_dns_support_level',
    ['', 'disabled', 'enabled', 'dnssec'],
    (value) => `invalid smtp_dns_support_level: "${value}"`,
  ],
  [
    'smtp_address_preference',
    ['any', 'ipv4', 'ipv6'],
    (value) => `bad smtp_address_preference value: ${value}`,
  ],
  [
    'smtp_address_verify_target',
    ['rcpt', 'data'],
    (value) => `bad protocol stage: "smtp_address_verify_target = ${value}"`,
  ],
]

/** Those of them that may be in any case. Their values are in lower case. */
export const CASELESS: readonly string[] = [
  'smtp_address_preference',
  'smtp_address_verify_target',
  'smtp_dns_support_level',
]

const CHARACTERS = ['message_reject_characters', 'message_strip_characters'] as const

const SEVERAL_WORDS = /[, \t\r\n]/

type Check = (values: ParameterValues, settings: Settings) => ConfigError | undefined

const CHECKS: readonly Check[] = [
  checkWords,
  (values, settings) => checkHostname('myhostname', values.myhostname, settings),
  (values, settings) => checkHostname('mydomain', values.mydomain, settings),
  checkSyslogFacility,
  checkVerpDelimiters,
  checkMyorigin,
  checkRelayhost,
  checkMaillogFile,
  checkChoices,
]

/**
 * What Postfix checks at start-up beyond a value's type (G-19, G-28). Not here: what needs the
 * network (`inet_interfaces`).
 *
 * @param accounts Absent: who the mail system runs as is not checked.
 * @throws {ConfigError} `value`
 */
export function checkParameters(
  values: ParameterValues,
  settings: Settings,
  accounts: Accounts | undefined,
): void {
  for (const check of CHECKS) {
    const error = check(values, settings)
    if (error !== undefined) throw error
  }
  for (const name of CHARACTERS) settings.located(name, () => parseCharacters(name, values[name]))
  settings.located('import_environment', () => parseImportEnvironment(values.import_environment))
  if (accounts !== undefined) checkAccounts(values, settings, accounts)
}

/** Checked before anything else, because defaults depend on it (G-26). @throws {ConfigError} */
export function checkCompatibilityLevel(settings: Settings): void {
  const text = settings.expanded('compatibility_level')
  if (parseCompatibilityLevel(text) !== undefined) return
  throw settings.error('compatibility_level', malformedLevel(text), 'a release, such as 3.6')
}

function checkHostname(name: string, value: string, settings: Settings): ConfigError | undefined {
  const problem = hostnameProblem(value)
  if (problem === undefined) return undefined
  const text = `file ${settings.file}: parameter ${name}: bad parameter value: ${value}`
  return settings.error(name, text, 'a domain name', [problem])
}

function checkMyorigin({ myorigin }: ParameterValues, settings: Settings): ConfigError | undefined {
  if (myorigin.startsWith('/') || !SEVERAL_WORDS.test(myorigin)) return undefined
  const text = `myorigin parameter setting must not contain multiple values: ${myorigin}`
  return settings.error('myorigin', text, 'one domain, or the path of a file')
}

function checkRelayhost(values: ParameterValues, settings: Settings): ConfigError | undefined {
  const { myhostname } = values
  if (settings.expanded('relayhost').toLowerCase() !== myhostname.toLowerCase()) return undefined
  const text = 'myhostname and relayhost parameter settings must not be identical'
  return settings.error('relayhost', `${text}: ${myhostname}`, 'the name of another host')
}

function checkWords(_: ParameterValues, settings: Settings): ConfigError | undefined {
  for (const [name, words] of Object.entries(EXACT_WORDS)) {
    const text = settings.expanded(name)
    const bad = splitOutsideBraces(text, ', \t\r\n').find((word) => !words.includes(word))
    if (bad === undefined) continue
    const message = `unknown ${name} value "${bad}" in "${text}"`
    return settings.error(name, message, `words of ${words.join(', ')}`)
  }
  return undefined
}

function checkSyslogFacility(values: ParameterValues, settings: Settings): ConfigError | undefined {
  const { syslog_facility: facility } = values
  if (SYSLOG_FACILITIES.includes(facility)) return undefined
  const text = `parameter syslog_facility: unrecognized value: ${facility}`
  const expected = `one of ${SYSLOG_FACILITIES.join(', ')}`
  return settings.error('syslog_facility', `file ${settings.file}: ${text}`, expected)
}

// Bytes, not characters: their number was checked like that.
function checkVerpDelimiters(values: ParameterValues, settings: Settings): ConfigError | undefined {
  const allowed = encodeAddress(values.verp_delimiter_filter)
  const delimiters = encodeAddress(values.default_verp_delimiters)
  const bad = delimiters.findIndex((byte) => !allowed.includes(byte))
  if (bad < 0) return undefined
  const names = 'parameters default_verp_delimiters and verp_delimiter_filter'
  const which = bad === 0 ? 'first' : 'second'
  const text = `file ${settings.file}: ${names}: bad ${which} VERP delimiter character`
  if (settings.names.has('default_verp_delimiters')) {
    const expected = `two characters of ${values.verp_delimiter_filter}`
    return settings.error('default_verp_delimiters', text, expected)
  }
  const expected = `characters that include ${values.default_verp_delimiters}`
  return settings.error('verp_delimiter_filter', text, expected)
}

function checkMaillogFile(values: ParameterValues, settings: Settings): ConfigError | undefined {
  const { maillog_file: file, maillog_file_prefixes: prefixes } = values
  if (file === '' || prefixes.some((prefix) => file.startsWith(prefix))) return undefined
  const text = `maillog_file value '${file}' does not match any prefix in maillog_file_prefixes`
  return settings.error('maillog_file', text, `a path that starts with ${prefixes.join(' or ')}`)
}

function checkChoices(_: ParameterValues, settings: Settings): ConfigError | undefined {
  for (const [name, words, message] of CHOICES) {
    const value = settings.expanded(name)
    const word = CASELESS.includes(name) ? value.toLowerCase() : value
    if (words.includes(word)) continue
    const expected = words.map((word) => word || 'nothing').join(', ')
    return settings.error(name, message(value), `one of ${expected}`)
  }
  return undefined
}
