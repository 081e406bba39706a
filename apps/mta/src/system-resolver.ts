import { randomInt } from 'node:crypto'
import { lookup } from 'node:dns/promises'

import { systemClock as clock } from '@posthouse/clock'
import { DnsClient, networkTransport, ResolvConfFile } from '@posthouse/dns-client'
import type { Logger } from '@posthouse/mail-log'
import type { DnsResolver, NativeLookup } from '@posthouse/mx-lookup'

/** How next hops are looked up: the name servers of the system, and the system itself. */
export interface SystemResolver {
  readonly resolver: DnsResolver
  readonly nativeLookup: NativeLookup
  /** Has name servers asked again for what is known. */
  readonly forget: () => void
}

// Bounds of what Postfix leaves to the name server.
const LIMITS = {
  cacheMaxRecords: 50_000,
  cacheMaxTtlMs: 3_600_000,
  cacheMaxNegativeTtlMs: 600_000,
  maxQuestions: 512, // Enough for a hundred deliveries with two targets in two families.
}

/** @param resolvConf Path of a file in the form of resolv.conf(5). */
export function systemResolver(resolvConf: string, log: Logger): SystemResolver {
  const file = new ResolvConfFile(resolvConf, clock, log)
  const resolver = new DnsClient(LIMITS, {
    configuration: () => file.read(),
    transport: networkTransport,
    randomId: () => randomInt(65_536),
    clock,
  })
  return {
    resolver,
    nativeLookup: (host) => lookup(host, { all: true }),
    forget: () => resolver.clear(),
  }
}
