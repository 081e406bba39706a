import { ConfigError, expandMacros } from '@posthouse/config'

import type { BounceTemplate } from './bounce-template.ts'
import { BounceTemplateError } from './errors.ts'
import { type TemplateValues, templateValue } from './template-value.ts'

/** A text to send or to show. */
export interface ExpandedTemplate {
  readonly lines: readonly string[]
  /** Without the word `warning`. */
  readonly warnings: readonly string[]
}

/**
 * Expands the text of a template (F-78.6, F-78.7).
 *
 * @throws {BounceTemplateError} `macro`: a name that nothing sets, or a syntax error
 */
export function expandBounceTemplate(
  template: BounceTemplate,
  values: TemplateValues,
): ExpandedTemplate {
  const warnings: string[] = []
  const lines = template.lines.map((line) => expandLine(line, template, values, warnings))
  return { lines, warnings }
}

function expandLine(
  line: string,
  template: BounceTemplate,
  values: TemplateValues,
  warnings: string[],
): string {
  const { kind, origin: file } = template
  const fail = (problem: string): never => {
    throw new BounceTemplateError('macro', `${file}: ${problem}`, { file, text: line, warnings })
  }
  const ports = { fail, warn: (text: string) => warnings.push(text) }
  const undefinedNames: string[] = []
  let expanded: string
  try {
    expanded = expandMacros(
      line,
      // The value is expanded already.
      (name) => templateValue(name, template, values, ports)?.replaceAll('$', '$$$$'),
      (name) => undefinedNames.push(name),
    )
  } catch (error) {
    // One with a parameter is that of main.cf.
    const isOfLine = error instanceof ConfigError && error.parameter === undefined
    if (!isOfLine || error.code !== 'macro') throw error
    warnings.push(...error.warnings)
    return fail(`bad $name syntax in ${kind} template: ${line}`)
  }
  if (undefinedNames.length === 0) return expanded
  return fail(`undefined $name in ${kind} template: ${line}`)
}
