import { lookup } from 'node:dns/promises'

import { systemClock } from '@posthouse/clock'
import { systemDnsClient } from '@posthouse/dns-client'
import type { Logger } from '@posthouse/mail-log'
import type { DnsResolver, NativeLookup } from '@posthouse/mx-lookup'

/** How next hops are looked up: the name servers of the system, and the system itself. */
export interface SystemResolver {
  readonly resolver: DnsResolver
  readonly nativeLookup: NativeLookup
  /** Has name servers asked again for what is known. */
  readonly forget: () => void
}

/** @param resolvConf Path of a file in the form of resolv.conf(5). */
export function systemResolver(resolvConf: string, log: Logger): SystemResolver {
  const resolver = systemDnsClient(resolvConf, systemClock, log)
  return {
    resolver,
    nativeLookup: (host) => lookup(host, { all: true }),
    forget: () => resolver.clear(),
  }
}
