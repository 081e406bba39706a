import type { DomainMatcher, ResolverOptions, RewriteRules } from '@posthouse/address-resolver'
import type { Config } from '@posthouse/config'
import { DomainList } from '@posthouse/lookup-table'

import { subdomainStyle } from '../match-list-style.ts'

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
 * @param ownAddresses of `inet_interfaces`, expanded, and `proxy_interfaces`.
 */
export function resolverOptions(config: Config, ownAddresses: readonly string[]): ResolverOptions {
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
    mydestination: domainMatcher(config, 'mydestination'),
    relayDomains: domainMatcher(config, 'relay_domains'),
    virtualAliasDomains: domainMatcher(config, 'virtual_alias_domains'),
    virtualMailboxDomains: domainMatcher(config, 'virtual_mailbox_domains'),
    localTransport: config.local_transport,
    virtualTransport: config.virtual_transport,
    relayTransport: config.relay_transport,
    defaultTransport: config.default_transport,
    relayhost: config.settings.expanded('relayhost'),
    showUserUnknownTableName: config.show_user_unknown_table_name,
    helpfulWarnings: config.helpful_warnings,
  }
}

type DomainParameter =
  | 'mydestination'
  | 'relay_domains'
  | 'virtual_alias_domains'
  | 'virtual_mailbox_domains'

function domainMatcher(config: Config, name: DomainParameter): DomainMatcher {
  const subdomains = name === 'relay_domains' ? subdomainStyle(config, name) : 'none'
  const list = new DomainList(config.settings.expanded(name), { name, subdomains })
  return (domain) => {
    const answer = list.matches(domain)
    // Only a table answers later, and none can be opened yet.
    if (answer instanceof Promise) throw new TypeError(`${name}: expected an answer at once`)
    return answer
  }
}
