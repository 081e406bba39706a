import { splitOutsideBraces } from './balanced.ts'
import { ConfigError } from './errors.ts'

/** When the master process wakes a service that has no client. */
export interface Wakeup {
  /** Between two wake-ups; 0 is never. */
  readonly seconds: number
  /** The first wake-up is sent only once a client has used the service. */
  readonly onlyAfterUse: boolean
}

const LEADING_DIGITS = /^\d+/
const WORD = /[^ \t\r\n]+/y
const BLANKS = /[ \t\r\n]*/y
const SEPARATORS = ' \t\r\n'
const FIELDS = 8

/**
 * Splits a line of master.cf: eight columns, the last of them the command, and its arguments.
 * Braces group in the arguments only (G-39).
 */
export function splitColumns(text: string): string[] {
  const columns: string[] = []
  let at = 0
  while (columns.length < FIELDS) {
    BLANKS.lastIndex = at
    WORD.lastIndex = at + (BLANKS.exec(text)?.[0].length ?? 0)
    const word = WORD.exec(text)?.[0]
    if (word === undefined) return columns
    columns.push(word)
    at = WORD.lastIndex
  }
  return [...columns, ...splitOutsideBraces(text.slice(at), SEPARATORS)]
}

/**
 * The columns of one master.cf line, taken from left to right (G-37). Errors have the words of
 * G-43, without file and line.
 */
export class MasterFields {
  readonly #columns: readonly string[]
  #at = 0

  constructor(columns: readonly string[]) {
    this.#columns = columns
  }

  /** Whether the next column is `-`. */
  get nextIsDefault(): boolean {
    return this.#columns[this.#at] === '-'
  }

  /** A column as it is. @throws {ConfigError} `syntax` */
  text(field: string): string {
    const text = this.#columns[this.#at++]
    if (text !== undefined) return text
    const expected = 'service, type, private, unprivileged, chroot, wakeup, maxproc, command'
    throw new ConfigError('syntax', `missing "${field}" field`, { expected })
  }

  /** A column without a default. @throws {ConfigError} `syntax` */
  required(field: string): string {
    const text = this.text(field)
    if (text === '-') {
      const details = { value: text, expected: `a ${field}` }
      throw new ConfigError('syntax', `field "${field}" has no default value`, details)
    }
    return text
  }

  /** `y`, `n` or `-`. @throws {ConfigError} `syntax` */
  flag(field: string, byDefault: boolean): boolean {
    const text = this.text(field)
    if (text === '-') return byDefault
    if (text !== 'y' && text !== 'n') throw badValue(field, text, 'y, n or -')
    return text === 'y'
  }

  /** Seconds, with `?` right after them. @throws {ConfigError} `syntax` */
  wakeup(): Wakeup {
    const text = this.text('wakeup_time')
    if (text === '-') return { seconds: 0, onlyAfterUse: false }
    const digits = leadingDigits('wakeup_time', text)
    return { seconds: Number(digits), onlyAfterUse: text[digits.length] === '?' }
  }

  /** Undefined for `-`. @throws {ConfigError} `syntax` */
  processLimit(): number | undefined {
    const text = this.text('max_proc')
    return text === '-' ? undefined : Number(leadingDigits('max_proc', text))
  }

  /** The columns that are left. */
  rest(): readonly string[] {
    return this.#columns.slice(this.#at)
  }
}

// Numbers are read up to the first character that is no digit: `5x` is 5.
function leadingDigits(field: string, text: string): string {
  const digits = LEADING_DIGITS.exec(text)?.[0]
  if (digits === undefined) throw badValue(field, text, 'a whole number, or -')
  return digits
}

function badValue(field: string, value: string, expected: string): ConfigError {
  return new ConfigError('syntax', `field "${field}": bad value: "${value}"`, { value, expected })
}
