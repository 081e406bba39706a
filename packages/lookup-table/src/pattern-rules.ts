import { trimBlanksEnd, trimBlanksStart } from './blanks.ts'
import { fromByteText, toByteText } from './byte-text.ts'
import { LookupTableError } from './errors.ts'
import { type LogicalLine, logicalLines } from './logical-lines.ts'
import { Pattern } from './pattern.ts'
import type { ParsedPattern } from './pattern-node.ts'
import { parseReplacement, type Replacement } from './replacement.ts'
import { afterKeyword, RuleBlocks, type RuleItem, takeNegation } from './rule-blocks.ts'

/** What the regexp and the pcre tables differ in. */
export interface PatternLanguage {
  readonly type: 'regexp' | 'pcre'
  /**
   * Reads a pattern with its flags.
   *
   * @throws {LookupTableError} `bad-pattern` or `unsupported-pattern`
   */
  readonly parse: (pattern: string, flags: string) => ParsedPattern
  /** The flags that there are; a character of `obsolete` is one, but without effect. */
  readonly flags: string
  readonly obsoleteFlags: string
  /** Whether there is `/p1/!/p2/`. */
  readonly hasExceptions: boolean
  /** What follows `no closing regexp delimiter "/": `. */
  readonly unclosedText: string
  /** What is said about `$0`. */
  readonly zeroText: string
}

/** Where problems go, and what is forbidden. */
export interface PatternRulesOptions {
  /** Of the table, for the warnings. */
  readonly name: string
  readonly warn: (text: string) => void
  /** `$number` is not allowed in results. */
  readonly securitySensitive: boolean
}

/** A pattern, or the reverse of it; `negated` when it must not match. */
export interface Condition {
  readonly pattern: Pattern
  readonly negated: boolean
  readonly line: number
}

/** A rule: all conditions must be met. `$1` is a group of the first one. */
export interface PatternRule {
  readonly conditions: readonly Condition[]
  readonly result: Replacement
}

/** Undefined for a condition that cannot be evaluated here: its rules never apply. */
export type PatternItems = readonly RuleItem<PatternRule, Condition | undefined>[]

/** A pattern as it stands in a line, and the rest of the line. */
interface WrittenPattern {
  readonly pattern: string
  readonly flags: string
  readonly negated: boolean
  readonly rest: string
}

/** As for PCRE, whose patterns become about twice as large when they are compiled. */
const MAX_PATTERN_BYTES = 65_536
const EMPTY_RESULT: Replacement = { parts: [], highest: 0 }

/** Whether a flag is on that is off at first: it is there an odd number of times. */
export function isToggled(flags: string, flag: string): boolean {
  return flags.split(flag).length % 2 === 0
}

/**
 * Reads the rules of a regexp or pcre table; what is wrong with them is warned about: G-60.
 *
 * @throws {LookupTableError} `unavailable`: blocks are too deep in each other
 */
export function parsePatternRules(
  source: string,
  language: PatternLanguage,
  options: PatternRulesOptions,
): PatternItems {
  const reader = new PatternRulesReader(language, options)
  for (const line of logicalLines(source, options.name, options.warn)) reader.readLine(line)
  return reader.finish()
}

class PatternRulesReader {
  readonly #blocks: RuleBlocks<PatternRule, Condition | undefined>
  readonly #language: PatternLanguage
  readonly #options: PatternRulesOptions
  #line = 0

  constructor(language: PatternLanguage, options: PatternRulesOptions) {
    this.#blocks = new RuleBlocks(language.type, options.name)
    this.#language = language
    this.#options = options
  }

  readLine({ text, line }: LogicalLine): void {
    this.#line = line
    const rule = trimBlanksEnd(toByteText(text))
    const afterIf = afterKeyword(rule, 'if')
    const afterEndif = afterKeyword(rule, 'endif')
    if (afterIf !== undefined) this.#readIf(afterIf)
    else if (afterEndif !== undefined) this.#readEndif(trimBlanksStart(afterEndif))
    else if (/^[0-9A-Za-z]/.test(rule)) this.#warn('ignoring unrecognized request')
    else this.#readRule(rule)
  }

  finish(): PatternItems {
    for (const line of this.#blocks.unclosedLines()) {
      this.#line = line
      this.#warn('IF has no matching ENDIF')
    }
    return this.#blocks.items
  }

  #readRule(text: string): void {
    const first = this.#readPattern(text)
    if (first === undefined) return
    const written = [first]
    if (this.#language.hasExceptions && first.rest.startsWith('!')) {
      const exception = this.#readPattern(first.rest)
      if (exception === undefined) return
      written.push(exception)
    }
    const resultText = trimBlanksStart(written.at(-1)!.rest)
    if (resultText === '') this.#warn('no replacement text: using empty string')
    const result = resultText === '' ? EMPTY_RESULT : this.#readResult(resultText)
    if (result === undefined) return
    const problem = this.#resultProblem(result, first)
    if (problem === undefined) this.#addRule(written, result)
    else this.#skip(problem)
  }

  #addRule(written: readonly WrittenPattern[], result: Replacement): void {
    const conditions: Condition[] = []
    for (const each of written) {
      const condition = this.#condition(each)
      if (condition === undefined || condition === 'unsupported') return
      conditions.push(condition)
    }
    const { groups } = conditions[0]!.pattern
    const beyond = result.parts.find((part) => typeof part === 'number' && part > groups)
    if (beyond === undefined) this.#blocks.add({ conditions, result })
    else this.#skip(`out of range replacement index "${beyond}"`)
  }

  #readIf(text: string): void {
    const written = this.#readPattern(text)
    if (written === undefined) return
    const extra = trimBlanksStart(written.rest)
    if (extra !== '') {
      this.#warn(`ignoring extra text after IF statement: "${fromByteText(extra)}"`)
      this.#warn('do not prepend whitespace to statements between IF and ENDIF')
    }
    const condition = this.#condition(written)
    if (condition === undefined) return
    this.#blocks.open(condition === 'unsupported' ? undefined : condition, this.#line)
  }

  #readEndif(extra: string): void {
    if (!this.#blocks.isInside) this.#warn('ignoring ENDIF without matching IF')
    else if (extra !== '') this.#warn('ignoring extra text after ENDIF')
    this.#blocks.close()
  }

  #readPattern(text: string): WrittenPattern | undefined {
    const { negated, rest: written } = takeNegation(text)
    const delimiter = written[0]
    if (delimiter === undefined) return this.#skip('no regexp')
    const end = delimiterEnd(written, delimiter)
    if (end >= written.length) {
      const shown = fromByteText(delimiter)
      this.#warn(`no closing regexp delimiter "${shown}": ${this.#language.unclosedText}`)
      return undefined
    }
    const stop = this.#language.hasExceptions ? /[ \t-\r!]/ : /[ \t-\r]/
    const [flags, rest] = splitBefore(written.slice(end + 1), stop)
    for (const flag of flags) if (!this.#isFlag(flag)) return undefined
    return { pattern: written.slice(1, end), flags, negated, rest }
  }

  #isFlag(flag: string): boolean {
    const { flags, obsoleteFlags } = this.#language
    if (flags.includes(flag)) return true
    if (obsoleteFlags.includes(flag)) {
      this.#warn(`ignoring obsolete regexp option "${flag}"`)
      return true
    }
    this.#skip(`unknown regexp option "${fromByteText(flag)}"`)
    return false
  }

  #readResult(text: string): Replacement | undefined {
    const result = parseReplacement(text)
    if ('parts' in result) return result
    const of = fromByteText(result.of)
    switch (result.kind) {
      case 'empty-name':
        this.#options.warn(`empty macro name: "${of}"`)
        break
      case 'truncated':
        this.#options.warn(`truncated macro reference: "${of}"`)
        break
      case 'not-a-number':
        this.#warn(`non-numeric replacement index "${of}"`)
        break
      case 'zero':
        this.#warn(`${this.#language.zeroText} replacement index "${of}"`)
    }
    return this.#skip('bad replacement syntax')
  }

  #resultProblem({ highest }: Replacement, { negated }: WrittenPattern): string | undefined {
    if (highest === 0) return undefined
    if (negated) return '$number found in negative match replacement text'
    if (!this.#options.securitySensitive) return undefined
    return 'regular expression substitution is not allowed'
  }

  #condition(written: WrittenPattern): Condition | 'unsupported' | undefined {
    const { pattern, flags, negated } = written
    if (pattern.length > MAX_PATTERN_BYTES) return this.#tooBig()
    try {
      const parsed = this.#language.parse(pattern, flags)
      return { pattern: new Pattern(parsed), negated, line: this.#line }
    } catch (error) {
      if (error instanceof RangeError) return this.#tooBig() // The stack was too small for it.
      if (!(error instanceof LookupTableError)) throw error
      if (error.code !== 'unsupported-pattern') {
        this.#warn(error.message)
        return undefined
      }
      this.#skip(error.message)
      return 'unsupported'
    }
  }

  #tooBig(): 'unsupported' {
    this.#skip('pattern too big: expected at most 65536 bytes, and fewer if it is nested')
    return 'unsupported'
  }

  #skip(problem: string): undefined {
    this.#warn(`${problem}: skipping this rule`)
  }

  #warn(problem: string): void {
    const { name, warn } = this.#options
    warn(`${this.#language.type} map ${name}, line ${this.#line}: ${problem}`)
  }
}

/** Where the pattern that begins behind the first character is closed; a backslash hides one. */
function delimiterEnd(written: string, delimiter: string): number {
  let end = 1
  for (; end < written.length; end++) {
    if (written[end] === '\\') end++
    else if (written[end] === delimiter) break
  }
  return end
}

/** What is before the first character that `stop` takes, and what is from there on. */
function splitBefore(text: string, stop: RegExp): [before: string, from: string] {
  const at = text.search(stop)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)]
}
