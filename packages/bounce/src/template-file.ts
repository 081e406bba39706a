import { decodeAddress } from '@posthouse/mail-address'

import { type BounceTemplates, bounceTemplateKinds } from './bounce-template.ts'
import { builtInTemplates } from './built-in-templates.ts'
import { BounceTemplateError } from './errors.ts'
import { readTemplate } from './template-text.ts'

/** What {@link parseBounceTemplates} found. */
export interface ParsedBounceTemplates {
  /** Built-in ones where the file has none, or none that can be used. */
  readonly templates: BounceTemplates
  /** Without the word `warning`, in the order in which to log them. */
  readonly warnings: readonly string[]
}

const NEWLINE = 10
const BLANKS = '[ \\t\\v\\f\\r]'
const SKIPPED = new RegExp(`^${BLANKS}*(#|$)`)
const DEFINITION = new RegExp(`^${BLANKS}*([^= \\t\\v\\f\\r]*)${BLANKS}*(=?)${BLANKS}*(.*)$`, 's')
const TRAILING_BLANKS = new RegExp(`${BLANKS}+$`)
const HERE = new RegExp(`^<<${BLANKS}*`)
const MARKER_START = /^[A-Za-z0-9]/

/**
 * Reads a template file, as `bounce_template_file` names it (F-78, bounce(5)).
 *
 * @param file Its path, for messages.
 * @throws {BounceTemplateError} `syntax`: a line that is no definition. A definition that makes no
 *   sense is a warning, and the built-in template is used.
 */
export function parseBounceTemplates(content: Uint8Array, file: string): ParsedBounceTemplates {
  const { texts, warnings } = definitions(physicalLines(content), file)
  const templates = { ...builtInTemplates }
  for (const kind of bounceTemplateKinds) {
    const text = texts.get(`${kind}_template`)
    if (text === undefined) continue
    const read = readTemplate(kind, text, file)
    if ('template' in read) templates[kind] = read.template
    else warnings.push(...read.warnings)
  }
  return { templates, warnings }
}

/** Lines end at a NUL byte, for whoever reads them as C strings. */
function physicalLines(content: Uint8Array): PhysicalLines {
  const isTerminated = content.at(-1) === NEWLINE
  const lines = decodeAddress(content).split('\n')
  if (isTerminated) lines.pop()
  return { lines: lines.map((line) => line.split('\0', 1)[0]!), isTerminated }
}

interface PhysicalLines {
  readonly lines: readonly string[]
  /** Whether the last one ends in a newline. */
  readonly isTerminated: boolean
}

function definitions(physical: PhysicalLines, file: string) {
  const { lines } = physical
  const texts = new Map<string, readonly string[]>()
  const warnings: string[] = []
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!
    if (SKIPPED.test(line)) continue
    const fail = failure(file, at + 1, line, warnings)
    const { name, value } = definition(line, fail)
    const marker = endMarker(value, fail)
    let text: readonly string[] = [value]
    if (marker !== undefined) {
      const here = hereDocument(physical, at + 1, marker)
      text = here.text
      at = here.end
      // One more than the number of the line, as everywhere in messages of Postfix on this file.
      if (!here.isEnded) warnings.push(`${file}, line ${at + 1}: missing "${marker}" end marker`)
    }
    if (isTemplateName(name)) texts.set(name, text)
    else {
      const place = `${file}, line ${Math.min(at, lines.length - 1) + 2}`
      warnings.push(`${place}: unknown template name: ${name} -- ignoring this template`)
    }
  }
  return { texts, warnings }
}

function isTemplateName(name: string): boolean {
  return bounceTemplateKinds.some((kind) => name === `${kind}_template`)
}

type Fail = (problem: string) => never

function failure(file: string, line: number, text: string, warnings: readonly string[]): Fail {
  return (problem) => {
    const message = `${file}, line ${line + 1}: ${problem}`
    throw new BounceTemplateError('syntax', message, { file, line, text, warnings })
  }
}

function definition(line: string, fail: Fail): { readonly name: string; readonly value: string } {
  const [, name = '', equals, value = ''] = DEFINITION.exec(line) ?? []
  if (equals !== '=') fail(`missing '=' after attribute name: "${line}"`)
  if (name === '') fail(`missing attribute name: "${line}"`)
  return { name, value: value.replace(TRAILING_BLANKS, '') }
}

/** Of a here-document; undefined for a value that is none. */
function endMarker(value: string, fail: Fail): string | undefined {
  if (!HERE.test(value)) return undefined
  const marker = value.replace(HERE, '')
  if (marker === '') fail('missing end marker after <<')
  if (!MARKER_START.test(marker)) fail('malformed end marker after <<')
  return marker
}

interface HereDocument {
  readonly text: readonly string[]
  /** Index of the line with the marker, or of what would be the first line after the file. */
  readonly end: number
  readonly isEnded: boolean
}

function hereDocument(
  { lines, isTerminated }: PhysicalLines,
  start: number,
  marker: string,
): HereDocument {
  const found = lines.indexOf(marker, start)
  // Postfix does not see the end of the marker's line, if that is where the file ends.
  const isEnded = found >= 0 && (found < lines.length - 1 || isTerminated)
  const text = lines.slice(start, found < 0 ? lines.length : found)
  const first = text.findIndex((line) => line !== '')
  return { text: first < 0 ? [] : text.slice(first), end: isEnded ? found : lines.length, isEnded }
}
