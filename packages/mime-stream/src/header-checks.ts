import type { HeaderBlock, HeaderChecks } from './mime-event.ts'

const MIME_HEADERS: ReadonlySet<string> = new Set([
  'content-description',
  'content-disposition',
  'content-id',
  'content-transfer-encoding',
  'content-type',
  'mime-version',
])

/** The table of the headers of a block that are not about MIME. */
export const BLOCK_CHECKS: Readonly<Record<HeaderBlock, HeaderChecks>> = {
  message: 'header_checks',
  part: 'mime_header_checks',
  nested: 'nested_header_checks',
}

/** The table that a header is looked up in. @param name In lower case. */
export function checksOf(name: string, block: HeaderBlock): HeaderChecks {
  return MIME_HEADERS.has(name) ? 'mime_header_checks' : BLOCK_CHECKS[block]
}
