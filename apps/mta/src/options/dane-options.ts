import { getHashes } from 'node:crypto'
import type { Config } from '@posthouse/config'
import type { DaneOptions, TlsaDigest } from '@posthouse/smtp-client'

// The registered matching types of TLSA records (RFC 7671 10.1), beside 0: no digest.
const REGISTERED: ReadonlyMap<string, number> = new Map([
  ['sha256', 1],
  ['sha512', 2],
])
const LAST_TYPE = 255

/** DANE of smtp(8). @throws {ConfigError} A digest or policy is none. */
export function daneOptions(config: Config): DaneOptions {
  return {
    obstacle: daneObstacle(config),
    insecureMxPolicy: insecureMxPolicy(config),
    digests: config.tls_dane_digests.map((text) => tlsaDigest(text, config)),
  }
}

/** C-155. */
function daneObstacle(config: Config): DaneOptions['obstacle'] {
  const asksDns = config.smtp_host_lookup.includes('dns')
  if (config.smtp_dns_support_level !== 'dnssec' || !asksDns) return 'no-dnssec'
  if (config.ignore_mx_lookup_error) return 'ignored-mx-errors'
  return config.smtp_dns_resolver_options.length > 0 ? 'resolver-options' : undefined
}

function insecureMxPolicy(config: Config): DaneOptions['insecureMxPolicy'] {
  const name = 'smtp_tls_dane_insecure_mx_policy'
  const text = config[name]
  if (text === 'may' || text === 'encrypt' || text === 'dane') return text
  throw config.settings.error(name, `${name}: invalid policy "${text}"`, 'may, encrypt or dane')
}

/** `sha256` or `sha256=1`. */
function tlsaDigest(text: string, { settings }: Config): TlsaDigest {
  const [digest = '', number] = text.toLowerCase().split('=')
  const registered = REGISTERED.get(digest)
  const matchingType = number === undefined ? registered : Number(number)
  const isOther = [...REGISTERED.values()].some((type) => type === matchingType)
  const isType = matchingType !== undefined && matchingType > 0 && matchingType <= LAST_TYPE
  const isFitting = registered === undefined ? !isOther : matchingType === registered
  if (Number.isInteger(matchingType) && isType && isFitting && getHashes().includes(digest)) {
    return { name: digest, matchingType }
  }
  const problem = `tls_dane_digests: cannot use "${text}"`
  const expected = 'sha512, sha256, or a digest with its number as in sha512=2'
  throw settings.error('tls_dane_digests', problem, expected)
}
