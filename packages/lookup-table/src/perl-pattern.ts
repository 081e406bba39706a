import { ANY_BYTE, byteSet, complementOf, NEWLINE, singleByte } from './byte-set.ts'
import { byteOf } from './byte-text.ts'
import {
  type Anchor,
  choiceOf,
  fixedLength,
  MAX_PATTERN_DEPTH,
  type ParsedPattern,
  type PatternNode,
  sequenceOf,
} from './pattern-node.ts'
import { parsePerlClass } from './perl-class.ts'
import { PerlCursor } from './perl-cursor.ts'
import { type PerlEscape, parsePerlEscape, VERTICAL } from './perl-escape.ts'
import { parseGroupStart } from './perl-group.ts'
import type { PerlOptions } from './perl-options.ts'

const MAX_REPEAT = 65_535
/** Of 65,536 and what is above it: the library stops at the fifth digit, or before a sixth. */
const DIGITS_OF_TOO_MANY = 5
const BOUNDS = /\{(\d+)(?:(,)(\d*))?\}/y
const LINE_BREAK: PatternNode = {
  kind: 'atomic',
  body: {
    kind: 'choice',
    options: [
      sequenceOf([0x0d, 0x0a].map((byte) => ({ kind: 'set', set: byteSet([byte]) }))),
      { kind: 'set', set: VERTICAL },
    ],
  },
}

/**
 * Reads a pattern as PCRE2 10.42 does without UTF mode: pcre2pattern(3), G-60. Recursion, calls of
 * groups, conditions, `(?|…)`, callouts, `(*VERB)` and `\X` are not supported.
 *
 * @param pattern With one character per byte.
 * @param options Of the flags behind the pattern.
 * @throws {LookupTableError} `bad-pattern`, in the words of the library, or `unsupported-pattern`
 */
export function parsePerlPattern(pattern: string, options: PerlOptions): ParsedPattern {
  const parser = new PerlParser(pattern, options)
  return { root: parser.parse(), groups: parser.groups, preference: 'first' }
}

class PerlParser {
  groups = 0
  readonly #cursor: PerlCursor
  readonly #names = new Map<string, number>()
  readonly #references: { readonly to: number | string; readonly offset: number }[] = []
  #options: PerlOptions
  #quoted = false // Between \Q and \E.

  constructor(pattern: string, options: PerlOptions) {
    this.#cursor = new PerlCursor(pattern)
    this.#options = options
  }

  parse(): PatternNode {
    const { anchored } = this.#options
    const root = this.#parseChoice(0)
    if (!this.#cursor.atEnd) throw this.#cursor.error('unmatched closing parenthesis')
    this.#checkReferences()
    return anchored
      ? { kind: 'sequence', items: [{ kind: 'anchor', anchor: 'start' }, root] }
      : root
  }

  #checkReferences(): void {
    for (const { to, offset } of this.#references) {
      const exists = typeof to === 'number' ? to <= this.groups : this.#names.has(to)
      if (!exists) throw this.#cursor.error('reference to non-existent subpattern', offset)
      if (typeof to === 'string') {
        throw this.#cursor.unsupported('a reference by name to a group that follows is')
      }
    }
  }

  #parseChoice(depth: number): PatternNode {
    if (depth > MAX_PATTERN_DEPTH) {
      throw this.#cursor.error('parentheses are too deeply nested')
    }
    // Flags that are set inside a group last to its end, over the bars.
    const outside = this.#options
    const options = [this.#parseBranch(depth)]
    while (this.#cursor.take('|')) options.push(this.#parseBranch(depth))
    this.#options = outside
    return choiceOf(options)
  }

  #parseBranch(depth: number): PatternNode {
    const cursor = this.#cursor
    const items: PatternNode[] = []
    while (!cursor.atEnd && (this.#quoted || !'|)'.includes(cursor.next))) {
      if (this.#skipsIgnored()) continue
      const item = this.#parseItem(depth)
      if (item !== undefined) items.push(this.#parseRepeats(item))
    }
    return sequenceOf(items)
  }

  /** Takes what means nothing: quotes, comments, and with `x` blanks. */
  #skipsIgnored(): boolean {
    const cursor = this.#cursor
    if (this.#quoted) {
      if (!cursor.take('\\E')) return false
      this.#quoted = false
      return true
    }
    if (cursor.take('\\Q')) {
      this.#quoted = true
      return true
    }
    if (cursor.take('\\E')) return true
    if (cursor.sees('(?#')) {
      if (cursor.takeMatch(/[^)]*\)/y) !== undefined) return true
      throw cursor.error('missing ) after (?# comment', cursor.text.length)
    }
    if (this.#options.extended === 'no') return false
    return cursor.takeMatch(/[ \t-\r]+|#[^\n]*\n?/y) !== undefined
  }

  #parseItem(depth: number): PatternNode | undefined {
    const cursor = this.#cursor
    const begin = cursor.at
    if (this.#quoted) return this.#character(cursor.at++)
    this.#refuseRepeat()
    if (cursor.take('(')) return this.#parseGroup(begin, depth)
    if (cursor.take('[[:<:]]')) return { kind: 'anchor', anchor: 'word-start' }
    if (cursor.take('[[:>:]]')) return { kind: 'anchor', anchor: 'word-end' }
    if (cursor.take('[')) return { kind: 'set', set: parsePerlClass(cursor, this.#options) }
    if (cursor.take('\\')) return this.#parseEscape()
    if (cursor.take('.')) {
      return { kind: 'set', set: this.#options.dotAll ? ANY_BYTE : complementOf(NEWLINE) }
    }
    if (cursor.take('^')) {
      return { kind: 'anchor', anchor: this.#options.multiline ? 'line-start' : 'start' }
    }
    if (cursor.take('$')) return { kind: 'anchor', anchor: this.#dollar() }
    return this.#character(cursor.at++)
  }

  #dollar(): Anchor {
    if (this.#options.multiline) return 'line-end'
    return this.#options.dollarEndOnly ? 'end' : 'end-or-last-newline'
  }

  #character(at: number): PatternNode {
    const byte = byteOf(this.#cursor.text.charCodeAt(at))
    return { kind: 'set', set: singleByte(byte, this.#options.caseless) }
  }

  #parseEscape(): PatternNode | undefined {
    const found: PerlEscape = parsePerlEscape(this.#cursor, this.groups)
    switch (found.kind) {
      case 'byte':
        return { kind: 'set', set: singleByte(found.byte, this.#options.caseless) }
      case 'set':
      case 'anchor':
        return found
      case 'reference':
        return this.#reference(found.to, found.offset)
      case 'line-break':
        return LINE_BREAK
      case 'nothing':
        return undefined
    }
  }

  #reference(to: number | string, offset: number): PatternNode {
    const known = typeof to === 'string' ? (this.#names.get(to) ?? to) : to
    const number = typeof known === 'number' && known < 0 ? this.groups + 1 + known : known
    if (typeof number === 'number' && number <= 0) {
      throw this.#cursor.error('reference to non-existent subpattern', offset)
    }
    // Whether there is such a group shows at the end.
    this.#references.push({ to: number, offset })
    const index = typeof number === 'number' ? number : 0
    return { kind: 'back-reference', index, caseless: this.#options.caseless }
  }

  #parseGroup(begin: number, depth: number): PatternNode | undefined {
    const cursor = this.#cursor
    const start = parseGroupStart(cursor, this.#options)
    if (start.kind === 'options') {
      this.#options = start.options
      this.#refuseRepeat()
      return undefined
    }
    if (start.kind === 'reference') return this.#reference(start.to, start.offset)
    const index = start.kind === 'capture' ? this.#openGroup(start.name) : 0
    const outside = this.#options
    if (start.kind === 'plain') this.#options = start.options
    const body = this.#parseChoice(depth + 1)
    this.#options = outside
    if (!cursor.take(')')) throw cursor.error('missing closing parenthesis')
    if (start.kind === 'capture') return { kind: 'group', body, index }
    // An anchor by itself cannot be repeated, but this can.
    if (start.kind === 'plain') return { kind: 'sequence', items: [body] }
    if (start.kind === 'atomic') return { kind: 'atomic', body }
    if (start.direction === 'behind' && !hasFixedLengths(body)) {
      throw cursor.error('lookbehind assertion is not fixed length', begin)
    }
    return { ...start, body }
  }

  #openGroup(name: string | undefined): number {
    const index = ++this.groups
    if (name === undefined) return index
    if (this.#names.has(name)) {
      const text = 'two named subpatterns have the same name (PCRE2_DUPNAMES not set)'
      throw this.#cursor.error(text)
    }
    this.#names.set(name, index)
    return index
  }

  #parseRepeats(item: PatternNode): PatternNode {
    if (item.kind === 'anchor') {
      this.#refuseRepeat()
      return item
    }
    const bounds = this.#takeBounds()
    if (bounds === undefined) return item
    const [min, max] = bounds
    const cursor = this.#cursor
    if (cursor.take('+')) {
      return { kind: 'atomic', body: { kind: 'repeat', body: item, min, max, lazy: false } }
    }
    const lazy = cursor.take('?') !== this.#options.ungreedy
    return { kind: 'repeat', body: item, min, max, lazy }
  }

  #refuseRepeat(): void {
    if (this.#takeBounds() === undefined) return
    const text = 'quantifier does not follow a repeatable item'
    throw this.#cursor.error(text, this.#cursor.at - 1)
  }

  #takeBounds(): readonly [min: number, max: number] | undefined {
    const cursor = this.#cursor
    // What means nothing may stand between an item and its repetition, but for a new quote.
    while (cursor.take('\\Q\\E') || (!cursor.sees('\\Q') && this.#skipsIgnored()));
    if (this.#quoted) return undefined
    if (cursor.take('*')) return [0, Number.POSITIVE_INFINITY]
    if (cursor.take('+')) return [1, Number.POSITIVE_INFINITY]
    if (cursor.take('?')) return [0, 1]
    const begin = cursor.at
    const [, first = '', comma, second = ''] = cursor.takeMatch(BOUNDS) ?? []
    if (first === '') return undefined
    const min = Number(first)
    const max =
      comma === undefined ? min : second === '' ? Number.POSITIVE_INFINITY : Number(second)
    if (min > MAX_REPEAT || (max > MAX_REPEAT && max !== Number.POSITIVE_INFINITY)) {
      // The library stops at the digit that makes the number too big.
      const offset = begin + 1 + (min > MAX_REPEAT ? 0 : first.length + 1) + DIGITS_OF_TOO_MANY
      throw cursor.error('number too big in {} quantifier', offset)
    }
    if (max < min) {
      throw cursor.error('numbers out of order in {} quantifier', cursor.at - 1)
    }
    return [min, max]
  }
}

/** Whether each option that a look behind has is of one length. */
function hasFixedLengths(body: PatternNode): boolean {
  const options = body.kind === 'choice' ? body.options : [body]
  return options.every((option) => fixedLength(option) !== undefined)
}
