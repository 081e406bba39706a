import { encodeAddress } from '@posthouse/mail-address'

import {
  compareCompatibilityLevels,
  malformedLevel,
  parseCompatibilityLevel,
} from './compatibility-level.ts'
import { ConfigError } from './errors.ts'

/** An operator of a macro comparison (G-12). */
export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>=' | '>'

const OPERATORS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>=', '>'])
const DIGITS = /^\d+$/

/** Whether `text` is one of the six operators. */
export function isComparisonOperator(text: string): text is ComparisonOperator {
  return OPERATORS.has(text)
}

/**
 * Compares two expanded operands (G-12): as numbers when both are all digits, else byte by byte;
 * with `byLevel` as compatibility levels.
 *
 * @throws {ConfigError} `macro`, when a compatibility level cannot be read.
 */
export function compareOperands(
  left: string,
  operator: ComparisonOperator,
  right: string,
  byLevel: boolean,
): boolean {
  const order = byLevel ? compareLevels(left, right) : compareText(left, right)
  switch (operator) {
    case '==':
      return order === 0
    case '!=':
      return order !== 0
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>=':
      return order >= 0
    case '>':
      return order > 0
  }
}

function compareText(left: string, right: string): number {
  if (!DIGITS.test(left) || !DIGITS.test(right)) {
    return Buffer.compare(encodeAddress(left), encodeAddress(right))
  }
  // Without leading zeros the longer number is the larger one, whatever its size.
  const a = left.replace(/^0+/, '')
  const b = right.replace(/^0+/, '')
  return a.length - b.length || (a < b ? -1 : Number(a > b))
}

function compareLevels(left: string, right: string): number {
  return compareCompatibilityLevels(readLevel(left), readLevel(right))
}

function readLevel(text: string) {
  const level = parseCompatibilityLevel(text)
  if (level !== undefined) return level
  throw new ConfigError('macro', 'macro processing error', { warnings: [malformedLevel(text)] })
}
