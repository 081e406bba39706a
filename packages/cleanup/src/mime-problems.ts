import { MIME_ERRORS, type MimeErrorCode } from '@posthouse/mime-stream'

import type { CleanupOptions } from './cleanup-options.ts'
import type { ContentChecks } from './content-checks.ts'

/** Something about the structure of a message that it is refused for. */
export interface MimeProblem {
  readonly code: MimeErrorCode | 'non-empty-end-of-header'
  /** Without status, which is 5.6.0. */
  readonly text: string
}

/** What to do about a header that does not end in an empty line, beside adding one. */
export const NON_EMPTY_END: MimeProblem = {
  code: 'non-empty-end-of-header',
  text: 'primary header was terminated with non-empty line',
}

/** What is to be refused, by its code in mime-stream. */
export function refusedMimeProblems(
  options: CleanupOptions,
  { headerChecks, mimeHeaderChecks, nestedHeaderChecks }: ContentChecks,
): ReadonlyMap<MimeErrorCode, MimeProblem> {
  const { strict7bitHeaders, strict8bitmimeBody, strictMimeEncodingDomain } = options
  const codes = new Set<MimeErrorCode>()
  if (strict7bitHeaders) codes.add('8bit-in-header')
  if (strict8bitmimeBody) codes.add('8bit-in-7bit-body')
  if (strictMimeEncodingDomain) codes.add('invalid-encoding')
  const tables = [headerChecks, mimeHeaderChecks, nestedHeaderChecks]
  if (codes.size > 0 || tables.some((table) => table !== undefined)) codes.add('nesting')
  const refused = MIME_ERRORS.filter(({ code }) => codes.has(code))
  return new Map(refused.map(({ code, text }) => [code, { code, text }]))
}
