import { randomInt } from 'node:crypto'
import { lookup } from 'node:dns/promises'

import type { Clock } from '@posthouse/clock'
import { systemDnsClient } from '@posthouse/dns-client'
import type { Logger } from '@posthouse/mail-log'
import { MX_LOOKUP_DEFAULTS, MxLookup } from '@posthouse/mx-lookup'

/**
 * Finds servers with the name servers of this system, as smtp(8) does by default. It does not know
 * the addresses of this host: that mail would loop shows when a server has its name (C-55).
 *
 * @param addressLimit `smtp_mx_address_limit`.
 */
export function systemLookup(addressLimit: number, clock: Clock, log: Logger): MxLookup {
  const resolver = systemDnsClient('/etc/resolv.conf', clock, log)
  const nativeLookup = (host: string) => lookup(host, { all: true })
  return new MxLookup(
    { ...MX_LOOKUP_DEFAULTS, addressLimit },
    { resolver, nativeLookup, random, log },
  )
}

function random(): number {
  return randomInt(0x1_0000_0000) / 0x1_0000_0000
}
