import { domainToASCII } from 'node:url'

import { closingIndex } from './balanced.ts'
import { ConfigError } from './errors.ts'
import { compareOperands, isComparisonOperator } from './macro-comparison.ts'
import { trimStart } from './white-space.ts'

/** The unexpanded value of a name; undefined when nothing sets it. */
export type MacroLookup = (name: string) => string | undefined

const MAX_NESTING = 100
// Postfix has no such limit: a few lines of `a = $b$b` would make it use all memory.
const MAX_LENGTH = 1_048_576
// One value of that length could still be put in many places.
const MAX_INSERTED = 16 * MAX_LENGTH
// Shorter texts do not count, so that an expander can be asked for ever.
const LONG = 1000
// `${name{text}}`, from release 3.12: the one that a default of the registry calls.
const FUNCTIONS: ReadonlyMap<string, (text: string) => string> = new Map([
  ['domain_to_ascii', (domain) => domainToASCII(domain) || domain],
])
const NAME = /[A-Za-z0-9_]*/y
const OPERATOR = /^[=!<>]*/
const SUFFIX = /^[A-Za-z0-9_]*/

/**
 * Expands the macros in one text, with a fresh {@link MacroExpander}.
 *
 * @param onUndefined Told of each `$name` or `${name}` that nothing sets, and which is empty. The
 *   name of a condition, as in `${name?text}`, may be undefined.
 * @throws {ConfigError} `macro`
 */
export function expandMacros(
  text: string,
  lookup: MacroLookup,
  onUndefined?: (name: string) => void,
): string {
  return new MacroExpander(lookup, onUndefined).expand(text)
}

/**
 * Expands `$name` and its other forms (rules G-11 to G-14). The value of a name is expanded once
 * and kept, so an expander is good for as long as what `lookup` answers.
 *
 * Limits: 100 nested calls, 1 Mi characters for one value, and 16 Mi for all long texts that macros
 * insert.
 */
export class MacroExpander {
  readonly #lookup: MacroLookup
  readonly #onUndefined: ((name: string) => void) | undefined
  readonly #values = new Map<string, string | undefined>()
  #inserted = 0

  constructor(lookup: MacroLookup, onUndefined?: (name: string) => void) {
    this.#lookup = lookup
    this.#onUndefined = onUndefined
  }

  /**
   * @throws {ConfigError} `macro`: message `macro processing error`, its `warnings` say what.
   */
  expand(text: string): string {
    return this.#expand(text, 0)
  }

  /** The expanded value of a name; empty when undefined. @throws {ConfigError} `macro` */
  value(name: string): string {
    return this.#value(name, 0) ?? ''
  }

  #expand(text: string, level: number): string {
    let at = text.indexOf('$')
    if (at < 0) return text
    let expanded = ''
    let from = 0
    for (; at >= 0; at = text.indexOf('$', from)) {
      expanded += text.slice(from, at)
      if (text[at + 1] === '$') {
        expanded += '$'
        from = at + 2
        continue
      }
      const { content, end, bracketed } = reference(text, at + 1)
      if (level > MAX_NESTING) throw problem(`unreasonable macro call nesting: "${content}"`)
      const inserted = bracketed ? this.#evaluate(content, level) : this.#insert(content, level)
      expanded += inserted
      this.#checkLength(expanded, inserted, content)
      from = end
    }
    return expanded + text.slice(from)
  }

  #checkLength(expanded: string, inserted: string, content: string): void {
    if (inserted.length >= LONG) this.#inserted += inserted.length
    if (expanded.length > MAX_LENGTH) {
      throw problem(`expansion exceeds ${MAX_LENGTH} characters: "${content}"`)
    }
    if (this.#inserted > MAX_INSERTED) {
      throw problem(`all expansions exceed ${MAX_INSERTED} characters: "${content}"`)
    }
  }

  #insert(name: string, level: number): string {
    const value = this.#value(name, level)
    if (value === undefined) this.#onUndefined?.(name)
    return value ?? ''
  }

  #value(name: string, level: number): string | undefined {
    if (this.#values.has(name)) return this.#values.get(name)
    const value = this.#lookup(name)
    const expanded = value === undefined ? undefined : this.#expand(value, level + 1)
    this.#values.set(name, expanded)
    return expanded
  }

  #evaluate(content: string, level: number): string {
    const text = trimStart(content)
    if (text.startsWith('{')) return this.#compare(text, level)
    const name = nameAt(text, 0)
    const afterName = text.slice(name.length)
    const rest = trimStart(afterName)
    if (rest === '') return this.#insert(name, level)
    if (rest.startsWith('?') || rest.startsWith(':')) {
      return this.#choose((this.#value(name, level) ?? '') !== '', rest, level)
    }
    const call = FUNCTIONS.get(name)
    if (call !== undefined && afterName.startsWith('{')) {
      const [argument, tail] = braced(afterName)
      if (tail === '') return call(this.#expand(argument, level + 1))
    }
    throw problem(`attribute name syntax error at: "...${name}>>>${afterName}"`)
  }

  /** `{l} op {r}` with what follows. */
  #compare(text: string, level: number): string {
    const [left, afterLeft] = braced(text)
    const operator = OPERATOR.exec(afterLeft)?.[0] ?? ''
    if (!isComparisonOperator(operator)) {
      const expected = '"==" or "!="" or "<"" or "<="" or ">="" or ">" expected'
      throw problem(`${expected} at: "...${left}}>>>${afterLeft}"`)
    }
    const afterOperator = afterLeft.slice(operator.length)
    const suffix = SUFFIX.exec(afterOperator)?.[0] ?? ''
    if (suffix !== '' && suffix !== 'level') {
      throw problem(`bad operator suffix at: "...${operator}>>>${suffix}"`)
    }
    const operand = afterOperator.slice(suffix.length)
    if (!trimStart(operand).startsWith('{')) {
      throw problem(`"{expression}" expected at: "...{${left}} ${operator}>>>${operand}"`)
    }
    const [right, rest] = braced(trimStart(operand))
    if (rest !== '' && !rest.startsWith('?') && !rest.startsWith(':')) {
      throw problem(`"?" or ":" expected at: "...}>>>${rest}"`)
    }
    const holds = compareOperands(
      this.#expand(left, level + 1),
      operator,
      this.#expand(right, level + 1),
      suffix !== '',
    )
    if (rest === '') return holds ? 'true' : ''
    return this.#choose(holds, rest, level)
  }

  /** What `choices`, that begins with `?` or `:`, gives for the condition. */
  #choose(holds: boolean, choices: string, level: number): string {
    if (choices.startsWith(':')) return this.#otherwise(holds, choices, level)
    const text = choices.slice(1)
    if (!trimStart(text).startsWith('{')) return holds ? this.#expand(text, level + 1) : ''
    const [chosen, rest] = braced(trimStart(text))
    if (rest !== '' && !rest.startsWith(':')) {
      throw problem(`":" expected at: "...${chosen}}>>>${rest}"`)
    }
    const otherwise = rest === '' ? '' : this.#otherwise(holds, rest, level)
    return holds ? this.#expand(chosen, level + 1) : otherwise
  }

  #otherwise(holds: boolean, choice: string, level: number): string {
    const text = choice.slice(1)
    const isBraced = trimStart(text).startsWith('{')
    const [chosen, rest] = isBraced ? braced(trimStart(text)) : [text, '']
    if (rest !== '') throw problem(`unexpected input at: "...${chosen}}>>>${rest}"`)
    return holds ? '' : this.#expand(chosen, level + 1)
  }
}

interface Reference {
  /** The name, or what is between the brackets. */
  readonly content: string
  readonly bracketed: boolean
  /** Index of the first character after the reference. */
  readonly end: number
}

/** The reference whose text, after its `$`, starts at `start`. */
function reference(text: string, start: number): Reference {
  const open = text[start]
  if (open !== '{' && open !== '(') {
    const content = nameAt(text, start)
    if (content === '') throw problem(`empty macro name: "${text}"`)
    return { content, bracketed: false, end: start + content.length }
  }
  const close = closingIndex(text, start, open, open === '{' ? '}' : ')')
  if (close < 0) throw problem(`truncated macro reference: "${text}"`)
  const content = text.slice(start + 1, close)
  if (content === '') throw problem(`empty macro name: "${text}"`)
  return { content, bracketed: true, end: close + 1 }
}

function nameAt(text: string, start: number): string {
  NAME.lastIndex = start
  return NAME.exec(text)?.[0] ?? ''
}

/** Splits `{inside} rest`; white space before the rest is dropped. */
function braced(text: string): readonly [inside: string, rest: string] {
  const close = closingIndex(text, 0, '{', '}')
  if (close < 0) throw problem(`unbalanced {} in attribute expression: "${text}"`)
  return [text.slice(1, close), trimStart(text.slice(close + 1))]
}

function problem(warning: string): ConfigError {
  return new ConfigError('macro', 'macro processing error', { warnings: [warning] })
}
