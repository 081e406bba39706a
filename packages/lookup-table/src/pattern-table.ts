import { fromByteText, toByteText } from './byte-text.ts'
import { LookupTableError } from './errors.ts'
import { type MatchBudget, type MatchedGroups, MatchLimitReached } from './pattern-matcher.ts'
import {
  type Condition,
  type PatternItems,
  type PatternLanguage,
  type PatternRule,
  parsePatternRules,
} from './pattern-rules.ts'
import { readRuleSource } from './rule-source.ts'
import type { LookupTable } from './table.ts'
import type { TableContext } from './table-type.ts'

/** Steps of matching, of all rules together, after which a lookup fails: a quarter of a second. */
const MAX_STEPS = 5_000_000
/** The longest key, in bytes: Postfix's default `header_size_limit`. */
const MAX_KEY_BYTES = 102_400

/**
 * Opens a table of regular expressions: the first rule that matches counts (G-60). Keys are looked
 * at byte by byte and in their own letter case. A lookup fails when the key is longer than 102,400
 * bytes or takes more than five million steps of matching.
 *
 * @throws {LookupTableError} `unavailable`
 */
export function openPatternTable(
  language: PatternLanguage,
  name: string,
  { environment, purpose }: TableContext,
): LookupTable {
  const { type } = language
  const source = readRuleSource(type, name, environment)
  const { warn } = environment
  const { securitySensitive } = purpose
  const items = parsePatternRules(source.text, language, { name, warn, securitySensitive })
  return {
    kind: 'pattern',
    lookup(key) {
      try {
        return new Search(type, name, toByteText(key)).find(items)
      } catch (error) {
        if (error instanceof LookupTableError) warn(error.message)
        throw error
      }
    },
    hasChanged: source.hasChanged,
  }
}

/** One key on its way through the rules. */
class Search {
  readonly #type: string
  readonly #name: string
  readonly #key: string
  readonly #budget: MatchBudget = { steps: MAX_STEPS }
  #line = 0

  constructor(type: string, name: string, key: string) {
    this.#type = type
    this.#name = name
    this.#key = key
  }

  find(items: PatternItems): string | undefined {
    if (this.#key.length > MAX_KEY_BYTES) {
      throw this.#error(`${this.#type} map ${this.#name}: key longer than ${MAX_KEY_BYTES} bytes`)
    }
    try {
      return this.#find(items)
    } catch (error) {
      if (!(error instanceof MatchLimitReached)) throw error
      const where = `${this.#type} map ${this.#name}, line ${this.#line}`
      throw this.#error(`${where}: match limit exceeded`)
    }
  }

  #find(items: PatternItems): string | undefined {
    for (const item of items) {
      if (item.kind === 'rule') {
        const value = this.#apply(item.rule)
        if (value !== undefined) return value
      } else if (item.condition !== undefined && this.#meets(item.condition)) {
        const value = this.#find(item.items)
        if (value !== undefined) return value
      }
    }
    return undefined
  }

  #apply({ conditions, result }: PatternRule): string | undefined {
    for (const condition of conditions) if (!this.#meets(condition)) return undefined
    let groups: MatchedGroups | undefined
    if (result.highest > 0) groups = conditions[0]!.pattern.match(this.#key, this.#budget)
    let value = ''
    for (const part of result.parts) {
      const group = typeof part === 'number' ? groups?.[part] : undefined
      if (typeof part === 'string') value += part
      else if (group !== undefined) value += this.#key.slice(group[0], group[1])
    }
    return fromByteText(value)
  }

  #meets({ pattern, negated, line }: Condition): boolean {
    this.#line = line
    return pattern.test(this.#key, this.#budget) !== negated
  }

  #error(reason: string): LookupTableError {
    const item = `${this.#type}:${this.#name}`
    return new LookupTableError('lookup-failed', { item, reason })
  }
}
