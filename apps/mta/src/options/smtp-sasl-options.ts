import { randomBytes } from 'node:crypto'
import { AddressResolverError } from '@posthouse/address-resolver'
import type { Config, ParameterName } from '@posthouse/config'
import { lookupAddress, type TableList } from '@posthouse/lookup-table'
import { isSaslSecurityOption, type SaslSecurityOption } from '@posthouse/sasl-client'
import type { PasswordTable, SaslOptions } from '@posthouse/smtp-client'

import { domainMatcher, type ListUser } from '../match-lists.ts'
import { tableList } from '../table-lists.ts'
import type { Tables } from '../tables.ts'
import { canonicalKeys } from './address-keys.ts'
import { loggedTable } from './logged-table.ts'

const PASSWORDS = 'smtp_sasl_password_maps'

/**
 * How smtp(8) logs in.
 *
 * @param ownAddresses `inet_interfaces`, expanded.
 * @returns undefined if it does not.
 * @throws {ConfigError} A value or a table cannot be used.
 */
export function smtpSaslOptions(
  user: ListUser,
  tables: Tables,
  ownAddresses: readonly string[],
): SaslOptions | undefined {
  const { config } = user
  if (!config.smtp_sasl_auth_enable) return undefined
  const list = tableList(PASSWORDS, user, tables)
  if (!list.has('all')) {
    const reason = `specify a password table via the \`${PASSWORDS}' configuration parameter`
    throw config.settings.error(PASSWORDS, reason, 'tables, since smtp_sasl_auth_enable = yes')
  }
  const isSenderDependent = config.smtp_sender_dependent_authentication
  const { smtp_sasl_auth_cache_name: failures, smtp_sasl_auth_cache_time: failuresMs } = config
  return {
    passwords: loggedTable((key) => list.lookup(key), user),
    passwordsOfSenders: isSenderDependent ? ofSenders(list, user, tables, ownAddresses) : undefined,
    delimiter: config.smtp_sasl_password_result_delimiter,
    acceptsMechanism: mechanismFilter(user, tables),
    securityOptions: securityOptions('smtp_sasl_security_options', config),
    tlsSecurityOptions: securityOptions('smtp_sasl_tls_security_options', config),
    tlsVerifiedSecurityOptions: securityOptions('smtp_sasl_tls_verified_security_options', config),
    softBounce: config.smtp_sasl_auth_soft_bounce,
    dummyMailAuth: config.smtp_send_dummy_mail_auth,
    sendAuthorizationId: config.send_cyrus_sasl_authzid,
    failureCacheMs: failures === '' ? 0 : failuresMs, // Kept in memory, whatever the name.
    randomBytes,
  }
}

function ofSenders(
  list: TableList,
  user: ListUser,
  tables: Tables,
  ownAddresses: readonly string[],
): PasswordTable {
  const keys = canonicalKeys(user, ownAddresses, tables)
  return loggedTable((sender) => {
    const found = lookupAddress(list, sender, keys)
    return found instanceof Promise ? found.then((match) => match?.value) : found?.value
  }, user)
}

function mechanismFilter(
  { config, log }: ListUser,
  tables: Tables,
): SaslOptions['acceptsMechanism'] {
  const name = 'smtp_sasl_mechanism_filter'
  if (config[name].length === 0) return () => true
  const matches = domainMatcher(name, { config, log }, tables)
  // A table that cannot answer was logged, and is no reason to show a password.
  const fail = (error: unknown): false => {
    if (!(error instanceof AddressResolverError)) throw error
    return false
  }
  return (mechanism) => {
    try {
      const answer = matches(mechanism.toLowerCase())
      return answer instanceof Promise ? answer.catch(fail) : answer
    } catch (error) {
      return fail(error)
    }
  }
}

function securityOptions(
  name: ParameterName & `smtp_sasl_${string}security_options`,
  config: Config,
): SaslSecurityOption[] {
  const words = config[name].map((word) => word.toLowerCase())
  const unknown = words.find((word) => !isSaslSecurityOption(word))
  if (unknown !== undefined) {
    const expected =
      'noplaintext, noactive, nodictionary, noanonymous, mutual_auth, forward_secrecy'
    const reason = `${name}: unknown SASL security options in "${words.join(' ')}": ${unknown}`
    throw config.settings.error(name, reason, expected)
  }
  return words.filter(isSaslSecurityOption)
}
