import {
  type ByteSet,
  byteRange,
  complementOf,
  POSIX_CLASSES,
  singleByte,
  unionOfAll,
  WORD,
  withBothCases,
} from './byte-set.ts'
import { byteOf } from './byte-text.ts'
import type { PerlCursor } from './perl-cursor.ts'
import { parsePerlEscape } from './perl-escape.ts'
import type { PerlOptions } from './perl-options.ts'

/** One byte, which may begin a range, or a set, which may not. */
type Element =
  | { readonly kind: 'byte'; readonly byte: number; readonly set: ByteSet }
  | { readonly kind: 'set'; readonly set: ByteSet }
  | { readonly kind: 'nothing' }

/**
 * Reads a class whose `[` was taken: pcre2pattern(3), "SQUARE BRACKETS AND CHARACTER CLASSES".
 *
 * @throws {LookupTableError} `bad-pattern`
 */
export function parsePerlClass(cursor: PerlCursor, options: PerlOptions): ByteSet {
  const begin = cursor.at - 1
  if (/^\[[.=:]/.test(cursor.text.slice(begin)) && posixClassAt(cursor, begin) !== undefined) {
    const text = 'POSIX named classes are supported only within a class'
    throw cursor.error(text, begin)
  }
  const negated = cursor.take('^')
  const reader = new ClassReader(cursor, options)
  const set = reader.read()
  return negated ? complementOf(set) : set
}

class ClassReader {
  readonly #cursor: PerlCursor
  readonly #options: PerlOptions
  readonly #sets: ByteSet[] = []
  #quoted = false // Between \Q and \E.

  constructor(cursor: PerlCursor, options: PerlOptions) {
    this.#cursor = cursor
    this.#options = options
  }

  read(): ByteSet {
    const cursor = this.#cursor
    if (cursor.sees(']')) this.#readItem()
    while (this.#quoted || !cursor.sees(']')) this.#readItem()
    cursor.at++
    return unionOfAll(this.#sets)
  }

  #readItem(): void {
    const cursor = this.#cursor
    const first = this.#readElement()
    if (first.kind === 'nothing') return
    const hyphen = cursor.at
    const isHyphen = !this.#quoted && cursor.sees('-') && cursor.text[hyphen + 1] !== ']'
    if (!isHyphen || cursor.text[hyphen + 1] === undefined) {
      this.#sets.push(first.set)
      return
    }
    if (first.kind === 'set') throw cursor.error('invalid range in character class', hyphen)
    cursor.at++
    this.#readRangeEnd(first.byte)
  }

  #readRangeEnd(first: number): void {
    const cursor = this.#cursor
    const begin = cursor.at
    let last = this.#readElement()
    while (last.kind === 'nothing') last = this.#readElement()
    if (last.kind === 'set') {
      const offset = cursor.text[begin] === '[' ? begin + 1 : cursor.at
      throw cursor.error('invalid range in character class', offset)
    }
    if (last.byte < first) {
      throw cursor.error('range out of order in character class', cursor.at - 1)
    }
    const range = byteRange(first, last.byte)
    this.#sets.push(this.#options.caseless ? withBothCases(range) : range)
  }

  #readElement(): Element {
    const cursor = this.#cursor
    if (cursor.atEnd) throw cursor.error('missing terminating ] for character class')
    if (this.#quoted) {
      if (cursor.take('\\E')) return this.#endQuote()
      return this.#byte(byteOf(cursor.text.charCodeAt(cursor.at++)))
    }
    if (this.#options.extended === 'xx' && /[ \t]/.test(cursor.next)) {
      cursor.at++
      return { kind: 'nothing' }
    }
    if (cursor.take('\\Q')) {
      this.#quoted = true
      return { kind: 'nothing' }
    }
    if (cursor.take('\\')) return this.#readEscape()
    if (cursor.sees('[')) {
      const set = this.#readPosixClass()
      if (set !== undefined) return { kind: 'set', set }
    }
    return this.#byte(byteOf(cursor.text.charCodeAt(cursor.at++)))
  }

  #endQuote(): Element {
    this.#quoted = false
    return { kind: 'nothing' }
  }

  #readEscape(): Element {
    const found = parsePerlEscape(this.#cursor, undefined)
    if (found.kind === 'byte') return this.#byte(found.byte)
    return found.kind === 'set' ? found : { kind: 'nothing' }
  }

  #readPosixClass(): ByteSet | undefined {
    const cursor = this.#cursor
    const begin = cursor.at
    const found = posixClassAt(cursor, begin)
    if (found === undefined) return undefined
    if (found.kind !== ':') {
      throw cursor.error('POSIX collating elements are not supported', begin)
    }
    const negated = found.name.startsWith('^')
    const name = negated ? found.name.slice(1) : found.name
    const set = name === 'word' ? WORD : name === 'ascii' ? ASCII : POSIX_CLASSES.get(name)
    if (set === undefined) {
      throw cursor.error('unknown POSIX class name', begin + (negated ? 3 : 2))
    }
    cursor.at = found.end
    const folded = this.#options.caseless ? withBothCases(set) : set
    return negated ? complementOf(folded) : folded
  }

  #byte(byte: number): Element {
    return { kind: 'byte', byte, set: singleByte(byte, this.#options.caseless) }
  }
}

const ASCII = byteRange(0, 0x7f)

/** `[:name:]`, `[.x.]` or `[=x=]`, if the text has one there. */
function posixClassAt(
  cursor: PerlCursor,
  begin: number,
): { kind: string; name: string; end: number } | undefined {
  const found = /\[([:.=])((?:(?!\1\])[^\\\]])*)\1\]/y
  found.lastIndex = begin
  const [whole, kind, name] = found.exec(cursor.text) ?? []
  if (whole === undefined || kind === undefined || name === undefined) return undefined
  return { kind, name, end: begin + whole.length }
}
