import { decodeAddress } from '@posthouse/mail-address'

import type { EditAction } from './command-line.ts'
import { assignmentOf, binary, type Edited } from './edit-main.ts'
import { changeEntry, type EntryChange, parseEntryChange } from './entry-change.ts'
import { usageError } from './errors.ts'
import { type MasterEntry, parseMasterEntry } from './master-entry.ts'
import { masterText } from './master-text.ts'
import { appendLine, joinLines, physicalLines } from './physical-lines.ts'
import {
  identityOf,
  matchesService,
  parseFullServicePattern,
  type ServicePattern,
} from './service-pattern.ts'

const BLANKS = /[ \t\n\v\f\r]+/
const SERVICE_USAGE = '-Me, -MX or -M# requires service_name/type'

/** A change of whole services (`-Me`, `-MX`, `-M#`). */
export interface ServiceEdit {
  readonly action: EditAction
  readonly requests: readonly { readonly pattern: ServicePattern; readonly entry?: MasterEntry }[]
  /** Texts without the word `warning`. */
  readonly warnings: readonly string[]
}

/**
 * Reads the operands of an edit of services: `service/type=line` to set, `service/type` for the
 * rest.
 *
 * @throws {PostconfError}
 */
export function parseServiceEdit(action: EditAction, operands: readonly string[]): ServiceEdit {
  const warnings: string[] = []
  const requests = operands.map((operand) => {
    refuseLines(operand)
    if (action !== 'set') return { pattern: parseFullServicePattern(operand, 2, SERVICE_USAGE) }
    const [name, line] = assignmentOf(operand)
    const pattern = parseFullServicePattern(name, 2, SERVICE_USAGE)
    const parsed = parseMasterEntry(line, () => usageError(`bad field count: "${operand}"`))
    warnings.push(...parsed.warnings)
    return { pattern, entry: parsed.entry }
  })
  return { action, requests, warnings }
}

/**
 * Changes whole services of master.cf (G-49). A service is replaced where it is; one that is there
 * several times is replaced by one; a new one comes last. Every other byte stays.
 */
export function editServices(content: Uint8Array, edit: ServiceEdit): Edited {
  const lines: string[] = []
  const done = new Set<object>()
  let isInside = false
  for (const { text, kind } of physicalLines(content)) {
    if (kind === 'start') {
      const request = edit.requests.find((one) => isFor(one, identityOfLine(text)))
      isInside = request !== undefined
      if (request?.entry !== undefined && !done.has(request)) lines.push(entryLines(request.entry))
      if (request !== undefined) done.add(request)
    }
    if (kind === 'other' || !isInside) lines.push(text)
    else if (edit.action === 'comment-out') lines.push(`#${text}`)
  }
  for (const request of edit.requests) {
    if (request.entry === undefined || done.has(request)) continue
    appendLine(lines, entryLines(request.entry))
  }
  return { content: joinLines(lines), warnings: edit.warnings }
}

/** A change of fields (`-Fe`) or parameters (`-Pe`, `-PX`) of services. */
export interface EntryEdit {
  readonly changes: readonly EntryChange[]
  /** Texts without the word `warning`. */
  readonly warnings: readonly string[]
}

/** Reads the operands of an edit of fields or parameters. @throws {PostconfError} */
export function parseEntryEdit(
  mode: 'F' | 'P',
  action: EditAction,
  operands: readonly string[],
): EntryEdit {
  for (const operand of operands) refuseLines(operand)
  const changes = operands.map((operand) => parseEntryChange(mode, action, operand))
  return { changes, warnings: changes.flatMap(({ warnings }) => warnings) }
}

/**
 * Changes fields or parameters of services. A changed service is written in the form of `-Mf`,
 * after the comments that follow it in the file, as postconf(1) does. Every other byte stays.
 *
 * @throws {PostconfError} `file`: a service to be changed is broken
 */
export function editEntries(content: Uint8Array, edit: EntryEdit, file: string): Edited {
  const lines: string[] = []
  const warnings = [...edit.warnings]
  const unmatched = new Set(edit.changes)
  let held: { text: string; changes: readonly EntryChange[]; line: number } | undefined
  const release = () => {
    if (held === undefined) return
    const { text, changes, line } = held
    const parsed = parseMasterEntry(decodeAddress(Buffer.from(text, 'latin1')), () =>
      usageError(`file ${file}: line ${line}: bad field count`),
    )
    warnings.push(...parsed.warnings)
    appendLine(lines, entryLines(changes.reduce(changeEntry, parsed.entry)))
    held = undefined
  }
  for (const [index, { text, kind }] of physicalLines(content).entries()) {
    if (kind === 'start') {
      release()
      const [service, type] = identityOfLine(text)
      const changes = edit.changes.filter(({ pattern }) => matchesService(pattern, service, type))
      for (const change of changes) unmatched.delete(change)
      if (changes.length > 0) held = { text, changes, line: index + 1 }
      else lines.push(text)
    } else if (kind === 'continuation' && held !== undefined) {
      held.text = held.text.replace(/\n$/, '') + text
    } else lines.push(text)
  }
  release()
  const inVain = [...unmatched].map(({ text }) => `unmatched service_name/type: "${text}"`)
  return { content: joinLines(lines), warnings: [...warnings, ...inVain] }
}

function isFor(
  { pattern, entry }: ServiceEdit['requests'][number],
  [service, type]: readonly [string, string],
): boolean {
  if (matchesService(pattern, service, type)) return true
  // A service that gets the name and type of another takes its place.
  return entry !== undefined && identityOf(entry).join('/') === `${service}/${type}`
}

function identityOfLine(line: string): readonly [service: string, type: string] {
  const [service = '', type = ''] = decodeAddress(Buffer.from(line, 'latin1')).split(BLANKS)
  return [service, type]
}

function entryLines(entry: MasterEntry): string {
  return `${binary(masterText(entry, { isFolded: true }))}\n`
}

function refuseLines(operand: string): void {
  if (operand.includes('\n')) throw usageError('-e, -X, or -# accepts no multi-line input')
}
