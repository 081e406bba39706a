import { byteTextBytes } from './byte-text.ts'
import { degreeOf } from './pattern-cost.ts'
import { type MatchBudget, type MatchedGroups, PatternMatcher } from './pattern-matcher.ts'
import type { ParsedPattern } from './pattern-node.ts'
import { regExpOf } from './pattern-regexp.ts'

/** Steps that a RegExp may take: a text and pattern that could take more are not given to it. */
const MAX_REGEXP_STEPS = 1_000_000

/**
 * A pattern ready to match. A RegExp does it where it can do no harm and knows the answer, else a
 * `PatternMatcher`, which is slower and counts its steps.
 */
export class Pattern {
  /** How many `()` it has. */
  readonly groups: number
  readonly #regExp: RegExp | undefined
  readonly #degree: number
  readonly #parsed: ParsedPattern
  #matcher: PatternMatcher | undefined

  constructor(parsed: ParsedPattern) {
    this.groups = parsed.groups
    this.#parsed = parsed
    this.#regExp = regExpOf(parsed.root)
    this.#degree = degreeOf(parsed.root)
  }

  /**
   * Whether it matches anywhere in the text.
   *
   * @param text With one character per byte.
   * @throws {MatchLimitReached} when `budget` is used up
   */
  test(text: string, budget: MatchBudget): boolean {
    const regExp = this.#regExpFor(text)
    if (regExp !== undefined) return regExp.test(text)
    return this.#matcherFor().match(byteTextBytes(text), 0, budget) !== undefined
  }

  /** The groups of the first match; indices of `text`. @throws {MatchLimitReached} */
  match(text: string, budget: MatchBudget): MatchedGroups | undefined {
    const found = this.#regExpFor(text)?.exec(text)
    if (found === null) return undefined
    return this.#matcherFor().match(byteTextBytes(text), found?.index ?? 0, budget)
  }

  #regExpFor(text: string): RegExp | undefined {
    const isCheap = text.length ** this.#degree <= MAX_REGEXP_STEPS
    return isCheap ? this.#regExp : undefined
  }

  #matcherFor(): PatternMatcher {
    this.#matcher ??= new PatternMatcher(this.#parsed)
    return this.#matcher
  }
}
