import {
  type BounceTemplate,
  type BounceTemplates,
  bounceTemplateKinds,
} from './bounce-template.ts'
import { expandBounceTemplate } from './expand-template.ts'
import type { TemplateValues } from './template-value.ts'

/** What `postconf -b` prints. */
export interface ExpandedTemplatesText {
  /** Every line ends in a newline. */
  readonly text: string
  /** Without the word `warning`. */
  readonly warnings: readonly string[]
}

/** All templates as a template file, as `postconf -t` prints them (F-80). */
export function formatBounceTemplates(templates: BounceTemplates): string {
  return bounceTemplateKinds
    .map((kind) => {
      const template = templates[kind]
      return hereDocument(`${kind}_template`, [...headersOf(template), '', ...template.lines])
    })
    .join('\n')
}

/**
 * The texts of all templates with every `$name` expanded, as `postconf -b` prints them (F-80).
 *
 * @throws {BounceTemplateError} `macro`
 */
export function formatExpandedBounceTemplates(
  templates: BounceTemplates,
  values: TemplateValues,
): ExpandedTemplatesText {
  const warnings: string[] = []
  const texts = bounceTemplateKinds.map((kind) => {
    const expanded = expandBounceTemplate(templates[kind], values)
    warnings.push(...expanded.warnings)
    return hereDocument(`expanded_${kind}_text`, expanded.lines)
  })
  return { text: texts.join('\n'), warnings }
}

function headersOf({ charset, from, subject, postmasterSubject }: BounceTemplate): string[] {
  const headers = [`Charset: ${charset}`, `From: ${from}`, `Subject: ${subject}`]
  if (postmasterSubject === undefined) return headers
  return [...headers, `Postmaster-Subject: ${postmasterSubject}`]
}

function hereDocument(name: string, lines: readonly string[]): string {
  return [`${name} = <<EOF`, ...lines, 'EOF', ''].join('\n')
}
