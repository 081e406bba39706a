import { readFileSync } from 'node:fs'
import { AddressResolverError, type DomainMatcher } from '@posthouse/address-resolver'
import type { Config, ParameterName } from '@posthouse/config'
import {
  ClientList,
  DomainList,
  type ListProblem,
  LookupTableError,
  type MatchListOptions,
  type SubdomainStyle,
} from '@posthouse/lookup-table'
import type { Logger } from '@posthouse/mail-log'

import type { Tables } from './tables.ts'

/** Whose parameters a list is of, and where the program that uses it logs. */
export interface ListUser {
  readonly config: Config
  readonly log: Logger
}

/** Whether a client may use a service. Throws or rejects if that cannot be told. */
export type ClientMatcher = (client: {
  readonly name: string
  readonly address: string
}) => boolean | Promise<boolean>

/** A list of hosts, such as `qmqpd_authorized_clients`. @throws {ConfigError} */
export function clientMatcher(name: ParameterName, user: ListUser, tables: Tables): ClientMatcher {
  const subdomains = parentStyle(name, user.config)
  const list = readList(name, user, tables, (text, options) => {
    return new ClientList(text, { ...options, subdomains })
  })
  const fail = (error: unknown): never => {
    if (!(error instanceof LookupTableError)) throw error
    // The server logs what this throws as a warning: the last of them.
    const last = error.warnings.at(-1)
    for (const warning of error.warnings.slice(0, -1)) user.log.warning(warning)
    throw new Error(last, { cause: error })
  }
  return ({ name, address }) => settle(() => list.matches(name, address), fail)
}

/** How verbose the log of a client is: `debug_peer_level`, or 0. @throws {ConfigError} */
export function debugLevel(
  user: ListUser,
  tables: Tables,
): (client: { readonly name: string; readonly address: string }) => number | Promise<number> {
  const { debug_peer_level: level } = user.config
  const isListed = clientMatcher('debug_peer_list', user, tables)
  const toLevel = (listed: boolean) => (listed ? level : 0)
  return (client) => {
    const answer = isListed(client)
    return typeof answer === 'boolean' ? toLevel(answer) : answer.then(toLevel)
  }
}

/**
 * Whether a server is one whose sessions are logged (`debug_peer_list`); no, where that cannot be
 * told: it is logged, and no reason to keep mail waiting. @throws {ConfigError}
 */
export function debugPeers(
  user: ListUser,
  tables: Tables,
): (server: { readonly name: string; readonly address: string }) => Promise<boolean> {
  const isListed = clientMatcher('debug_peer_list', user, tables)
  return async (server) => {
    try {
      return await isListed(server)
    } catch (error) {
      user.log.warning(error instanceof Error ? error.message : String(error))
      return false
    }
  }
}

/** A list of domains, without parent domains unless told so. @throws {ConfigError} */
export function domainMatcher(
  name: ParameterName,
  user: ListUser,
  tables: Tables,
  subdomains: SubdomainStyle = 'none',
): DomainMatcher {
  const list = readList(name, user, tables, (text, options) => {
    return new DomainList(text, { ...options, subdomains })
  })
  const fail = (error: unknown): never => {
    if (!(error instanceof LookupTableError)) throw error
    for (const warning of error.warnings) user.log.warning(warning)
    throw new AddressResolverError('lookup', error.message, { cause: error })
  }
  return (domain) => settle(() => list.matches(domain), fail)
}

/** Whether a list matches parent domains: `parent_domain_matches_subdomains` (G-67). */
export function parentStyle(name: ParameterName, config: Config): 'parent' | 'dot' {
  return config.parent_domain_matches_subdomains.includes(name) ? 'parent' : 'dot'
}

/** Makes a list of a parameter's value, and logs what is wrong with it. @throws {ConfigError} */
export function readList<List extends { readonly problems: readonly ListProblem[] }>(
  name: ParameterName,
  { config, log }: ListUser,
  tables: Tables,
  make: (text: string, options: MatchListOptions) => List,
): List {
  const { settings, daemon_table_open_error_is_fatal: isFatal } = config
  const options: MatchListOptions = {
    name,
    openTable: tables.opener(config, log),
    readFile: (path) => tables.tryAgainLater(`file ${path}`, () => readFileSync(path, 'utf8')),
  }
  try {
    const list = make(settings.expanded(name), options)
    for (const { severity, text } of list.problems) {
      if (severity === 'error' && isFatal) {
        throw settings.error(name, text, 'files and tables that can be opened')
      }
      log[severity](text)
    }
    return list
  } catch (error) {
    if (!(error instanceof LookupTableError)) throw error
    throw settings.error(name, error.message, 'a pattern behind each "!"')
  }
}

function settle(
  match: () => boolean | Promise<boolean>,
  fail: (error: unknown) => never,
): boolean | Promise<boolean> {
  try {
    const answer = match()
    return typeof answer === 'boolean' ? answer : answer.catch(fail)
  } catch (error) {
    return fail(error)
  }
}
