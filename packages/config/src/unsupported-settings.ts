import type { Config } from './config.ts'
import { ConfigError } from './errors.ts'
import type { Parameter } from './parameter.ts'
import type { ParameterValue } from './parameter-value.ts'
import { parameterGroups, transportParameterRows } from './registry.ts'

/**
 * Settings that Posthouse cannot honour yet, where ignoring them would treat mail against the
 * operator's will: those outside `supportedValues` of their rows. For a start to refuse.
 *
 * @param transports Names of the services whose per-transport parameters count.
 * @returns errors `unsupported` that say where each is. Empty when all is well.
 */
export function unsupportedSettings(config: Config, transports: readonly string[]): ConfigError[] {
  const rows = parameterGroups.flatMap((group) => Object.entries(group.rows))
  const ofTransports = transports.flatMap((transport) =>
    [...transportParameterRows].map(([suffix, row]) => [`${transport}_${suffix}`, row] as const),
  )
  return [...rows, ...ofTransports].flatMap(([name, row]) => {
    const { supportedValues } = row
    // One that is not set gets such a value from another of them, which is named.
    if (supportedValues === undefined || !config.settings.names.has(name)) return []
    const value = canonicalText(row, config.settings.parsed(name, row))
    if (supportedValues.includes(value)) return []
    return [unsupported(name, supportedValues, config)]
  })
}

/** A value in the form that `supportedValues` of its row has. */
function canonicalText(row: Parameter, value: ParameterValue): string {
  if (row.type === 'boolean') return value === true ? 'yes' : 'no'
  return (typeof value === 'object' ? value.join(' ') : String(value)).toLowerCase()
}

function unsupported(name: string, supported: readonly string[], { settings }: Config) {
  const value = settings.expanded(name)
  const message = `${name} = ${value}: not supported by this version of posthouse`
  const expected = supported.map((text) => text || 'nothing').join(', ')
  return new ConfigError('unsupported', message, { ...settings.place(name), value, expected })
}
