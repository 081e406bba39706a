import { lookup, Resolver } from 'node:dns/promises'
import type { DnsResolver, NativeLookup } from '@posthouse/mx-lookup'

/** How next hops are looked up: the name servers of the system, and the system itself. */
export interface SystemResolver {
  readonly resolver: DnsResolver
  readonly nativeLookup: NativeLookup
}

export function systemResolver(): SystemResolver {
  return {
    resolver: new Resolver(),
    nativeLookup: (host) => lookup(host, { all: true }),
  }
}
