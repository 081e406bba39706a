import { decodeAddress } from '@posthouse/mail-address'

import { compareCompatibilityLevels, parseCompatibilityLevel } from './compatibility-level.ts'
import type { Config } from './config.ts'
import type { ReadFile } from './environment.ts'
import { ConfigError } from './errors.ts'
import { fileErrorText } from './file-error.ts'
import { parseKnownTcpPorts } from './known-tcp-ports.ts'
import { type MainCf, parseMainCf } from './main-cf.ts'
import { type MasterCf, parseMasterCf } from './master-cf.ts'

/**
 * Reads `main.cf` of a configuration directory, once: there is no pause when it was written in the
 * last second (G-4).
 *
 * @param directory Without a slash at the end.
 * @throws {ConfigError} `missing-file` (G-3) or `syntax`
 */
export function loadMainCf(directory: string, readFile: ReadFile): MainCf {
  const file = `${directory}/main.cf`
  return parseMainCf(readText(file, readFile), file)
}

/**
 * Reads `master.cf` of the directory that `config` came from, with the defaults that `config` says.
 *
 * @throws {ConfigError} `missing-file` or `syntax`
 */
export function loadMasterCf(config: Config, readFile: ReadFile): MasterCf {
  const file = `${config.config_directory}/master.cf`
  const level = parseCompatibilityLevel(config.compatibility_level) ?? [0, 0, 0]
  return parseMasterCf(readText(file, readFile), {
    file,
    chrootByDefault: compareCompatibilityLevels(level, [1, 0, 0]) < 0,
    knownTcpPorts: parseKnownTcpPorts(config.settings.expanded('known_tcp_ports')).ports,
  })
}

function readText(path: string, readFile: ReadFile): string {
  try {
    return decodeAddress(readFile(path))
  } catch (error) {
    throw new ConfigError('missing-file', `open ${path}: ${fileErrorText(error)}`, { file: path })
  }
}
