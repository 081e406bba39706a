import type { Config } from '@posthouse/config'

/** A setting that this version cannot honour. */
export interface UnsupportedSetting {
  /** `fatal`: mail would be treated against the operator's will. `warning`: it would not. */
  readonly level: 'fatal' | 'warning'
  readonly text: string
}

// Empty means that the feature is off. Anything else changes what becomes of mail.
const FATAL_UNLESS_EMPTY = [
  'body_checks',
  'canonical_maps',
  'header_checks',
  'masquerade_domains',
  'message_reject_characters',
  'message_strip_characters',
  'non_smtpd_milters',
  'recipient_bcc_maps',
  'recipient_canonical_maps',
  'relocated_maps',
  'sender_bcc_maps',
  'sender_canonical_maps',
  'sender_dependent_default_transport_maps',
  'sender_dependent_relayhost_maps',
  'smtp_body_checks',
  'smtp_dns_reply_filter',
  'smtp_generic_maps',
  'smtp_header_checks',
  'smtp_reply_filter',
  'smtp_tls_policy_maps',
  'transport_maps',
  'virtual_alias_maps',
] as const

const FATAL_IF_YES = [
  'smtp_sasl_auth_enable',
  'smtp_tls_wrappermode',
  'strict_7bit_headers',
  'strict_8bitmime',
  'strict_8bitmime_body',
  'strict_mime_encoding_domain',
] as const

const NO_TLS = ['', 'none']
const OPPORTUNISTIC_TLS = ['may', 'dane']

/** What `config` asks for and this version does not have, so that nothing is ignored in silence. */
export function unsupportedSettings(config: Config): UnsupportedSetting[] {
  return [
    ...FATAL_UNLESS_EMPTY.filter((name) => config.settings.expanded(name) !== '').map((name) =>
      refuse(name, config.settings.expanded(name)),
    ),
    ...FATAL_IF_YES.filter((name) => config[name]).map((name) => refuse(name, 'yes')),
    ...tlsSettings(config),
  ]
}

function refuse(name: string, value: string): UnsupportedSetting {
  return { level: 'fatal', text: `${name} = ${value}: not supported by this version of posthouse` }
}

function tlsSettings(config: Config): UnsupportedSetting[] {
  const level = config.smtp_tls_security_level
  if (NO_TLS.includes(level)) return []
  if (!OPPORTUNISTIC_TLS.includes(level)) return [refuse('smtp_tls_security_level', level)]
  const missing = 'TLS is not supported by this version of posthouse, mail is sent in plaintext'
  const text = `smtp_tls_security_level = ${level}: ${missing}`
  return [{ level: 'warning', text }]
}
