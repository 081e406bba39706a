import {
  ANY_BYTE,
  type ByteSet,
  byteSet,
  complementOf,
  DIGIT,
  NEWLINE,
  SPACE,
  WORD,
} from './byte-set.ts'
import { byteOf } from './byte-text.ts'
import type { Anchor } from './pattern-node.ts'
import type { PerlCursor } from './perl-cursor.ts'

/** What a backslash and what is behind it stand for. */
export type PerlEscape =
  | { readonly kind: 'byte'; readonly byte: number }
  | { readonly kind: 'set'; readonly set: ByteSet }
  | { readonly kind: 'anchor'; readonly anchor: Anchor }
  | { readonly kind: 'reference'; readonly to: number | string; readonly offset: number }
  /** `\R`. */
  | { readonly kind: 'line-break' }
  /** `\K`, `\E`. */
  | { readonly kind: 'nothing' }

const HORIZONTAL = byteSet([0x09, 0x20, 0xa0])
/** `\v`. */
export const VERTICAL: ByteSet = byteSet([0x0a, 0x0b, 0x0c, 0x0d, 0x85])
const SETS: ReadonlyMap<string, ByteSet> = new Map([
  ['d', DIGIT],
  ['D', complementOf(DIGIT)],
  ['h', HORIZONTAL],
  ['H', complementOf(HORIZONTAL)],
  ['s', SPACE],
  ['S', complementOf(SPACE)],
  ['v', VERTICAL],
  ['V', complementOf(VERTICAL)],
  ['w', WORD],
  ['W', complementOf(WORD)],
])
const SETS_OUTSIDE_CLASSES: ReadonlyMap<string, ByteSet> = new Map([
  ['C', ANY_BYTE],
  ['N', complementOf(NEWLINE)],
])
const BYTES: ReadonlyMap<string, number> = new Map([
  ['a', 0x07],
  ['e', 0x1b],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
])
const ANCHORS: ReadonlyMap<string, Anchor> = new Map([
  ['A', 'start'],
  ['G', 'start'],
  ['Z', 'end-or-last-newline'],
  ['z', 'end'],
  ['b', 'word-boundary'],
  ['B', 'not-word-boundary'],
])
const TOO_LARGE = 'character code point value in \\x{} or \\o{} is too large'
const NOT_IN_PCRE = 'PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u'

/**
 * Reads what follows a backslash, which was taken: pcre2pattern(3).
 *
 * @param groups How many groups were opened so far; undefined inside a class.
 * @throws {LookupTableError} `bad-pattern` or `unsupported-pattern`
 */
export function parsePerlEscape(cursor: PerlCursor, groups: number | undefined): PerlEscape {
  const char = cursor.next
  if (char === '') throw cursor.error('\\ at end of pattern')
  if (/[0-9]/.test(char)) return parseNumber(cursor, groups)
  cursor.at++
  const set = SETS.get(char)
  if (set !== undefined) return { kind: 'set', set }
  if (char === 'p' || char === 'P') return { kind: 'set', set: parseProperty(cursor, char === 'P') }
  if (!/[A-Za-z]/.test(char)) return { kind: 'byte', byte: byteOf(char.charCodeAt(0)) }
  if (char === 'E') return { kind: 'nothing' }
  const byte = parseByte(cursor, char)
  if (byte !== undefined) return { kind: 'byte', byte }
  if (char === 'N' && cursor.sees('{')) {
    const isCodePoint = cursor.sees('{U+')
    const text = '\\N{U+dddd} is supported only in Unicode (UTF) mode'
    throw cursor.error(isCodePoint ? text : NOT_IN_PCRE)
  }
  if ('FLlUu'.includes(char)) throw cursor.error(NOT_IN_PCRE)
  return groups === undefined ? parseInClass(cursor, char) : parseOutsideClass(cursor, char)
}

function parseInClass(cursor: PerlCursor, char: string): PerlEscape {
  if (char === 'b') return { kind: 'byte', byte: 0x08 }
  if (char === 'N') throw cursor.error('\\N is not supported in a class')
  if ('BRX'.includes(char)) {
    throw cursor.error('escape sequence is invalid in character class', cursor.at - 1)
  }
  throw cursor.error('unrecognized character follows \\', cursor.at - 1)
}

function parseOutsideClass(cursor: PerlCursor, char: string): PerlEscape {
  const anchor = ANCHORS.get(char)
  if (anchor !== undefined) return { kind: 'anchor', anchor }
  const set = SETS_OUTSIDE_CLASSES.get(char)
  if (set !== undefined) return { kind: 'set', set }
  if (char === 'R') return { kind: 'line-break' }
  if (char === 'K') return { kind: 'nothing' }
  if (char === 'X') throw cursor.unsupported('\\X is')
  if (char === 'g' || char === 'k') return parseReference(cursor, char)
  throw cursor.error('unrecognized character follows \\', cursor.at - 1)
}

/** A byte written in one of the ways that begin with a letter; undefined for other letters. */
function parseByte(cursor: PerlCursor, char: string): number | undefined {
  if (char === 'c') {
    const code = cursor.next.charCodeAt(0)
    if (Number.isNaN(code)) throw cursor.error('\\c at end of pattern')
    if (code < 0x20 || code > 0x7e) {
      throw cursor.error('\\c must be followed by a printable ASCII character')
    }
    cursor.at++
    return cursor.text[cursor.at - 1]!.toUpperCase().charCodeAt(0) ^ 0x40
  }
  if (char === 'o') return parseBraced(cursor, 8, 'o')
  if (char !== 'x') return BYTES.get(char)
  if (cursor.sees('{')) return parseBraced(cursor, 16, 'x')
  return Number.parseInt(cursor.takeMatch(/[0-9a-f]{0,2}/iy)?.[0] || '0', 16)
}

function parseBraced(cursor: PerlCursor, radix: 8 | 16, letter: 'o' | 'x'): number {
  const digitsName = radix === 8 ? 'octal' : 'hex'
  if (!cursor.take('{')) {
    const offset = cursor.atEnd ? cursor.at - 1 : cursor.at
    throw cursor.error(`missing opening brace after \\${letter}`, offset)
  }
  const digits = cursor.takeMatch(radix === 8 ? /[0-7]*/y : /[0-9a-f]*/iy)?.[0] ?? ''
  if (digits === '' && cursor.sees('}')) {
    throw cursor.error('digits missing in \\x{} or \\o{} or \\N{U+}')
  }
  const value = Number.parseInt(digits || '0', radix)
  if (value > 0xff) throw cursor.error(TOO_LARGE)
  if (!cursor.take('}')) {
    const text = `non-${digitsName} character in \\${letter}{} (closing brace missing?)`
    throw cursor.error(text)
  }
  return value
}

/** A reference to a group, or a byte in octal digits. */
function parseNumber(cursor: PerlCursor, groups: number | undefined): PerlEscape {
  const offset = cursor.at
  const digits = cursor.takeMatch(/[0-9]+/y)?.[0] ?? ''
  if (groups !== undefined && digits[0] !== '0') {
    const to = Number(digits)
    // Also a number that the pattern may yet have a group for.
    if (to < 10 || to <= groups || /^[89]/.test(digits)) {
      return { kind: 'reference', to, offset: cursor.at - 1 }
    }
  }
  cursor.at = offset
  const octal = cursor.takeMatch(/[0-7]{1,3}/y)?.[0]
  if (octal === undefined) {
    cursor.at++
    return { kind: 'byte', byte: digits.charCodeAt(0) }
  }
  const byte = Number.parseInt(octal, 8)
  if (byte <= 0xff) return { kind: 'byte', byte }
  throw cursor.error('octal value is greater than \\377 in 8-bit non-UTF-8 mode')
}

/** What follows `\g` or `\k`. Relative numbers are negative. */
function parseReference(cursor: PerlCursor, letter: 'g' | 'k'): PerlEscape {
  if (letter === 'g' && (cursor.sees('<') || cursor.sees("'"))) {
    throw cursor.unsupported('a call of a group is')
  }
  const offset = cursor.at
  const number = letter === 'g' ? cursor.takeMatch(/\{([-+]?\d+)\}|([-+]?\d+)/y) : undefined
  if (number !== undefined) {
    const text = number[1] ?? number[2] ?? ''
    if (text.startsWith('+')) throw cursor.unsupported('a reference to a group that follows is')
    const place = text.startsWith('-') ? offset : cursor.at - 1
    return { kind: 'reference', to: Number(text), offset: place }
  }
  const braced = /\{(\w+)\}/y
  const name = cursor.takeMatch(letter === 'g' ? braced : /\{(\w+)\}|<(\w+)>|'(\w+)'/y)
  const to = name?.[1] ?? name?.[2] ?? name?.[3]
  if (to !== undefined) return { kind: 'reference', to, offset: offset + 1 }
  const needed = letter === 'g' ? 'name/number or by a plain number' : 'name'
  throw cursor.error(
    `\\${letter} is not followed by a braced, angle-bracketed, or quoted ${needed}`,
  )
}

/** What follows `\p`. Without UTF mode, the properties of U+0000 to U+00FF count for the bytes. */
function parseProperty(cursor: PerlCursor, negated: boolean): ByteSet {
  const [, caret = '', braced, single] = cursor.takeMatch(/\{(\^?)([\w&]+)\}|([A-Za-z])/y) ?? []
  const name = braced ?? single
  if (name === undefined) {
    cursor.takeMatch(/\{\^?[\w&]*/y)
    throw cursor.error('malformed \\P or \\p sequence')
  }
  const property = propertyExpression(name)
  if (property === undefined) throw cursor.error('unknown property after \\P or \\p')
  const bytes = new Uint8Array(256).map((_, byte) =>
    property.test(String.fromCharCode(byte)) ? 1 : 0,
  )
  return negated === (caret !== '') ? bytes : complementOf(bytes)
}

const PROPERTIES: Readonly<Record<string, string>> = {
  'L&': '[\\p{Lu}\\p{Ll}\\p{Lt}]',
  Xan: '[\\p{L}\\p{N}]',
  Xps: '\\s',
  Xsp: '\\s',
  Xwd: '[\\p{L}\\p{N}_]',
}

function propertyExpression(name: string): RegExp | undefined {
  const known = Object.hasOwn(PROPERTIES, name) ? PROPERTIES[name] : undefined
  for (const source of known ? [known] : [`\\p{${name}}`, `\\p{Script=${name}}`]) {
    try {
      return new RegExp(source, 'u')
    } catch {
      // Not a property by this name: try the next form.
    }
  }
  return undefined
}
