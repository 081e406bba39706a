import { isIPv4, isIPv6 } from 'node:net'

import { decodeAddress } from '@posthouse/mail-address'

import { compareCompatibilityLevels, parseCompatibilityLevel } from './compatibility-level.ts'
import type { Config } from './config.ts'
import type { ReadFile } from './environment.ts'
import { ConfigError } from './errors.ts'
import { failedCall, fileErrorText } from './file-error.ts'
import type { InetServiceName } from './inet-service.ts'
import { parseKnownTcpPorts } from './known-tcp-ports.ts'
import { type MainCf, parseMainCf } from './main-cf.ts'
import { type MasterCf, parseMasterCf } from './master-cf.ts'
import { serviceFilter } from './service-filter.ts'

/**
 * Reads `main.cf` of a configuration directory, once: see {@link waitUntilQuiet} for a file that is
 * just being written (G-4).
 *
 * @param directory Without a slash at the end.
 * @throws {ConfigError} `missing-file` (G-3) or `syntax`
 */
export function loadMainCf(directory: string, readFile: ReadFile): MainCf {
  const file = `${directory}/main.cf`
  return parseMainCf(readConfigText(file, readFile), file)
}

/**
 * Reads `master.cf` of the directory that `config` came from, with the defaults that `config` says,
 * without the services that it disables (G-42), and with its warnings on them.
 *
 * @throws {ConfigError} `missing-file` or `syntax`
 */
export function loadMasterCf(config: Config, readFile: ReadFile): MasterCf {
  const file = `${config.config_directory}/master.cf`
  const level = parseCompatibilityLevel(config.compatibility_level) ?? [0, 0, 0]
  const isOff = serviceFilter(config.settings.expanded('master_service_disable'))
  const hasNetwork = config.inet_protocols.length > 0
  const masterCf = parseMasterCf(readConfigText(file, readFile), {
    file,
    chrootByDefault: compareCompatibilityLevels(level, [1, 0, 0]) < 0,
    knownTcpPorts: parseKnownTcpPorts(config.settings.expanded('known_tcp_ports')).ports,
    isDisabled: (name, type) => (!hasNetwork && type.toLowerCase() === 'inet') || isOff(name, type),
    inetProblem: (name, service) => inetProblem(name, service, config),
  })
  if (hasNetwork) return masterCf
  return { ...masterCf, warnings: [...NO_NETWORK, ...masterCf.warnings] }
}

const NO_NETWORK = [
  'all network protocols are disabled (inet_protocols = )',
  'disabling all type "inet" services in master.cf',
]

function inetProblem(
  name: string,
  { host }: InetServiceName,
  { inet_interfaces: interfaces, inet_protocols: protocols }: Config,
): string | undefined {
  if (host === undefined) {
    return interfaces.length === 0 ? `no valid IP address found: ${name}` : undefined
  }
  const family = isIPv6(host) ? 'ipv6' : isIPv4(host) ? 'ipv4' : undefined
  const isUsable = family === undefined || protocols.includes('all') || protocols.includes(family)
  return isUsable ? undefined : `bad hostname or network address: ${name}`
}

/**
 * The text of a configuration file; bytes that are not UTF-8 survive, see `decodeAddress` of
 * `@posthouse/mail-address`.
 *
 * @throws {ConfigError} `missing-file`
 */
export function readConfigText(path: string, readFile: ReadFile): string {
  try {
    return decodeAddress(readFile(path))
  } catch (error) {
    const message = `${failedCall(error)} ${path}: ${fileErrorText(error)}`
    throw new ConfigError('missing-file', message, { file: path, expected: 'a readable file' })
  }
}
