import type { MasterService, MasterServiceType } from '@posthouse/config'

/** What the programs of master.cf come to in one process. */
export interface ServicePlan {
  /** Services that can run, in the order of master.cf. */
  readonly run: readonly MasterService[]
  /** One warning for each service that is skipped or served differently, fit for the log. */
  readonly warnings: readonly string[]
}

/** The service types (G-38) over which a program can be reached, or its work be done, here. */
export type ProgramTypes = ReadonlyMap<string, readonly MasterServiceType[]>

/**
 * Divides the services of master.cf into those that can run and those that are skipped: because
 * there is no such program, or it is not for clients of that type.
 *
 * @param programs The programs that there are, such as `qmqpd`, by the last part of a path, so
 * that `/usr/lib/postfix/sbin/smtp` is `smtp`.
 */
export function planServices(
  services: readonly MasterService[],
  programs: ProgramTypes,
): ServicePlan {
  const run: MasterService[] = []
  const warnings: string[] = []
  for (const service of services) {
    const types = programs.get(programOf(service))
    const problem = problemOf(service, types)
    if (problem === undefined) run.push(service)
    else warnings.push(about(service, problem, '-- skipping'))
    if (problem === undefined && service.type === 'fifo') {
      warnings.push(about(service, 'a UNIX-domain socket stands in for the FIFO', 'of'))
    }
  }
  return { run, warnings }
}

/** The program of a service: the last part of its command's path. */
export function programOf(service: MasterService): string {
  return service.command.slice(service.command.lastIndexOf('/') + 1)
}

function problemOf(
  { type, command }: MasterService,
  types: readonly MasterServiceType[] | undefined,
): string | undefined {
  if (types === undefined) return `no program "${command}" in this mail system`
  if (types.includes(type)) return undefined
  const known = types.map((type) => `"${type}"`).join(' or ')
  return `"${command}" serves type ${known} in this mail system, not "${type}"`
}

function about({ file, line, name, type }: MasterService, what: string, how: string): string {
  return `${file}: line ${line}: ${what} ${how} service "${name}" (${type})`
}
