import { randomInt } from 'node:crypto'

import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'

import { DnsClient } from './dns-client.ts'
import { ResolvConfFile } from './resolv-conf-file.ts'
import { networkTransport } from './transport.ts'

// For a busy mail server: enough questions for a hundred deliveries with two targets in two
// families. There is no such cache in Postfix, which leaves it to the name server.
const LIMITS = {
  cacheMaxRecords: 50_000,
  cacheMaxTtlMs: 3_600_000,
  cacheMaxNegativeTtlMs: 600_000,
  maxQuestions: 512,
}

/**
 * Asks the name servers of this system, over the network.
 *
 * @param resolvConf Path of a file in the form of resolv.conf(5): `/etc/resolv.conf`.
 */
export function systemDnsClient(resolvConf: string, clock: Clock, log: Logger): DnsClient {
  const file = new ResolvConfFile(resolvConf, clock, log)
  return new DnsClient(LIMITS, {
    configuration: () => file.read(),
    transport: networkTransport,
    randomId: () => randomInt(65_536),
    clock,
  })
}
