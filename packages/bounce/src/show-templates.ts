import type { BounceTemplates } from './bounce-template.ts'
import { builtInTemplates } from './built-in-templates.ts'
import { BounceTemplateError } from './errors.ts'
import { formatBounceTemplates, formatExpandedBounceTemplates } from './format-templates.ts'
import { parseBounceTemplates } from './template-file.ts'
import type { TemplateValues } from './template-value.ts'

/** What {@link showBounceTemplates} is to show. */
export interface BounceTemplateRequest {
  /** Undefined: the built-in templates. */
  readonly file: { readonly path: string; readonly content: Uint8Array } | undefined
  /** Expand the texts with these; undefined: show the templates as they could be in a file. */
  readonly values: TemplateValues | undefined
}

/** What there is to print; without a text there is an error. */
export interface ShownBounceTemplates {
  readonly text: string
  /** Without the word `warning`, to print first. */
  readonly warnings: readonly string[]
  /** What ends the command, without the word `fatal`. */
  readonly error: string | undefined
}

/** All templates as `postconf -b` and `postconf -t` show them, or why they cannot be shown. */
export function showBounceTemplates({ file, values }: BounceTemplateRequest): ShownBounceTemplates {
  const warnings: string[] = []
  try {
    let templates: BounceTemplates = builtInTemplates
    if (file !== undefined) {
      const parsed = parseBounceTemplates(file.content, file.path)
      templates = parsed.templates
      warnings.push(...parsed.warnings)
    }
    if (values === undefined) {
      return { text: formatBounceTemplates(templates), warnings, error: undefined }
    }
    const expanded = formatExpandedBounceTemplates(templates, values)
    return { text: expanded.text, warnings: [...warnings, ...expanded.warnings], error: undefined }
  } catch (error) {
    if (!(error instanceof BounceTemplateError)) throw error
    return { text: '', warnings: [...warnings, ...error.warnings], error: error.message }
  }
}
