import { isIP } from 'node:net'
import type { Config } from '@posthouse/config'
import type { SmtpClientOptions } from '@posthouse/smtp-client'

const LOOPBACK = /^(127\.|::1$)/

/**
 * The addresses that connections come from: as configured, or the only one at which mail of that
 * family is received, unless that is a loopback address (C-30).
 *
 * @param ownAddresses `inet_interfaces`, expanded.
 * @throws {ConfigError} One is no address of its family.
 */
export function sourceAddresses(
  config: Config,
  ownAddresses: readonly string[],
): Pick<SmtpClientOptions, 'bindAddress' | 'bindAddress6' | 'bindAddressEnforce'> {
  return {
    bindAddress: sourceAddress('smtp_bind_address', 4, config, ownAddresses),
    bindAddress6: sourceAddress('smtp_bind_address6', 6, config, ownAddresses),
    bindAddressEnforce: config.smtp_bind_address_enforce,
  }
}

function sourceAddress(
  name: 'smtp_bind_address' | 'smtp_bind_address6',
  family: 4 | 6,
  config: Config,
  ownAddresses: readonly string[],
): string | undefined {
  const value = config[name]
  if (value === '') {
    const own = ownAddresses.filter((address) => isIP(address) === family)
    return own.length === 1 && !LOOPBACK.test(own[0]!) ? own[0] : undefined
  }
  const address = value.replace(/^\[(.*)\]$/, '$1')
  if (isIP(address) === family) return address
  throw config.settings.error(name, `bad ${name} parameter: ${value}`, `an IPv${family} address`)
}
