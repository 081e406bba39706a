import type { ByteSet } from './byte-set.ts'

/** A parsed pattern, of either language. */
export type PatternNode =
  | { readonly kind: 'set'; readonly set: ByteSet }
  | { readonly kind: 'anchor'; readonly anchor: Anchor }
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[] }
  /** Tried in order. */
  | { readonly kind: 'choice'; readonly options: readonly PatternNode[] }
  | RepeatNode
  /** `()`, numbered from 1. */
  | { readonly kind: 'group'; readonly body: PatternNode; readonly index: number }
  /** Once matched, it is not tried in another way. */
  | { readonly kind: 'atomic'; readonly body: PatternNode }
  | LookNode
  | { readonly kind: 'back-reference'; readonly index: number; readonly caseless: boolean }

/** From `min` to `max` times. */
export interface RepeatNode {
  readonly kind: 'repeat'
  readonly body: PatternNode
  readonly min: number
  readonly max: number
  /** As few as possible first. */
  readonly lazy: boolean
}

/** What must, or must not, be ahead or behind. `behind` has a body of fixed length per option. */
export interface LookNode {
  readonly kind: 'look'
  readonly direction: 'ahead' | 'behind'
  readonly negated: boolean
  readonly body: PatternNode
}

/** A place in the text. */
export type Anchor =
  | 'start'
  | 'end'
  /** The end, or before a newline that ends the text. */
  | 'end-or-last-newline'
  | 'line-start'
  | 'line-end'
  | 'word-boundary'
  | 'not-word-boundary'
  | 'word-start'
  | 'word-end'

/** A parsed pattern and how many groups it has. */
export interface ParsedPattern {
  readonly root: PatternNode
  readonly groups: number
  /**
   * `first`: the first way to match counts, as in Perl. `longest`: the longest match counts, as in
   * POSIX.
   */
  readonly preference: 'first' | 'longest'
}

/** Parentheses may be nested this deep, as in PCRE. */
export const MAX_PATTERN_DEPTH = 250

/** What matches the empty text. */
export const EMPTY: PatternNode = { kind: 'sequence', items: [] }

/** The items one after the other. */
export function sequenceOf(items: readonly PatternNode[]): PatternNode {
  return items.length === 1 ? items[0]! : { kind: 'sequence', items }
}

/** One of the options. */
export function choiceOf(options: readonly PatternNode[]): PatternNode {
  return options.length === 1 ? options[0]! : { kind: 'choice', options }
}

/** The length of all that the node can match, in bytes; undefined when there are several. */
export function fixedLength(node: PatternNode): number | undefined {
  switch (node.kind) {
    case 'set':
      return 1
    case 'anchor':
    case 'look':
      return 0
    case 'group':
    case 'atomic':
      return fixedLength(node.body)
    case 'back-reference':
      return undefined
    case 'repeat': {
      const length = node.min === node.max ? fixedLength(node.body) : undefined
      return length === undefined ? undefined : length * node.min
    }
    case 'sequence': {
      let sum = 0
      for (const item of node.items) {
        const length = fixedLength(item)
        if (length === undefined) return undefined
        sum += length
      }
      return sum
    }
    case 'choice': {
      const lengths = new Set(node.options.map(fixedLength))
      return lengths.size === 1 ? [...lengths][0] : undefined
    }
  }
}
