import { AddressResolver, type Resolution } from '@posthouse/address-resolver'
import type { Logger } from '@posthouse/mail-log'
import type { ResolveRequest } from '@posthouse/queue-manager'

import { type Configuration, configOfProgram } from './load-configuration.ts'
import { probesGoAsMail, resolverOptions } from './options/resolver-options.ts'
import { routingTables } from './options/routing-tables.ts'
import type { Tables } from './tables.ts'

/** Where mail for a recipient goes, or a probe for it; both addresses in internal form. */
export type Resolve = (
  sender: string,
  recipient: string,
  request: ResolveRequest,
) => Resolution | Promise<Resolution>

/**
 * trivial-rewrite(8), for one generation of the configuration. Opens its tables.
 *
 * @param isTransport Whether mail can be handed to what master.cf has under a name.
 * @throws {ConfigError} A list or table cannot be used.
 */
export function openResolver(
  configuration: Configuration,
  log: Logger,
  tables: Tables,
  isTransport: (name: string) => boolean,
): Resolve {
  const config = configOfProgram(configuration, 'trivial-rewrite')
  const resolverFor = (request: ResolveRequest): AddressResolver => {
    const { withProxies } = configuration.own
    const options = resolverOptions({ config, log }, withProxies, tables, request)
    return new AddressResolver(
      options,
      log,
      routingTables({ config, log }, withProxies, tables, request),
    )
  }
  const resolve = resolverFor('resolve')
  const resolvers = { resolve, verify: probesGoAsMail(config) ? resolve : resolverFor('verify') }
  const settle = (answer: Resolution) => {
    const isLocal = answer.kind === 'route' && answer.transport === LOCAL
    return isLocal && !isTransport(LOCAL) ? { ...answer, ...NO_MAILBOXES } : answer
  }
  return (sender, recipient, request) => {
    const answer = resolvers[request].resolve(sender, recipient)
    return answer instanceof Promise ? answer.then(settle) : settle(answer)
  }
}

// The transport that `local_transport` names by default.
const LOCAL = 'local'
// Nothing here delivers to mailboxes: without this, mail for `mydestination` would wait in vain
// until it is too old, unless another transport is named for it.
const NO_MAILBOXES = {
  transport: 'error',
  // RFC 3463: the system is not configured to do this.
  nexthop:
    '5.3.5 mail for this host is not delivered here: there are no mailboxes. ' +
    'Have local_transport or transport_maps name a transport that takes it',
}
