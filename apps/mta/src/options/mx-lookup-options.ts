import type { Config } from '@posthouse/config'
import { LookupTableError } from '@posthouse/lookup-table'
import type { MxLookupOptions, ProbeQuestion, Protocol, ReplyFilter } from '@posthouse/mx-lookup'

import type { ListUser } from '../match-lists.ts'
import { tableList } from '../table-lists.ts'
import type { Tables } from '../tables.ts'

const PROBE_TYPES = ['A', 'AAAA', 'MX', 'NS', 'SRV'] as const

/** smtp(8): from next hops to servers. @throws {ConfigError} A table or probe cannot be used. */
export function mxLookupOptions(
  user: ListUser,
  ownAddresses: readonly string[],
  tables: Tables,
): MxLookupOptions {
  const { config } = user
  const support = dnsSupport(config)
  return {
    protocols: enabledProtocols(config),
    hostLookup: (['dns', 'native'] as const).filter((method) =>
      config.smtp_host_lookup.includes(method),
    ),
    dnsEnabled: support !== 'disabled',
    dnssec: support === 'dnssec',
    dnssecProbe: dnssecProbe(config),
    resolverOptions: (['res_defnames', 'res_dnsrch'] as const).filter((option) =>
      config.smtp_dns_resolver_options.includes(option),
    ),
    replyFilter: replyFilter(user, tables),
    ownAddresses,
    ignoreMxLookupError: config.ignore_mx_lookup_error,
    deferIfNoMxAddressFound: config.smtp_defer_if_no_mx_address_found,
    cnameOverridesServername: config.smtp_cname_overrides_servername,
    useSrvLookup: config.use_srv_lookup,
    allowSrvLookupFallback: config.allow_srv_lookup_fallback,
    ignoreSrvLookupError: config.ignore_srv_lookup_error,
    randomizeAddresses: config.smtp_randomize_addresses,
    addressPreference: addressPreference(config),
    balanceProtocols: config.smtp_balance_inet_protocols,
    addressLimit: config.smtp_mx_address_limit,
  }
}

function dnssecProbe({ dnssec_probe: text, settings }: Config): ProbeQuestion | undefined {
  if (text === '') return undefined
  const [, word = '', name = ''] = /^(\w+):(\S+)$/.exec(text) ?? []
  const type = PROBE_TYPES.find((known) => known === word.toUpperCase())
  if (type !== undefined) return { type, name, text }
  const expected = `a name with one of the types ${PROBE_TYPES.join(', ')}, such as ns:.`
  throw settings.error('dnssec_probe', `malformed dnssec_probe: ${text}`, expected)
}

function replyFilter(user: ListUser, tables: Tables): ReplyFilter | undefined {
  const list = tableList('smtp_dns_reply_filter', user, tables, 'bytes')
  if (!list.has('all')) return undefined
  const failed = (error: unknown): null => {
    if (!(error instanceof LookupTableError)) throw error
    for (const warning of error.warnings) user.log.warning(warning)
    return null
  }
  return (record) => {
    try {
      const action = list.lookup(record)
      return action instanceof Promise ? action.catch(failed) : action
    } catch (error) {
      return failed(error)
    }
  }
}

/** `inet_protocols`: the families that are on, in the order in which DNS is asked. */
export function enabledProtocols(config: Config): Protocol[] {
  const words = config.inet_protocols
  return (['ipv4', 'ipv6'] as const).filter((name) => words.includes(name) || words.includes('all'))
}

function dnsSupport(config: Config): string {
  const fallback = config.disable_dns_lookups ? 'disabled' : 'enabled'
  return config.smtp_dns_support_level || fallback
}

function addressPreference(config: Config): MxLookupOptions['addressPreference'] {
  const value = config.smtp_address_preference
  return value === 'ipv4' || value === 'ipv6' ? value : 'any'
}
