import type { Config, MasterService, ParameterName } from '@posthouse/config'

import { KEPT_PARAMETERS } from './kept-parameters.ts'

// What one process has once: Postfix's programs each have their own.
const SHARED: ReadonlySet<string> = new Set<ParameterName>([
  ...KEPT_PARAMETERS,
  'default_process_limit',
  'import_environment',
  'known_tcp_ports',
  'log_format',
  'maillog_file',
  'maillog_file_permissions',
  'maillog_file_prefixes',
  'master_service_disable',
  'proxy_interfaces',
  'syslog_facility',
  'syslog_server',
])

/**
 * Warns of `-o` options that say something else than main.cf of what all services share: they
 * change nothing.
 *
 * @returns texts without the word `warning`.
 */
export function ignoredOverrides(
  config: Config,
  services: readonly MasterService[],
  configOf: (service: MasterService) => Config,
): string[] {
  return services.flatMap((service) => {
    const { settings } = configOf(service)
    return [...new Map(service.overrides).keys()]
      .filter((name) => SHARED.has(name))
      .filter((name) => settings.expanded(name) !== config.settings.expanded(name))
      .map((name) => {
        const option = `-o ${name}=${settings.expanded(name)}`
        return `${service.file}: line ${service.line}: ${option}: no effect: set it in main.cf`
      })
  })
}
