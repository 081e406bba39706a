import { type Config, type MasterService, transportParameters } from '@posthouse/config'

/** A setting that this version cannot honour. */
export interface UnsupportedSetting {
  /** `fatal`: mail would be treated against the operator's will. `warning`: it would not. */
  readonly level: 'fatal' | 'warning'
  readonly text: string
}

// Empty means that the feature is off. Anything else changes what becomes of mail.
const FATAL_UNLESS_EMPTY = [
  'best_mx_transport',
  'body_checks',
  'canonical_maps',
  'default_delivery_status_filter',
  'header_checks',
  'masquerade_domains',
  'message_reject_characters',
  'message_strip_characters',
  'mime_header_checks',
  'nested_header_checks',
  'non_smtpd_milters',
  'recipient_bcc_maps',
  'recipient_canonical_maps',
  'relocated_maps',
  'sender_bcc_maps',
  'sender_canonical_maps',
  'sender_dependent_default_transport_maps',
  'sender_dependent_relayhost_maps',
  'smtp_bind_address',
  'smtp_bind_address6',
  'smtp_body_checks',
  'smtp_delivery_status_filter',
  'smtp_discard_ehlo_keyword_address_maps',
  'smtp_dns_reply_filter',
  'smtp_generic_maps',
  'smtp_header_checks',
  'smtp_mime_header_checks',
  'smtp_nested_header_checks',
  'smtp_reply_filter',
  'smtp_tls_per_site',
  'smtp_tls_policy_maps',
  'transport_maps',
  'use_srv_lookup',
  'virtual_alias_maps',
] as const

const FATAL_IF_YES = [
  'smtp_enforce_tls',
  'smtp_sasl_auth_enable',
  'smtp_tls_wrappermode',
  'strict_7bit_headers',
  'strict_8bitmime',
  'strict_8bitmime_body',
  'strict_mime_encoding_domain',
] as const

// Missed by whoever reads logs and traces, not by mail.
const WARNING_UNLESS_EMPTY = ['debug_peer_list', 'smtp_dns_resolver_options'] as const
const WARNING_IF_YES = [
  'confirm_delay_cleared',
  'destination_concurrency_feedback_debug',
  'smtp_per_request_deadline',
  'smtp_send_xforward_command',
] as const

const NO_TLS = ['', 'none']
const OPPORTUNISTIC_TLS = ['may', 'dane']

/** What `config` asks for and this version does not have, so that nothing is ignored in silence. */
export function unsupportedSettings(
  config: Config,
  services: readonly MasterService[],
): UnsupportedSetting[] {
  const isSet = (name: string) => config.settings.expanded(name) !== ''
  const isYes = (name: string) => config.settings.expanded(name).toLowerCase() === 'yes'
  const fatal = [...FATAL_UNLESS_EMPTY.filter(isSet), ...FATAL_IF_YES.filter(isYes)]
  const warnings = [...WARNING_UNLESS_EMPTY.filter(isSet), ...WARNING_IF_YES.filter(isYes)]
  return [
    ...fatal.map((name) => refuse(name, config.settings.expanded(name))),
    ...warnings.map((name) => ({
      level: 'warning' as const,
      text: `${name} = ${config.settings.expanded(name)}: has no effect in this version`,
    })),
    ...tlsSettings(config),
    ...rateDelays(config, services),
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
  return [{ level: 'warning', text: `smtp_tls_security_level = ${level}: ${missing}` }]
}

// Sending faster than a destination wants gets a host blocked.
function rateDelays(config: Config, services: readonly MasterService[]): UnsupportedSetting[] {
  const delays = ['destination_rate_delay', 'transport_rate_delay'] as const
  return services.flatMap(({ name }) => {
    const own = transportParameters(config, name)
    return delays
      .filter((delay) => own[delay] > 0)
      .map((delay) => refuse(`${name}_${delay}`, `${own[delay] / 1000}s`))
  })
}
