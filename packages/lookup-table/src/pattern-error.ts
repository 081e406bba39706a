import { LookupTableError } from './errors.ts'

/** A pattern with an error, in the words of the library that Postfix would have used. */
export function badPattern(pattern: string, reason: string): LookupTableError {
  return new LookupTableError('bad-pattern', { item: pattern, reason })
}

/** A pattern that is right, but beyond what is done here. */
export function unsupportedPattern(pattern: string, what: string): LookupTableError {
  const reason = `${what} not supported`
  return new LookupTableError('unsupported-pattern', { item: pattern, reason })
}
