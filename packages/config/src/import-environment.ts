import { unwrapBraces } from './balanced.ts'
import type { Config } from './config.ts'
import { ConfigError } from './errors.ts'
import { parseAssignment } from './main-cf.ts'

/** An element of `import_environment`. */
interface EnvironmentItem {
  readonly name: string
  /** Undefined: as the caller has it. */
  readonly value: string | undefined
}

/**
 * The environment that the mail system has (G-28): of `environment` what `import_environment`
 * names, and what it sets.
 */
export function importedEnvironment(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    parseImportEnvironment(config.import_environment).flatMap(({ name, value }) => {
      const text = value ?? (Object.hasOwn(environment, name) ? environment[name] : undefined)
      return text === undefined ? [] : [[name, text]]
    }),
  )
}

/**
 * Reads `NAME`, `NAME=VALUE` and `{ NAME = VALUE with blanks }` (G-25, G-28).
 *
 * @throws {ConfigError} `value`, without file and line.
 */
export function parseImportEnvironment(elements: readonly string[]): EnvironmentItem[] {
  return elements.map((element) => {
    const unwrapped = unwrapBraces(element)
    if ('problem' in unwrapped) throw bad(`import_environment: ${unwrapped.problem}`, element)
    if (!unwrapped.text.includes('=')) return { name: unwrapped.text, value: undefined }
    const parsed = parseAssignment(unwrapped.text)
    if (typeof parsed === 'string') {
      throw bad(`clean_env: ${parsed} in: ${unwrapped.text}`, element)
    }
    const [name, value] = parsed
    return { name, value }
  })
}

function bad(message: string, value: string): ConfigError {
  const expected = 'NAME, NAME=VALUE or { NAME = VALUE with blanks }'
  return new ConfigError('value', message, { parameter: 'import_environment', value, expected })
}
