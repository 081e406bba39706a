import { ConfigError } from './errors.ts'

/** When the master process wakes a service that has no client. */
export interface Wakeup {
  /** Between two wake-ups; 0 is never. */
  readonly seconds: number
  /** The first wake-up is sent only once a client has used the service. */
  readonly onlyAfterUse: boolean
}

const LEADING_DIGITS = /^\d+/

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

  /** A column without a default. @throws {ConfigError} `syntax` */
  required(field: string): string {
    const text = this.#next(field)
    if (text === '-') throw new ConfigError('syntax', `field "${field}" has no default value`)
    return text
  }

  /** `y`, `n` or `-`. @throws {ConfigError} `syntax` */
  flag(field: string, byDefault: boolean): boolean {
    const text = this.#next(field)
    if (text === '-') return byDefault
    if (text !== 'y' && text !== 'n') throw badValue(field, text)
    return text === 'y'
  }

  /** Seconds, with `?` right after them. @throws {ConfigError} `syntax` */
  wakeup(): Wakeup {
    const text = this.#next('wakeup_time')
    if (text === '-') return { seconds: 0, onlyAfterUse: false }
    const digits = leadingDigits('wakeup_time', text)
    return { seconds: Number(digits), onlyAfterUse: text[digits.length] === '?' }
  }

  /** Undefined for `-`. @throws {ConfigError} `syntax` */
  processLimit(): number | undefined {
    const text = this.#next('max_proc')
    return text === '-' ? undefined : Number(leadingDigits('max_proc', text))
  }

  /** The columns that are left. */
  rest(): readonly string[] {
    return this.#columns.slice(this.#at)
  }

  #next(field: string): string {
    const text = this.#columns[this.#at++]
    if (text === undefined) throw new ConfigError('syntax', `missing "${field}" field`)
    return text
  }
}

// Numbers are read up to the first character that is no digit: `5x` is 5.
function leadingDigits(field: string, text: string): string {
  const digits = LEADING_DIGITS.exec(text)?.[0]
  if (digits === undefined) throw badValue(field, text)
  return digits
}

function badValue(field: string, text: string): ConfigError {
  return new ConfigError('syntax', `field "${field}": bad value: "${text}"`, { value: text })
}
