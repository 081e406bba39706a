import type { Config, MainCf, ParameterName } from '@posthouse/config'

// Those of Postfix (G-34), and those of what a reload does not make anew here: the queue store,
// the cache of sessions, and the user that this process has become.
export const KEPT_PARAMETERS: readonly ParameterName[] = [
  'connection_cache_ttl_limit',
  'enable_long_queue_ids',
  'hash_queue_depth',
  'hash_queue_names',
  'inet_interfaces',
  'inet_protocols',
  'mail_owner',
  'queue_directory',
  'verp_delimiter_filter',
]

/** A main.cf as it can take effect in a program that runs. */
export interface KeptParameters {
  /** With the old values of parameters that only a start changes. */
  readonly mainCf: MainCf
  /** Three for each such parameter, in Postfix's words. Empty: `mainCf` is as it was. */
  readonly warnings: readonly string[]
}

/**
 * Puts back what a reload does not change.
 *
 * @param wanted What the new main.cf comes to.
 * @param running What the program was started with.
 */
export function keepParameters(mainCf: MainCf, wanted: Config, running: Config): KeptParameters {
  const entries = new Map(mainCf.entries)
  const warnings: string[] = []
  for (const name of KEPT_PARAMETERS) {
    const old = running.settings.expanded(name)
    const value = wanted.settings.expanded(name)
    if (old === value) continue
    warnings.push(
      `ignoring ${name} parameter value change`,
      `old value: "${old}", new value: "${value}"`,
      `to change ${name}, stop and start Postfix`,
    )
    const line = entries.get(name)?.line ?? 0
    entries.set(name, { name, value: old.replaceAll('$', '$$$$'), line })
  }
  return { mainCf: warnings.length === 0 ? mainCf : { ...mainCf, entries }, warnings }
}
