import type { Parameter } from '../parameter.ts'
import { obsoleteParameters } from './obsolete.ts'
import { smtpClientParameters } from './smtp-client.ts'
import { smtpConnectionParameters } from './smtp-connection.ts'
import { smtpSaslParameters } from './smtp-sasl.ts'
import { smtpTlsParameters } from './smtp-tls.ts'

type Source = typeof smtpClientParameters &
  typeof smtpConnectionParameters &
  typeof smtpSaslParameters &
  typeof smtpTlsParameters &
  typeof obsoleteParameters

/** What has no meaning in LMTP, or was gone before there was an LMTP client. */
const WITHOUT_TWIN = [
  'always_send_ehlo',
  'connection_cache_reuse_limit',
  'never_send_ehlo',
  'skip_4xx_greeting',
  'tls_cipherlist',
  'tls_dane_insecure_mx_policy',
] as const

/** LMTP greets with LHLO. */
const OTHER_WORDS = {
  discard_ehlo_keyword_address_maps: 'discard_lhlo_keyword_address_maps',
  discard_ehlo_keywords: 'discard_lhlo_keywords',
  helo_name: 'lhlo_name',
  helo_timeout: 'lhlo_timeout',
} as const

const OTHER_DEFAULTS: Readonly<Record<string, string>> = {
  connect_timeout: '0s',
  fallback_relay: '',
  skip_quit_response: 'no',
  tcp_port: '24',
  tls_secure_cert_match: 'nexthop',
}

type TwinOf<Rest extends string> = Rest extends (typeof WITHOUT_TWIN)[number]
  ? never
  : `lmtp_${Rest extends keyof typeof OTHER_WORDS ? (typeof OTHER_WORDS)[Rest] : Rest}`

type LmtpParameters = {
  readonly [Name in keyof Source as Name extends `smtp_${infer Rest}`
    ? TwinOf<Rest>
    : never]: Source[Name]
}

/**
 * The `lmtp_` twins of the SMTP client's parameters: same type and limits, same default but for
 * references to each other and a few exceptions (G-169).
 */
// There is a row for each name of the type, and of the type of its source.
export const lmtpParameters: LmtpParameters = Object.fromEntries(
  Object.entries<Parameter>({
    ...smtpClientParameters,
    ...smtpConnectionParameters,
    ...smtpSaslParameters,
    ...smtpTlsParameters,
    ...obsoleteParameters,
  }).flatMap(twin),
) as LmtpParameters

function twin([name, row]: [string, Parameter]): [string, Parameter][] {
  if (!name.startsWith('smtp_')) return []
  const rest = name.slice('smtp_'.length)
  if ((WITHOUT_TWIN as readonly string[]).includes(rest)) return []
  const { default: own, renamedTo, ...same } = row
  const expression = OTHER_DEFAULTS[rest] ?? own?.replace(/(\$\{?)smtp_/g, '$1lmtp_') ?? ''
  const lmtp = {
    ...same,
    ...(renamedTo === undefined ? {} : { renamedTo: twinName(renamedTo) }),
    default: expression,
    description: `As ${name}, in LMTP sessions.`,
  }
  return [[twinName(name), lmtp]]
}

/**
 * The name under which the LMTP client has a parameter of the SMTP client: its own for what it
 * shares, or does without.
 */
export function lmtpName(name: string): string {
  if (!name.startsWith('smtp_')) return name
  const twin = twinName(name)
  return twin in lmtpParameters ? twin : name
}

function twinName(name: string): string {
  const rest = name.slice('smtp_'.length)
  return `lmtp_${new Map(Object.entries<string>(OTHER_WORDS)).get(rest) ?? rest}`
}
