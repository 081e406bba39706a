import { NetstringError } from './errors.ts'

// Postfix keeps lengths in 64 bits with a sign; beyond that it reports a size error.
const MAX_LENGTH = 2n ** 63n - 1n
// The largest number that can take another digit and stay exact.
const LAST_EXACT = (Number.MAX_SAFE_INTEGER - 9) / 10

/** A declared length in bytes, exact: a number up to 2^53-1 or so, a bigint above. */
export type NetstringLength = number | bigint

/** Appends a digit to `length`. @throws {NetstringError} `too-large` above 2^63-1. */
export function appendDigit(length: NetstringLength, digit: number): NetstringLength {
  if (typeof length === 'number' && length <= LAST_EXACT) return length * 10 + digit
  const longer = BigInt(length) * 10n + BigInt(digit)
  if (longer > MAX_LENGTH) throw new NetstringError('too-large', 'length exceeds 2^63-1 bytes')
  return longer
}
