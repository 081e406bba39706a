import { lookup } from 'node:dns/promises'
import { readFileSync, statSync } from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Config,
  ConfigError,
  compatibilityNotices,
  type Environment,
  loadMainCf,
  loadMasterCf,
  type MainCf,
  type MasterService,
  type MasterServiceType,
  parametersWithoutEffect,
  parseKnownTcpPorts,
  resolveConfig,
  Settings,
  unsupportedSettings,
  unusedParameters,
  waitUntilQuiet,
} from '@posthouse/config'
import {
  type Endpoint,
  type ProgramTypes,
  planServices,
  programOf,
  type ServicePlaces,
  serviceEndpoints,
} from '@posthouse/master'

import { keepParameters } from './kept-parameters.ts'
import { enabledProtocols } from './options/mx-lookup-options.ts'
import { expandInterfaces, type OwnAddresses } from './own-addresses.ts'
import { ignoredOverrides } from './shared-parameters.ts'
import { systemAccounts } from './system-accounts.ts'
import { servicePort } from './system-services.ts'

const TRANSPORT: readonly MasterServiceType[] = ['unix']

/** Programs of master.cf that this process can be, and for clients of which type of service. */
export const PROGRAMS: ProgramTypes = new Map<string, readonly MasterServiceType[]>([
  ['bounce', TRANSPORT],
  ['cleanup', TRANSPORT],
  ['discard', TRANSPORT],
  ['error', TRANSPORT],
  ['flush', TRANSPORT],
  ['lmtp', TRANSPORT],
  ['nqmgr', ['unix', 'fifo']],
  ['oqmgr', ['unix', 'fifo']],
  ['pickup', ['unix', 'fifo']],
  ['qmgr', ['unix', 'fifo']],
  ['qmqpd', ['inet', 'unix']],
  ['showq', TRANSPORT],
  ['smtp', TRANSPORT],
  ['trivial-rewrite', TRANSPORT],
])

// Others are for programs of this process alone.
const HAVE_SOCKETS = ['flush', 'nqmgr', 'oqmgr', 'pickup', 'qmgr', 'qmqpd', 'showq']

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
  /** Sockets of the services that have any. */
  readonly endpoints: ReadonlyMap<MasterService, readonly Endpoint[]>
  /** For the log, once. */
  readonly warnings: readonly string[]
  /** The same, as information: defaults of an old `compatibility_level` (G-26, G-37). */
  readonly notices: readonly string[]
  /** Parameters as a service sees them, with the `-o` of its line (G-33). */
  readonly configOf: (service: MasterService) => Config
}

/**
 * Reads and checks both files.
 *
 * @param running For a reload, what the program runs with: what only a start can change stays as
 * it is there, with warnings (G-34).
 * @throws {ConfigError} or another error whose message is for the operator.
 */
export async function loadConfiguration(
  directory: string,
  running?: Configuration,
): Promise<Configuration> {
  for (const name of ['main.cf', 'master.cf']) await untilQuiet(join(directory, name))
  const written = loadMainCf(directory, readFileSync)
  const { mainCf, warnings } =
    running === undefined
      ? { mainCf: written, warnings: [] }
      : keepParameters(written, resolveFor(written, directory), running.config)
  const config = resolveFor(mainCf, directory)
  const masterCf = loadMasterCf(config, readFileSync)
  const plan = planServices(masterCf.services, PROGRAMS)
  const configs = new Map(
    plan.run.map((service) => [service, resolveFor(mainCf, directory, service)]),
  )
  const configOf = (service: MasterService): Config => configs.get(service) ?? config
  const all = [config, ...configs.values()]
  refuseUnsupported(all, plan.run)
  const families = enabledProtocols(config).map((name) => (name === 'ipv4' ? 4 : 6))
  const own = await expandInterfaces(config, families)
  const queueDirectory = queueDirectoryOf(config.settings)
  return {
    directory,
    queueDirectory,
    config,
    services: plan.run,
    own,
    endpoints: await planEndpoints(plan.run, config, { ...own, families, queueDirectory }),
    warnings: [
      ...written.warnings,
      ...config.warnings,
      ...warnings,
      ...masterCf.warnings,
      ...plan.warnings,
      ...chrootWarnings(plan.run),
      ...ignoredOverrides(config, plan.run, configOf),
      ...unusedParameters(mainCf, masterCf),
      ...parametersWithoutEffect(all),
    ],
    notices: [...compatibilityNotices(config), ...masterCf.notices],
    configOf,
  }
}

function untilQuiet(path: string): Promise<void> {
  const modifiedMs = (path: string): number | undefined => {
    try {
      return statSync(path).mtimeMs
    } catch {
      return undefined // Reading it says what is wrong.
    }
  }
  return waitUntilQuiet(path, { modifiedMs, now: Date.now, sleep: (delayMs) => sleep(delayMs) })
}

/**
 * Reads no more than it takes to find a program that runs, so that it can be stopped also when
 * something else in main.cf, or master.cf, is broken. @throws {ConfigError}
 */
export function loadSettings(directory: string): Settings {
  const mainCf = loadMainCf(directory, readFileSync)
  return new Settings({ mainCf, environment: environmentOf(directory, undefined) })
}

/** What main.cf comes to for a program that has no use for master.cf. @throws {ConfigError} */
export function loadMainConfig(directory: string): Config {
  return resolveFor(loadMainCf(directory, readFileSync), directory)
}

/** Absolute path of `queue_directory`. @throws {ConfigError} `macro` */
export function queueDirectoryOf(settings: Settings): string {
  return resolve(settings.expanded('queue_directory'))
}

function resolveFor(mainCf: MainCf, directory: string, service?: MasterService): Config {
  return resolveConfig({
    mainCf,
    environment: environmentOf(directory, service),
    ...(service === undefined ? {} : { overrides: service.overrides, overridesAt: service }),
  })
}

/** @throws {ConfigError} as a rejection: host or port of a service are unknown. */
async function planEndpoints(
  services: readonly MasterService[],
  config: Config,
  where: Pick<ServicePlaces, 'queueDirectory' | 'wildcard' | 'addresses' | 'families'>,
): Promise<Map<MasterService, readonly Endpoint[]>> {
  const { ports } = parseKnownTcpPorts(config.settings.expanded('known_tcp_ports'))
  const places: ServicePlaces = {
    ...where,
    servicePort: (name) => ports.get(name) ?? servicePort(name),
    lookupHost: async (name) => {
      return (await lookup(name, { all: true })).map(({ address }) => address)
    },
  }
  const reachable = services.filter((service) => HAVE_SOCKETS.includes(programOf(service)))
  return new Map(
    await Promise.all(
      reachable.map(async (service) => [service, await serviceEndpoints(service, places)] as const),
    ),
  )
}

/** Parameters as the service of a program sees them of which there is one at most. */
export function configOfProgram(configuration: Configuration, ...programs: string[]): Config {
  const { config, configOf, services } = configuration
  const service = services.find((service) => programs.includes(programOf(service)))
  return service === undefined ? config : configOf(service)
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
    // Others than root cannot become them.
    ...(process.getuid?.() === 0 ? { accounts: systemAccounts() } : {}),
  }
}
