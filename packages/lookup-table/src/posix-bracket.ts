import {
  type ByteSet,
  byteRange,
  byteSet,
  complementOf,
  NEWLINE,
  POSIX_CLASSES,
  unionOf,
  unionOfAll,
  withBothCases,
} from './byte-set.ts'
import { byteOf } from './byte-text.ts'
import { badPattern } from './pattern-error.ts'

/** A bracket expression and where the text goes on. */
export interface Bracket {
  readonly set: ByteSet
  readonly end: number
}

const UNMATCHED = 'Unmatched [, [^, [:, [., or [='

/**
 * Reads the bracket expression that begins at `begin`: regex(7), in the C locale, where an
 * equivalence class is one byte and a collating element too.
 *
 * @throws {LookupTableError} `bad-pattern`
 */
export function parseBracket(
  text: string,
  begin: number,
  options: { readonly caseless: boolean; readonly multiline: boolean },
): Bracket {
  const parser = new BracketParser(text, begin + 1, options.caseless)
  const { set, negated } = parser.parse()
  const folded = options.caseless ? withBothCases(set) : set
  if (!negated) return { set: folded, end: parser.at }
  const excluded = options.multiline ? unionOf(folded, NEWLINE) : folded
  return { set: complementOf(excluded), end: parser.at }
}

/** A class, or one byte; only a byte can begin or end a range. */
type Element = { readonly set: ByteSet } | { readonly byte: number }

class BracketParser {
  at: number
  readonly #text: string
  readonly #caseless: boolean

  constructor(text: string, at: number, caseless: boolean) {
    this.#text = text
    this.#caseless = caseless
    this.at = at
  }

  parse(): { set: ByteSet; negated: boolean } {
    const negated = this.#text[this.at] === '^'
    if (negated) this.at++
    if (this.at >= this.#text.length) throw this.#error('Invalid regular expression')
    const sets: ByteSet[] = []
    for (let isFirst = true; isFirst || this.#text[this.at] !== ']'; isFirst = false) {
      sets.push(this.#parseElementOrRange(isFirst))
    }
    this.at++
    return { set: unionOfAll(sets), negated }
  }

  #parseElementOrRange(isFirst: boolean): ByteSet {
    // A hyphen is a character only at the start, at the end, or as the end of a range.
    if (this.#text[this.at] === '-' && !isFirst && !'\0]'.includes(this.#next())) {
      throw this.#error('Invalid range end')
    }
    const first = this.#parseElement()
    const isRange = this.#text[this.at] === '-' && this.#next() !== ']'
    if (!isRange) return 'set' in first ? first.set : byteSet([first.byte])
    this.at++
    const last = this.#parseElement()
    if ('set' in first || 'set' in last || first.byte > last.byte) {
      throw this.#error('Invalid range end')
    }
    return byteRange(first.byte, last.byte)
  }

  #parseElement(): Element {
    const char = this.#text[this.at]
    if (char === undefined) throw this.#error(UNMATCHED)
    const kind = this.#next()
    if (char !== '[' || !'.:='.includes(kind)) {
      this.at++
      return { byte: this.#byte(char) }
    }
    const begin = this.at + 2
    const end = this.#text.indexOf(`${kind}]`, begin)
    if (end < 0) throw this.#error(UNMATCHED)
    this.at = end + 2
    return this.#namedElement(kind, this.#text.slice(begin, end))
  }

  #namedElement(kind: string, name: string): Element {
    if (kind === ':') {
      const set = POSIX_CLASSES.get(name)
      if (set === undefined) throw this.#error('Invalid character class name')
      return { set }
    }
    if (name.length !== 1) throw this.#error('Invalid collation character')
    const byte = this.#byte(name)
    return kind === '=' ? { set: byteSet([byte]) } : { byte }
  }

  /** Found with regcomp(3): without regard to case the ends of a range are capitals. */
  #byte(char: string): number {
    const byte = byteOf(char.charCodeAt(0))
    return this.#caseless && byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte
  }

  /** The character after the one at `at`; NUL at the end. */
  #next(): string {
    return this.#text[this.at + 1] ?? '\0'
  }

  #error(reason: string): Error {
    return badPattern(this.#text, reason)
  }
}
