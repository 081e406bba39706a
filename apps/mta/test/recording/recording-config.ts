// @posthouse/config for a program whose reads of parameters are of interest: at its end it appends
// the names that it read to the file that RECORDED_PARAMETERS names.
import { appendFileSync } from 'node:fs'
import {
  type Config,
  type ConfigSource,
  Settings as OriginalSettings,
  transportParameters as originalParameters,
  resolveConfig as originalResolve,
  type TransportParameters,
} from '@posthouse/config'

// biome-ignore lint/performance/noReExportAll: whatever else the program imports.
export * from '@posthouse/config'

// What is looked at only to refuse it, or to say that it has no effect, has none.
const NOT_AN_EFFECT = /\/src\/(unsupported-settings|parameters-without-effect)\.ts/
const STACK_FRAMES = 50

const names = new Set<string>()
const originals = new WeakMap<Config, Config>()

process.on('exit', () => {
  const file = process.env['RECORDED_PARAMETERS']
  if (file !== undefined) appendFileSync(file, [...names].map((name) => `${name}\n`).join(''))
})

// The commands read settings without a whole configuration.
export const Settings: typeof OriginalSettings = new Proxy(OriginalSettings, {
  construct: (target, args: ConstructorParameters<typeof OriginalSettings>) =>
    recordingSettings(new target(...args)),
})

export function resolveConfig(source: ConfigSource): Config {
  const config = originalResolve(source)
  const settings = recordingSettings(config.settings)
  const recording = new Proxy(config, {
    get: (target, name, receiver) => {
      if (name === 'settings') return settings
      if (typeof name === 'string') note(name)
      return Reflect.get(target, name, receiver)
    },
  })
  originals.set(recording, config)
  return recording
}

export function transportParameters(config: Config, transport: string): TransportParameters {
  const values = originalParameters(originals.get(config) ?? config, transport)
  return new Proxy(values, {
    get: (target, name, receiver) => {
      if (typeof name === 'string') note(`transport_${name}`)
      return Reflect.get(target, name, receiver)
    },
  })
}

function recordingSettings(settings: OriginalSettings): OriginalSettings {
  return new Proxy(settings, {
    get: (target, method) => {
      const value: unknown = Reflect.get(target, method, target)
      if (typeof value !== 'function') return value
      return (...args: readonly unknown[]) => {
        if (typeof args[0] === 'string' && method !== 'expand') note(args[0])
        return Reflect.apply(value, target, args)
      }
    },
  })
}

function note(name: string): void {
  Error.stackTraceLimit = STACK_FRAMES
  if (!names.has(name) && !NOT_AN_EFFECT.test(new Error().stack ?? '')) names.add(name)
}
