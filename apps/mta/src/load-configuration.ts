import { readFileSync } from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import { resolve } from 'node:path'
import {
  type Config,
  ConfigError,
  type Environment,
  loadMainCf,
  loadMasterCf,
  type MasterService,
  parametersWithoutEffect,
  resolveConfig,
  unsupportedSettings,
  unusedParameters,
} from '@posthouse/config'
import { planServices, programOf } from '@posthouse/master'

import { enabledProtocols } from './options/mx-lookup-options.ts'
import { expandInterfaces, type OwnAddresses } from './own-addresses.ts'

/** Programs of master.cf that this process can be. */
export const PROGRAMS: ReadonlySet<string> = new Set([
  'bounce',
  'cleanup',
  'error',
  'oqmgr',
  'qmgr',
  'qmqpd',
  'smtp',
  'trivial-rewrite',
])

/** Everything that main.cf and master.cf say, checked. */
export interface Configuration {
  /** Where the two files are. */
  readonly directory: string
  /** Absolute path of `queue_directory`. */
  readonly queueDirectory: string
  readonly config: Config
  /** Services that can run, in the order of master.cf. */
  readonly services: readonly MasterService[]
  readonly own: OwnAddresses
  readonly families: readonly (4 | 6)[]
  /** For the log, once. */
  readonly warnings: readonly string[]
  /** Parameters as a service sees them, with the `-o` of its line (G-33). */
  readonly configOf: (service: MasterService) => Config
}

/**
 * Reads and checks both files.
 *
 * @throws {ConfigError} or another error whose message is for the operator.
 */
export async function loadConfiguration(directory: string): Promise<Configuration> {
  const mainCf = loadMainCf(directory, readFileSync)
  const resolveFor = (service?: MasterService): Config =>
    resolveConfig({
      mainCf,
      environment: environmentOf(directory, service),
      ...(service === undefined ? {} : { overrides: service.overrides, overridesAt: service }),
    })
  const config = resolveFor()
  const masterCf = loadMasterCf(config, readFileSync)
  const plan = planServices(masterCf.services, PROGRAMS)
  const configs = new Map(plan.run.map((service) => [service, resolveFor(service)]))
  const all = [config, ...configs.values()]
  refuseUnsupported(all, plan.run)
  const families = enabledProtocols(config).map((name) => (name === 'ipv4' ? 4 : 6))
  return {
    directory,
    queueDirectory: resolve(config.queue_directory),
    config,
    services: plan.run,
    families,
    own: await expandInterfaces(config.inet_interfaces, families),
    warnings: [
      ...mainCf.warnings,
      ...config.warnings,
      ...masterCf.warnings,
      ...plan.warnings,
      ...chrootWarnings(plan.run),
      ...unusedParameters(mainCf, masterCf),
      ...parametersWithoutEffect(all),
    ],
    configOf: (service) => configs.get(service) ?? config,
  }
}

/** @throws {ConfigError} `unsupported`: the first, with the others among its warnings. */
function refuseUnsupported(configs: readonly Config[], services: readonly MasterService[]): void {
  const transports = services.map(({ name }) => name)
  const errors = configs.flatMap((config) => unsupportedSettings(config, transports))
  const [first, ...others] = new Map(errors.map((error) => [error.message, error])).values()
  if (first === undefined) return
  const warnings = others.map(({ message }) => message)
  throw new ConfigError(first.code, first.message, { ...first, warnings })
}

function chrootWarnings(services: readonly MasterService[]): string[] {
  const names = services.filter(({ chroot }) => chroot).map(({ name }) => name)
  if (names.length === 0) return []
  return [`chroot is not supported, these services run without it: ${names.join(', ')}`]
}

function environmentOf(directory: string, service: MasterService | undefined): Environment {
  return {
    hostname: hostname(),
    configDirectory: directory,
    processName: service === undefined ? 'master' : programOf(service),
    processId: process.pid,
    ...(service === undefined ? {} : { serviceName: service.name }),
    interfaceAddresses: Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .flatMap(({ cidr }) => cidr ?? []),
    readFile: readFileSync,
  }
}
