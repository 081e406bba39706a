import {
  ANY_BYTE,
  byteSet,
  complementOf,
  NEWLINE,
  SPACE,
  singleByte,
  unionOf,
  WORD,
} from './byte-set.ts'
import { byteOf } from './byte-text.ts'
import { badPattern } from './pattern-error.ts'
import {
  type Anchor,
  choiceOf,
  MAX_PATTERN_DEPTH,
  type ParsedPattern,
  type PatternNode,
  sequenceOf,
} from './pattern-node.ts'
import { parseBracket } from './posix-bracket.ts'

/** How a POSIX pattern is to be read. */
export interface PosixPatternOptions {
  /** Extended syntax; otherwise basic. */
  readonly extended: boolean
  readonly caseless: boolean
  /** `.` and `[^…]` do not match a newline, `^` and `$` match beside one. */
  readonly multiline: boolean
}

const MAX_REPEAT = 0x7fff
const POSTFIX_OPERATORS: ReadonlyMap<string, readonly [min: number, max: number]> = new Map([
  ['*', [0, Number.POSITIVE_INFINITY]],
  ['+', [1, Number.POSITIVE_INFINITY]],
  ['?', [0, 1]],
])
const ANCHOR_ESCAPES: ReadonlyMap<string, Anchor> = new Map([
  ['\\b', 'word-boundary'],
  ['\\B', 'not-word-boundary'],
  ['\\<', 'word-start'],
  ['\\>', 'word-end'],
  ['\\`', 'start'],
  ["\\'", 'end'],
])
const SET_ESCAPES = new Map([
  ['\\w', WORD],
  ['\\W', complementOf(WORD)],
  ['\\s', SPACE],
  ['\\S', complementOf(SPACE)],
])
// What these are in the extended syntax, they are with a backslash in the basic one.
const SWITCHED = '()|{}+?'

/**
 * Reads a pattern as regcomp(3) of the GNU C library does in the C locale, its `\w`, `\<` and so
 * on included; regex(7), G-60. A single place differs: groups may be nested 250 deep at most.
 *
 * @param pattern With one character per byte.
 * @throws {LookupTableError} `bad-pattern`, in the words of regerror(3)
 */
export function parsePosixPattern(pattern: string, options: PosixPatternOptions): ParsedPattern {
  const parser = new PosixParser(pattern, options)
  const root = parser.parseChoice(0)
  return { root, groups: parser.groups, preference: 'longest' }
}

class PosixParser {
  groups = 0
  readonly #text: string
  readonly #options: PosixPatternOptions
  readonly #closed = new Set<number>()
  #at = 0

  constructor(text: string, options: PosixPatternOptions) {
    this.#text = text
    this.#options = options
  }

  parseChoice(depth: number): PatternNode {
    if (depth > MAX_PATTERN_DEPTH) throw this.#error('Regular expression too big')
    const options = [this.#parseBranch(depth)]
    while (this.#token() === '|') {
      this.#at += this.#tokenLength()
      options.push(this.#parseBranch(depth))
    }
    return choiceOf(options)
  }

  #parseBranch(depth: number): PatternNode {
    const items: PatternNode[] = []
    let isStart = true // Nothing yet but `^`: in the basic syntax `*` is a character here.
    for (;;) {
      const token = this.#token()
      if (token === undefined || token === '|') break
      if (token === ')') {
        if (depth > 0) break
        if (!this.#options.extended) throw this.#error('Unmatched ( or \\(')
      }
      const item = this.#parseItem(token, isStart, items.length === 0, depth)
      items.push(this.#parsePostfix(item))
      isStart = item.kind === 'anchor' && !this.#options.extended
    }
    return sequenceOf(items)
  }

  /** What comes next: an operator without its backslash, an escape with it, or a character. */
  #token(): string | undefined {
    const char = this.#text[this.#at]
    if (char !== '\\') {
      const isPlain = !this.#options.extended && char !== undefined && SWITCHED.includes(char)
      return isPlain ? `\\${char}` : char
    }
    const next = this.#text[this.#at + 1]
    if (next === undefined) throw this.#error('Trailing backslash')
    return !this.#options.extended && SWITCHED.includes(next) ? next : char + next
  }

  #tokenLength(): number {
    return this.#text[this.#at] === '\\' ? 2 : 1
  }

  #parseItem(token: string, isStart: boolean, isFirst: boolean, depth: number): PatternNode {
    const { extended, multiline } = this.#options
    const begin = this.#at
    this.#at += this.#tokenLength()
    if (token === '(') return this.#parseGroup(depth)
    if (token === '[') {
      const { set, end } = parseBracket(this.#text, begin, this.#options)
      this.#at = end
      return { kind: 'set', set }
    }
    if (token === '.') return { kind: 'set', set: this.#withoutNewline(ANY_BYTE) }
    if (token === '^' && (extended || isFirst)) {
      return { kind: 'anchor', anchor: multiline ? 'line-start' : 'start' }
    }
    if (token === '$' && (extended || this.#isBranchEnd())) {
      return { kind: 'anchor', anchor: multiline ? 'line-end' : 'end' }
    }
    if (token === '*' && !extended && isStart) return this.#character('*')
    if (token === '{' || (POSTFIX_OPERATORS.has(token) && (extended || token === '*'))) {
      throw this.#error('Invalid preceding regular expression')
    }
    return token.startsWith('\\') ? this.#parseEscape(token) : this.#character(token)
  }

  #parseGroup(depth: number): PatternNode {
    const index = ++this.groups
    const body = this.parseChoice(depth + 1)
    if (this.#token() !== ')') throw this.#error('Unmatched ( or \\(')
    this.#at += this.#tokenLength()
    this.#closed.add(index)
    return { kind: 'group', body, index }
  }

  #parseEscape(token: string): PatternNode {
    const anchor = ANCHOR_ESCAPES.get(token)
    if (anchor !== undefined) return { kind: 'anchor', anchor }
    const set = SET_ESCAPES.get(token)
    if (set !== undefined) return { kind: 'set', set }
    const char = token.slice(1)
    // Found with regcomp(3): it folds texts to capitals, but not what a backslash is before.
    if (this.#options.caseless && /[a-z]/.test(char)) return { kind: 'set', set: byteSet([]) }
    if (!/[1-9]/.test(char)) return this.#character(char)
    const index = Number(char)
    if (!this.#closed.has(index)) throw this.#error('Invalid back reference')
    return { kind: 'back-reference', index, caseless: this.#options.caseless }
  }

  #parsePostfix(item: PatternNode): PatternNode {
    let node = item
    for (;;) {
      const token = this.#token() ?? ''
      const isRepeat = POSTFIX_OPERATORS.has(token) || token === '{'
      if (!isRepeat) return node
      if (item.kind === 'anchor') {
        // `^*` is an anchor and a star in the basic syntax.
        if (!this.#options.extended && token === '*') return node
        throw this.#error('Invalid preceding regular expression')
      }
      // Found with regcomp(3): a repetition is not repeated in the basic syntax.
      if (node !== item && !this.#options.extended) {
        throw this.#error('Invalid preceding regular expression')
      }
      this.#at += this.#tokenLength()
      const [min, max] = POSTFIX_OPERATORS.get(token) ?? this.#parseBounds()
      node = { kind: 'repeat', body: node, min, max, lazy: false }
    }
  }

  /** What follows `{`. */
  #parseBounds(): readonly [min: number, max: number] {
    const rest = this.#text.slice(this.#at)
    const close = (this.#options.extended ? /(?<!\\)\}/ : /\\\}/).exec(rest)
    if (close === null) throw this.#error(unclosedBoundsText(rest))
    this.#at += close.index + close[0].length
    const inside = rest.slice(0, close.index)
    const [, first = '', comma, second = ''] = /^(\d*)(?:(,)(\d*))?$/.exec(inside) ?? []
    if (first === '' && comma === undefined) throw this.#error('Invalid content of \\{\\}')
    const min = Number(first)
    const max =
      comma === undefined ? min : second === '' ? Number.POSITIVE_INFINITY : Number(second)
    if (max < min) throw this.#error('Invalid content of \\{\\}')
    const highest = max === Number.POSITIVE_INFINITY ? min : max
    if (highest > MAX_REPEAT) throw this.#error('Regular expression too big')
    return [min, max]
  }

  #isBranchEnd(): boolean {
    const token = this.#token()
    return token === undefined || token === ')' || token === '|'
  }

  #character(char: string): PatternNode {
    return { kind: 'set', set: singleByte(byteOf(char.charCodeAt(0)), this.#options.caseless) }
  }

  #withoutNewline(set: typeof ANY_BYTE): typeof ANY_BYTE {
    return this.#options.multiline ? complementOf(unionOf(complementOf(set), NEWLINE)) : set
  }

  #error(reason: string): Error {
    return badPattern(this.#text, reason)
  }
}

/** What regcomp(3) says of bounds that are never closed: it looks at each number on its own. */
function unclosedBoundsText(text: string): string {
  const [first = '', ...others] = text.split(',')
  const isOther = others.length > 1 || (others.length === 1 && !/^\d*$/.test(first))
  return isOther ? 'Invalid content of \\{\\}' : 'Unmatched \\{'
}
