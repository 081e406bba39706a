import { type ByteSet, WORD } from './byte-set.ts'
import {
  type Anchor,
  fixedLength,
  type LookNode,
  type ParsedPattern,
  type PatternNode,
  type RepeatNode,
} from './pattern-node.ts'

/** How much a search may do, for all patterns of a lookup together. */
export interface MatchBudget {
  steps: number
}

/** From where to where each group matched: groups[i] is `()` number i, groups[0] all of it. */
export type MatchedGroups = readonly (readonly [start: number, end: number] | undefined)[]

/** Goes on at a place; whether the rest of the pattern matches from there. */
type Continuation = (at: number) => boolean

/** The budget of a search was used up. Part of no result: callers of `match` handle it. */
export class MatchLimitReached extends Error {}

/**
 * Searches with a bounded number of steps, for what a RegExp cannot do or might take forever for.
 * Backtracks as PCRE does; groups keep what they matched last, and a reference to a group that did
 * not match fails. With `longest`, all ways to match at the first place are tried, and the first
 * of the longest counts, which is what regexec(3) finds for all but contrived patterns.
 *
 * Not for use by two searches at a time.
 */
export class PatternMatcher {
  readonly #longest: boolean
  readonly #groups: number
  readonly #matchFrom: Continuation
  #bytes: Uint8Array = new Uint8Array(0)
  #budget: MatchBudget = { steps: 0 }
  #starts: number[] = []
  #ends: number[] = []
  #opened: number[] = []
  #best: MatchedGroups | undefined
  #begin = 0

  constructor({ root, groups, preference }: ParsedPattern) {
    this.#longest = preference === 'longest'
    this.#groups = groups
    this.#matchFrom = this.#compile(root, (at) => this.#accept(at))
  }

  /**
   * The groups of the match that begins first, at `from` or later. A number of the result is an
   * index of `bytes`.
   *
   * @throws {MatchLimitReached} `budget` is used up; also when the stack is.
   */
  match(bytes: Uint8Array, from: number, budget: MatchBudget): MatchedGroups | undefined {
    this.#bytes = bytes
    this.#budget = budget
    try {
      for (let begin = from; begin <= bytes.length; begin++) {
        const found = this.#matchAt(begin)
        if (found !== undefined) return found
      }
      return undefined
    } catch (error) {
      if (error instanceof RangeError) throw new MatchLimitReached()
      throw error
    }
  }

  #matchAt(begin: number): MatchedGroups | undefined {
    this.#begin = begin
    this.#best = undefined
    this.#starts = new Array<number>(this.#groups + 1).fill(-1)
    this.#ends = this.#starts.slice()
    this.#opened = this.#starts.slice()
    try {
      this.#matchFrom(begin)
    } catch (error) {
      // With a match in hand, only the search for a longer one was cut short.
      if (!(error instanceof MatchLimitReached) || this.#best === undefined) throw error
    }
    return this.#best
  }

  #accept(at: number): boolean {
    const previous = this.#best?.[0]?.[1] ?? -1
    if (at > previous) {
      const groups = this.#starts.map((start, index) =>
        start < 0 ? undefined : ([start, this.#ends[index]!] as const),
      )
      groups[0] = [this.#begin, at]
      this.#best = groups
    }
    return !this.#longest || at === this.#bytes.length
  }

  #count(steps = 1): void {
    this.#budget.steps -= steps
    if (this.#budget.steps < 0) throw new MatchLimitReached()
  }

  #compile(node: PatternNode, next: Continuation): Continuation {
    switch (node.kind) {
      case 'set': {
        const { set } = node
        return (at) => {
          this.#count()
          return at < this.#bytes.length && set[this.#bytes[at]!] === 1 && next(at + 1)
        }
      }
      case 'anchor':
        return (at) => isAnchored(node.anchor, this.#bytes, at) && next(at)
      case 'sequence':
        return node.items.reduceRight((rest, item) => this.#compile(item, rest), next)
      case 'choice':
        return this.#compileChoice(node.options, next)
      case 'repeat':
        return node.body.kind === 'set'
          ? this.#compileRun(node, node.body.set, next)
          : this.#compileRepeat(node, next)
      case 'group':
        return this.#compileGroup(node.body, node.index, next)
      case 'atomic':
        return this.#compileAtomic(node.body, next)
      case 'look':
        return this.#compileLook(node, next)
      case 'back-reference':
        return this.#compileBackReference(node.index, node.caseless, next)
    }
  }

  #compileChoice(options: readonly PatternNode[], next: Continuation): Continuation {
    const ways = options.map((option) => this.#compile(option, next))
    return (at) => {
      this.#count()
      for (const way of ways) if (way(at)) return true
      return false
    }
  }

  /** A repeated set needs no stack. */
  #compileRun({ min, max, lazy }: RepeatNode, set: ByteSet, next: Continuation): Continuation {
    return (at) => {
      const bytes = this.#bytes
      const last = Math.min(bytes.length, at + max)
      let end = at
      if (lazy) {
        for (;;) {
          this.#count()
          if (end >= at + min && next(end)) return true
          if (end >= last || set[bytes[end]!] !== 1) return false
          end++
        }
      }
      while (end < last && set[bytes[end]!] === 1) end++
      this.#count(end - at)
      for (; end >= at + min; end--) {
        this.#count()
        if (next(end)) return true
      }
      return false
    }
  }

  #compileRepeat({ body, min, max, lazy }: RepeatNode, next: Continuation): Continuation {
    let times = 0
    let begin = -1
    // An iteration that takes nothing ends the loop in Perl, and does not happen in POSIX.
    const iterate = this.#compile(body, (at) => {
      if (at === begin && times > min) return !this.#longest && leave(at)
      return loop(at)
    })
    // The counters belong to the innermost loop under way: whoever changes them puts them back.
    const enter = (at: number): boolean => {
      const [oldTimes, oldBegin] = [times, begin]
      times = oldTimes + 1
      begin = at
      const matched = iterate(at)
      times = oldTimes
      begin = oldBegin
      return matched
    }
    const leave = (at: number): boolean => {
      const [oldTimes, oldBegin] = [times, begin]
      times = 0
      begin = -1
      const matched = next(at)
      times = oldTimes
      begin = oldBegin
      return matched
    }
    const loop = (at: number): boolean => {
      this.#count()
      if (times < min) return enter(at)
      if (lazy) return leave(at) || (times < max && enter(at))
      return (times < max && enter(at)) || leave(at)
    }
    return (at) => {
      const [oldTimes, oldBegin] = [times, begin]
      times = 0
      begin = -1
      const matched = loop(at)
      times = oldTimes
      begin = oldBegin
      return matched
    }
  }

  #compileGroup(body: PatternNode, index: number, next: Continuation): Continuation {
    const inside = this.#compile(body, (at) => {
      const [oldStart, oldEnd] = [this.#starts[index]!, this.#ends[index]!]
      this.#starts[index] = this.#opened[index]!
      this.#ends[index] = at
      if (next(at)) return true
      this.#starts[index] = oldStart
      this.#ends[index] = oldEnd
      return false
    })
    return (at) => {
      const oldOpened = this.#opened[index]!
      this.#opened[index] = at
      if (inside(at)) return true
      this.#opened[index] = oldOpened
      return false
    }
  }

  #compileAtomic(body: PatternNode, next: Continuation): Continuation {
    let end = -1
    const inside = this.#compile(body, (at) => {
      end = at
      return true
    })
    return (at) => {
      this.#count()
      const [starts, ends] = [this.#starts.slice(), this.#ends.slice()]
      if (!inside(at)) return false
      if (next(end)) return true
      this.#starts = starts
      this.#ends = ends
      return false
    }
  }

  #compileLook({ direction, negated, body }: LookNode, next: Continuation): Continuation {
    let end = -1 // Where a look behind must end; -1 for one ahead.
    const inside = this.#compile(body, (at) => end < 0 || at === end)
    const lengths = new Set(body.kind === 'choice' ? body.options.map(fixedLength) : [])
    if (body.kind !== 'choice') lengths.add(fixedLength(body))
    const isBehind = (at: number): boolean => {
      const oldEnd = end
      end = at
      let found = false
      for (const length of lengths) {
        found = length !== undefined && length <= at && inside(at - length)
        if (found) break
      }
      end = oldEnd
      return found
    }
    return (at) => {
      this.#count()
      const [starts, ends] = [this.#starts.slice(), this.#ends.slice()]
      const found = direction === 'ahead' ? inside(at) : isBehind(at)
      if (found !== negated && next(at)) return true
      this.#starts = starts
      this.#ends = ends
      return false
    }
  }

  #compileBackReference(index: number, caseless: boolean, next: Continuation): Continuation {
    return (at) => {
      const start = this.#starts[index]!
      if (start < 0) return false
      const length = this.#ends[index]! - start
      if (at + length > this.#bytes.length) return false
      for (let step = 0; step < length; step++) {
        this.#count()
        const [one, other] = [this.#bytes[start + step]!, this.#bytes[at + step]!]
        if (one !== other && !(caseless && isSameLetter(one, other))) return false
      }
      return next(at + length)
    }
  }
}

function isSameLetter(one: number, other: number): boolean {
  const lower = one | 0x20
  return lower === (other | 0x20) && lower >= 0x61 && lower <= 0x7a
}

function isAnchored(anchor: Anchor, bytes: Uint8Array, at: number): boolean {
  switch (anchor) {
    case 'start':
      return at === 0
    case 'end':
      return at === bytes.length
    case 'end-or-last-newline':
      return at === bytes.length || (at === bytes.length - 1 && bytes[at] === 0x0a)
    case 'line-start':
      return at === 0 || bytes[at - 1] === 0x0a
    case 'line-end':
      return at === bytes.length || bytes[at] === 0x0a
    default: {
      const before = at > 0 && WORD[bytes[at - 1]!] === 1
      const after = at < bytes.length && WORD[bytes[at]!] === 1
      if (anchor === 'word-boundary') return before !== after
      if (anchor === 'not-word-boundary') return before === after
      return anchor === 'word-start' ? !before && after : before && !after
    }
  }
}
