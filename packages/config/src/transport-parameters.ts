import type { Config } from './config.ts'
import type { ParameterValue } from './parameter-value.ts'
import { type TransportParameters, transportParameterRows } from './registry.ts'

/**
 * The per-transport parameters (G-32) of any transport, complete: what main.cf does not set for it
 * comes from the `default_` parameters.
 *
 * @param transport Service name in master.cf.
 * @throws {ConfigError} `value` or `macro`: those of transports that Postfix does not know by name
 * are not checked before they are asked for.
 */
export function transportParameters(config: Config, transport: string): TransportParameters {
  const values: Record<string, ParameterValue> = {}
  for (const [suffix, row] of transportParameterRows) {
    values[suffix] = config.settings.parsed(`${transport}_${suffix}`, row)
  }
  // There is a row for every name of the type, and `parsed` returns what its row says.
  return values as TransportParameters
}
