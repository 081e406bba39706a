import { byteTextBytes } from './byte-text.ts'
import { withImpliedAnchor } from './implied-anchor.ts'
import { costOf, type PatternCost, stepsFor } from './pattern-cost.ts'
import {
  type MatchBudget,
  type MatchedGroups,
  MatchLimitReached,
  PatternMatcher,
} from './pattern-matcher.ts'
import type { ParsedPattern } from './pattern-node.ts'
import { regExpOf } from './pattern-regexp.ts'

/** Steps that a RegExp may take: a text and pattern that could take more are not given to it. */
const MAX_REGEXP_STEPS = 5_000_000

/**
 * A pattern ready to match. A RegExp does it where it can do no harm and knows the answer, else a
 * `PatternMatcher`, which is slower and counts its steps.
 */
export class Pattern {
  /** How many `()` it has. */
  readonly groups: number
  readonly #regExp: RegExp | undefined
  readonly #cost: PatternCost
  readonly #parsed: ParsedPattern
  #matcher: PatternMatcher | undefined

  constructor(parsed: ParsedPattern) {
    this.groups = parsed.groups
    const root = withImpliedAnchor(parsed.root)
    this.#parsed = { ...parsed, root }
    this.#cost = costOf(root)
    // Even the empty text, for which it is compiled, can be too much for a RegExp.
    this.#regExp = this.#isCheapFor(0) ? regExpOf(root) : undefined
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
    return this.#isCheapFor(text.length) ? this.#regExp : undefined
  }

  #isCheapFor(length: number): boolean {
    return stepsFor(length, this.#cost) <= MAX_REGEXP_STEPS
  }

  #matcherFor(): PatternMatcher {
    try {
      this.#matcher ??= new PatternMatcher(this.#parsed)
      return this.#matcher
    } catch (error) {
      if (error instanceof RangeError) throw new MatchLimitReached() // The stack was too small.
      throw error
    }
  }
}
