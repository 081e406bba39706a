import { usageError } from './errors.ts'
import type { MasterEntry } from './master-entry.ts'

const ANY = '*'

/** What `service/type/name` on the command line selects; `*` selects all. */
export interface ServicePattern {
  /** As on the command line. */
  readonly text: string
  readonly service: string
  readonly type: string
  /** Field or parameter. */
  readonly name: string
}

/**
 * Reads `service[/type[/name]]`; what is not there selects all.
 *
 * @param maxParts 2 for services, 3 for their fields or parameters.
 * @param usage The error text when there are more parts, or none.
 * @throws {PostconfError} `usage`
 */
export function parseServicePattern(text: string, maxParts: 2 | 3, usage: string): ServicePattern {
  const parts = partsOf(text)
  if (parts.length === 0 || parts.length > maxParts) throw usageError(usage)
  const [service = ANY, type = ANY, name = ANY] = parts
  return { text, service, type, name }
}

/** Reads a pattern of which every part must be there. @throws {PostconfError} `usage` */
export function parseFullServicePattern(text: string, parts: 2 | 3, usage: string): ServicePattern {
  if (partsOf(text).length !== parts) throw usageError(usage)
  return parseServicePattern(text, parts, usage)
}

/** Whether the pattern is for a service of that name and type. */
export function matchesService(pattern: ServicePattern, service: string, type: string): boolean {
  return matches(pattern.service, service) && matches(pattern.type, type)
}

/** Whether the pattern is for a field or parameter of that name. */
export function matchesName(pattern: ServicePattern, name: string): boolean {
  return matches(pattern.name, name)
}

/** Name and type of an entry. */
export function identityOf({ columns }: MasterEntry): readonly [service: string, type: string] {
  return [columns[0]!, columns[1]!]
}

/** Whether the last part is `*`. */
export function isAnyName(pattern: ServicePattern): boolean {
  return pattern.name === ANY
}

function matches(pattern: string, text: string): boolean {
  return pattern === ANY || pattern === text
}

function partsOf(text: string): string[] {
  return text.split('/').filter((part) => part !== '')
}
