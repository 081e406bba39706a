import type { ResolverOptions, RewriteRules } from '@posthouse/address-resolver'
import type { Config } from '@posthouse/config'

import { domainMatcher, type ListUser, parentStyle } from '../match-lists.ts'
import type { Tables } from '../tables.ts'

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
    localTransport: config.local_transport,
    virtualTransport: config.virtual_transport,
    relayTransport: config.relay_transport,
    defaultTransport: config.default_transport,
    relayhost: config.settings.expanded('relayhost'),
    showUserUnknownTableName: config.show_user_unknown_table_name,
    helpfulWarnings: config.helpful_warnings,
  }
}
