import type { MasterService } from '@posthouse/config'

/** What the programs of master.cf come to in one process. */
export interface ServicePlan {
  /** Services whose program we have, in the order of master.cf. */
  readonly run: readonly MasterService[]
  /** One warning for each service that is skipped, fit for the log. */
  readonly warnings: readonly string[]
}

/**
 * Divides the services of master.cf into those that can run and those that are skipped.
 *
 * @param programs Names of the programs that there are, such as `qmqpd`. Names are the last part
 * of a path, so `/usr/lib/postfix/sbin/smtp` is `smtp`.
 */
export function planServices(
  services: readonly MasterService[],
  programs: ReadonlySet<string>,
): ServicePlan {
  const run = services.filter((service) => programs.has(programOf(service)))
  const warnings = services
    .filter((service) => !programs.has(programOf(service)))
    .map(
      ({ file, line, name, type, command }) =>
        `${file}: line ${line}: no program "${command}" in this mail system -- ` +
        `skipping service "${name}" (${type})`,
    )
  return { run, warnings }
}

/** The program of a service: the last part of its command's path. */
export function programOf(service: MasterService): string {
  return service.command.slice(service.command.lastIndexOf('/') + 1)
}
