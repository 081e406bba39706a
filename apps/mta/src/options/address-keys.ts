import { localDomains } from '@posthouse/address-resolver'
import type { Config } from '@posthouse/config'
import { type AddressKeys, type ExtensionRules, LookupTableError } from '@posthouse/lookup-table'

import { domainMatcher, type ListUser } from '../match-lists.ts'
import type { Tables } from '../tables.ts'

/**
 * The keys of an address in all tables but those of transport(5) and access(5): the first column
 * of G-55.
 *
 * @throws {ConfigError} `mydestination` cannot be used.
 */
export function canonicalKeys(
  user: ListUser,
  ownAddresses: readonly string[],
  tables: Tables,
): AddressKeys {
  const { config } = user
  const origin = config.myorigin.toLowerCase()
  const isLocal = localDomains(domainMatcher('mydestination', user, tables), ownAddresses)
  return {
    style: 'canonical',
    extensions: extensionRules(config),
    isLocalDomain: (domain) =>
      domain.toLowerCase() === origin || orLookupError(() => isLocal(domain)),
  }
}

/** Whether an extension that is in no key goes over to what is found (`canonical`, …). */
export function propagates(config: Config, kind: string): boolean {
  return config.propagate_unmatched_extensions.some((word) => word.toLowerCase() === kind)
}

/** What ends a local part in keys. */
export function extensionRules(config: Config): ExtensionRules {
  return {
    delimiters: config.recipient_delimiter,
    ownerRequestSpecial: config.owner_request_special,
  }
}

/** What fails here was logged by the list: there is nothing more to say of it. */
export function orLookupError(ask: () => boolean | Promise<boolean>): boolean | Promise<boolean> {
  const fail = (error: unknown): never => {
    if (!(error instanceof Error && error.cause instanceof LookupTableError)) throw error
    const { item, message: reason } = error.cause
    throw new LookupTableError('lookup-failed', { item, reason, warnings: [], cause: error })
  }
  try {
    const answer = ask()
    return typeof answer === 'boolean' ? answer : answer.catch(fail)
  } catch (error) {
    return fail(error)
  }
}
