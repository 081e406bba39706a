import type { Config } from '@posthouse/config'

/** How mail that the mail system makes names its senders. @throws {ConfigError} */
export function headerFromFormat({
  header_from_format: value,
  settings,
}: Config): 'standard' | 'obsolete' {
  if (value === 'standard' || value === 'obsolete') return value
  const name = 'header_from_format'
  throw settings.error(name, `unknown ${name} value: ${value}`, 'standard or obsolete')
}
