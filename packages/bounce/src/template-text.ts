import type { BounceTemplate, BounceTemplateKind } from './bounce-template.ts'
import { builtInTemplates } from './built-in-templates.ts'

const HEADER = /^([\x21-\x39\x3b-\x7e]+)[ \t]*:[ \t\v\f\r]*(.*)$/s
const BLANK = /^[ \t\v\f\r]*$/
const NON_ASCII = /[^\x00-\x7f]/

type Headers = Pick<BounceTemplate, 'charset' | 'from' | 'subject' | 'postmasterSubject'>

const FIELDS: ReadonlyMap<string, keyof Headers> = new Map([
  ['charset', 'charset'],
  ['from', 'from'],
  ['subject', 'subject'],
  ['postmaster-subject', 'postmasterSubject'],
])

/** A template, or why it cannot be used. */
export type ReadTemplate =
  | { readonly template: BounceTemplate }
  | { readonly warnings: readonly string[] }

/**
 * Splits the value of a definition into headers and text (F-78.5). Headers that are not there are
 * those of the built-in template.
 */
export function readTemplate(
  kind: BounceTemplateKind,
  value: readonly string[],
  origin: string,
): ReadTemplate {
  const unusable = (problem: string): ReadTemplate => ({
    warnings: [`${origin}: ${problem} -- ignoring this template`],
  })
  const builtIn = builtInTemplates[kind]
  const headers: { -readonly [Field in keyof Headers]: Headers[Field] } = { ...builtIn }
  let at = 0
  for (; at < value.length; at++) {
    const [, label, body = ''] = HEADER.exec(value[at]!) ?? []
    if (label === undefined) break
    const field = FIELDS.get(label.toLowerCase())
    const [before, after] = headerProblem(body, field, builtIn) ?? []
    if (before !== undefined)
      return unusable(`${before} "${label}" header ${after} in ${kind} template`)
    headers[field!] = body
  }
  while (at < value.length && BLANK.test(value[at]!)) at++
  const lines = value.slice(at)
  if (lines.length === 0) return unusable(`missing message text in ${kind} template`)
  const isAscii = headers.charset.toLowerCase() === 'us-ascii'
  if (isAscii && lines.some((line) => NON_ASCII.test(line))) return notAscii(kind, origin)
  return { template: { ...builtIn, ...headers, origin, lines } }
}

function headerProblem(
  body: string,
  field: keyof Headers | undefined,
  builtIn: Headers,
): readonly [before: string, after: string] | undefined {
  if (body === '') return ['empty', 'value']
  if (NON_ASCII.test(body)) return ['non-ASCII', 'value']
  if (field === undefined) return ['unknown', 'label']
  return builtIn[field] === undefined ? ['inapplicable', 'label'] : undefined
}

function notAscii(kind: BounceTemplateKind, origin: string): ReadTemplate {
  return {
    warnings: [
      `${origin}: 8-bit message text in ${kind} template`,
      'please specify a charset value other than us-ascii',
      '-- ignoring this template for now',
    ],
  }
}
