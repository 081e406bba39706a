import type { Config } from './config.ts'
import { lmtpName } from './parameters/lmtp.ts'

type Settings = Config['settings']

const NAME = /\bsmtp_\w+/g

/**
 * The parameters as the LMTP client has them: under each name of the SMTP client is the value of
 * its `lmtp_` twin, and errors name the twin. So whoever reads parameters for one client reads them
 * for the other, and none can be forgotten.
 *
 * @returns a view: each value is taken from `config` when it is asked for.
 */
export function lmtpConfig(config: Config): Config {
  const settings = lmtpSettings(config.settings)
  return new Proxy(config, {
    get: (target, key) => {
      if (key === 'settings') return settings
      return Reflect.get(target, typeof key === 'string' ? lmtpName(key) : key)
    },
  })
}

/** Of each method the first argument is a name, and others may be text that has names in it. */
function lmtpSettings(settings: Settings): Settings {
  const renamed = (argument: unknown): unknown =>
    typeof argument === 'string' ? argument.replaceAll(NAME, lmtpName) : argument
  return new Proxy(settings, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      return (...args: readonly unknown[]) => Reflect.apply(value, target, args.map(renamed))
    },
  })
}
