import { encodeAddress } from '@posthouse/mail-address'

import { splitOutsideBraces, unwrapBraces } from './balanced.ts'
import { ConfigError } from './errors.ts'
import type {
  IntegerParameter,
  ListParameter,
  Parameter,
  StringParameter,
  TimeParameter,
  ValueOfType,
} from './parameter.ts'

const LIST_SEPARATORS = ', \t\r\n'
const MAX_INT = 2_147_483_647
const MAX_LONG = 2n ** 63n - 1n
const INTEGER = /^[ \t\n\v\f\r]*([+-]?)(\d+)$/
const LEADING_ZEROS = /^0+(?=\d)/
const MAX_DIGITS = 20 // No number in range has more, and BigInt is slow with a million.
// Only the first character after the digits counts: `10sec` and `10s` are the same (G-16).
const TIME = /^[ \t\n\v\f\r]*\+?(\d+)([a-z]?)/
const FIRST_LETTER = /[A-Za-z]/

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
}

/** Any value of a parameter. */
export type ParameterValue = ValueOfType[keyof ValueOfType]

/**
 * Reads an expanded value as its parameter's type says (rules G-15 to G-18).
 *
 * @param expandDefault The expanded default, asked for when a time has no unit.
 * @throws {ConfigError} `value`, without file and line.
 */
export function parseParameterValue(
  name: string,
  parameter: Parameter,
  text: string,
  expandDefault: () => string,
): ParameterValue {
  switch (parameter.type) {
    case 'boolean':
      return parseBoolean(name, text)
    case 'integer':
    case 'size':
      return parseInteger(name, parameter, text)
    case 'time':
      return parseTime(name, parameter, text, expandDefault)
    case 'string':
      checkLength(name, parameter, text)
      return text
    case 'list':
    case 'maps':
      return parseList(name, parameter, text)
  }
}

function parseBoolean(name: string, text: string): boolean {
  const word = text.toLowerCase()
  if (word !== 'yes' && word !== 'no') {
    throw bad(name, text, `bad boolean configuration: ${name} = ${text}`, 'yes or no')
  }
  return word === 'yes'
}

function parseInteger(name: string, parameter: IntegerParameter, text: string): number {
  const largest = parameter.type === 'size' ? MAX_LONG : BigInt(MAX_INT)
  const exact = wholeNumber(text)
  const { min, max } = parameter
  const expected = `a whole number${range(min, max, '')}`
  if (exact === undefined || exact > largest || exact < -largest - 1n) {
    throw bad(name, text, `bad numerical configuration: ${name} = ${text}`, expected)
  }
  const value = Number(exact)
  const invalid = `invalid ${name} parameter value ${exact}`
  if (min !== undefined && value < min) throw bad(name, text, `${invalid} < ${min}`, expected)
  if (max !== undefined && value > max) throw bad(name, text, `${invalid} > ${max}`, expected)
  return value
}

function wholeNumber(text: string): bigint | undefined {
  const [, sign, zerosAndDigits] = INTEGER.exec(text) ?? []
  const digits = zerosAndDigits?.replace(LEADING_ZEROS, '')
  if (digits === undefined || digits.length > MAX_DIGITS) return undefined
  return sign === '-' ? -BigInt(digits) : BigInt(digits)
}

function parseTime(
  name: string,
  parameter: TimeParameter,
  text: string,
  expandDefault: () => string,
): number {
  const [matched, digits, letter] = TIME.exec(text) ?? []
  const unit = letter || (matched === text ? defaultUnit(expandDefault()) : undefined)
  const factor = UNIT_SECONDS[unit ?? '']
  const count = Number(digits)
  const { min, max } = parameter
  const expected = `a time: digits, then s, m, h, d or w${range(min, max, ' s')}`
  if (factor === undefined || !fits(count, factor)) {
    const message = `parameter ${name}: bad time value or unit: ${text}`
    throw bad(name, text, message, expected)
  }
  const seconds = count * factor
  if (min !== undefined && seconds < min) {
    throw bad(name, text, `invalid ${name}: ${seconds} (min ${min})`, expected)
  }
  if (max !== undefined && seconds > max) {
    throw bad(name, text, `invalid ${name}: ${seconds} (max ${max})`, expected)
  }
  return seconds * 1000
}

// Release 3.7 refuses the last count of minutes that would fit into 32 bits, and so on.
function fits(count: number, factor: number): boolean {
  return factor === 1 ? count <= MAX_INT : count < Math.floor(MAX_INT / factor)
}

// A default that only refers to another parameter has no letter when that one is set without.
function defaultUnit(expandedDefault: string): string {
  return FIRST_LETTER.exec(expandedDefault)?.[0] ?? 's'
}

function checkLength(name: string, parameter: StringParameter | ListParameter, text: string): void {
  const { min, max } = parameter
  if (min === undefined && max === undefined) return
  const length = encodeAddress(text).length
  const expected = max === undefined && min === 1 ? 'a value' : `text${range(min, max, ' bytes')}`
  if (min !== undefined && length < min) {
    const message = `bad string length ${length} < ${min}: ${name} = ${text}`
    throw bad(name, text, message, expected)
  }
  if (max !== undefined && length > max) {
    const message = `bad string length ${length} > ${max}: ${name} = ${text}`
    throw bad(name, text, message, expected)
  }
}

function parseList(name: string, parameter: ListParameter, text: string): readonly string[] {
  checkLength(name, parameter, text)
  const elements = splitOutsideBraces(text, LIST_SEPARATORS)
  if (parameter.type === 'maps') return elements.map((element) => unwrap(name, text, element))
  const { words } = parameter
  return words === undefined ? elements : elements.map((word) => known(name, text, words, word))
}

function unwrap(name: string, text: string, element: string): string {
  const unwrapped = unwrapBraces(element)
  if ('text' in unwrapped) return unwrapped.text
  throw bad(name, text, unwrapped.problem, 'type:name, or the same in braces')
}

function known(name: string, text: string, words: readonly string[], word: string): string {
  const canonical = word.toLowerCase()
  if (words.includes(canonical)) return canonical
  const message = `unknown ${name} value "${word}" in "${text}"`
  throw bad(name, text, message, `words of ${words.join(', ')}`)
}

function range(min: number | undefined, max: number | undefined, unit: string): string {
  if (min === undefined) return max === undefined ? '' : `, at most ${max}${unit}`
  if (max === undefined) return `, at least ${min}${unit}`
  return min === max ? `, ${min}${unit}` : `, ${min} to ${max}${unit}`
}

function bad(parameter: string, value: string, message: string, expected: string): ConfigError {
  return new ConfigError('value', message, { parameter, value, expected })
}
