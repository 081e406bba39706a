import { parseAssignment } from '@posthouse/config'
import { encodeAddress } from '@posthouse/mail-address'

import type { EditAction } from './command-line.ts'
import { usageError } from './errors.ts'
import { appendLine, joinLines, physicalLines } from './physical-lines.ts'

const NAME = /^[^ \t\n\v\f\r=]*/

/** A changed file, and what there is to say about it. */
export interface Edited {
  readonly content: Uint8Array
  /** Texts without the word `warning`. */
  readonly warnings: readonly string[]
}

/** A change of main.cf: names, and for `set` their values. */
export interface MainEdit {
  readonly action: EditAction
  readonly values: ReadonlyMap<string, string>
  /** Texts without the word `warning`. */
  readonly warnings: readonly string[]
}

/**
 * Reads the operands of an edit: `name=value` to set, a name for the rest.
 *
 * @throws {PostconfError} `usage`
 */
export function parseMainEdit(action: EditAction, operands: readonly string[]): MainEdit {
  const values = new Map<string, string>()
  const warnings: string[] = []
  for (const operand of operands) {
    if (operand.includes('\n')) throw usageError('-e, -X, or -# accepts no multi-line input')
    const [name, value] = action === 'set' ? assignmentOf(operand) : [nameOf(operand), '']
    const earlier = values.get(name)
    if (action === 'set' && earlier !== undefined) {
      warnings.push(`ignoring earlier request: '${name} = ${earlier}'`)
    }
    values.set(name, value)
  }
  return { action, values, warnings }
}

/**
 * Changes main.cf (G-36). A setting changes where it is, with its continuation lines; a new one
 * comes last. Every other byte stays, comments between the lines of a setting too.
 *
 * @param file Path, for the warnings.
 */
export function editMainCf(content: Uint8Array, edit: MainEdit, file: string): Edited {
  const lines: string[] = []
  const counts = new Map<string, number>()
  const values = new Map([...edit.values].map(([name, value]) => [binary(name), binary(value)]))
  let isInside = false
  for (const { text, kind } of physicalLines(content)) {
    if (kind === 'start') {
      const name = NAME.exec(text)![0]
      isInside = values.has(name)
      if (isInside) counts.set(name, (counts.get(name) ?? 0) + 1)
      if (isInside && edit.action === 'set') lines.push(`${name} = ${values.get(name)}\n`)
    }
    if (kind === 'other' || !isInside) lines.push(text)
    else if (edit.action === 'comment-out') lines.push(`#${text}`)
  }
  if (edit.action === 'set') {
    for (const [name, value] of values) {
      if (!counts.has(name)) appendLine(lines, `${name} = ${value}\n`)
    }
  }
  const repeated = [...edit.values.keys()].filter((name) => (counts.get(binary(name)) ?? 0) > 1)
  const ofFile = repeated.map((name) => `${file}: multiple entries for "${name}"`)
  return { content: joinLines(lines), warnings: [...edit.warnings, ...ofFile] }
}

/** One character for each byte of a text. */
export function binary(text: string): string {
  return encodeAddress(text).toString('latin1')
}

/** `name = value` of an operand. @throws {PostconfError} `usage` */
export function assignmentOf(operand: string): readonly [name: string, value: string] {
  const parsed = parseAssignment(operand)
  if (typeof parsed !== 'string') return parsed
  throw usageError(`${parsed}: "${operand}"`)
}

function nameOf(operand: string): string {
  if (operand.trim() === '') throw usageError('-X or -# requires non-blank parameter names')
  return operand
}
