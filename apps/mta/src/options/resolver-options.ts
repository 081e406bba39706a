import type { ResolverOptions, RewriteRules } from '@posthouse/address-resolver'
import type { Config } from '@posthouse/config'
import type { ResolveRequest } from '@posthouse/queue-manager'

import { domainMatcher, type ListUser, parentStyle } from '../match-lists.ts'
import type { Tables } from '../tables.ts'

/** Parameters that have another value, `address_verify_…`, for probes (G-154). */
const REPLACED = [
  'local_transport',
  'virtual_transport',
  'relay_transport',
  'default_transport',
  'relayhost',
  'transport_maps',
  'sender_dependent_relayhost_maps',
  'sender_dependent_default_transport_maps',
] as const

type Replaced = (typeof REPLACED)[number]

/** The parameter that counts for a request. */
export function nameFor<Name extends Replaced>(
  request: ResolveRequest,
  name: Name,
): Name | `address_verify_${Name}` {
  return request === 'verify' ? (`address_verify_${name}` as const) : name
}

/** Whether probes go where mail goes: no `address_verify_…` says otherwise. */
export function probesGoAsMail({ settings }: Config): boolean {
  return REPLACED.every(
    (name) => settings.expanded(name) === settings.expanded(nameFor('verify', name)),
  )
}

/** trivial-rewrite(8), context `local`: how bare addresses are completed. */
export function rewriteRules(config: Config): RewriteRules {
  return {
    myorigin: config.myorigin,
    mydomain: config.mydomain,
    swapBangpath: config.swap_bangpath,
    allowPercentHack: config.allow_percent_hack,
    appendAtMyorigin: config.append_at_myorigin,
    appendDotMydomain: config.append_dot_mydomain,
  }
}

/**
 * trivial-rewrite(8): where recipients go.
 *
 * @param ownAddresses of `inet_interfaces` and `proxy_interfaces`, expanded.
 * @throws {ConfigError} A list cannot be used.
 */
export function resolverOptions(
  user: ListUser,
  ownAddresses: readonly string[],
  tables: Tables,
  request: ResolveRequest,
): ResolverOptions {
  const { config } = user
  const relayStyle = parentStyle('relay_domains', config)
  return {
    ...rewriteRules(config),
    myhostname: config.myhostname,
    emptyAddressRecipient: config.empty_address_recipient,
    resolveDequotedAddress: config.resolve_dequoted_address,
    resolveNullDomain: config.resolve_null_domain,
    resolveNumericDomain: config.resolve_numeric_domain,
    allowMinUser: config.allow_min_user,
    smtputf8Enable: config.smtputf8_enable,
    ownAddresses,
    mydestination: domainMatcher('mydestination', user, tables),
    relayDomains: domainMatcher('relay_domains', user, tables, relayStyle),
    virtualAliasDomains: domainMatcher('virtual_alias_domains', user, tables),
    virtualMailboxDomains: domainMatcher('virtual_mailbox_domains', user, tables),
    localTransport: config[nameFor(request, 'local_transport')],
    virtualTransport: config[nameFor(request, 'virtual_transport')],
    relayTransport: config[nameFor(request, 'relay_transport')],
    defaultTransport: config[nameFor(request, 'default_transport')],
    relayhost: config.settings.expanded(nameFor(request, 'relayhost')),
    showUserUnknownTableName: config.show_user_unknown_table_name,
    helpfulWarnings: config.helpful_warnings,
  }
}
