/** Which of the 256 bytes a part of a pattern takes: 1 at each of them, else 0. Never changed. */
export type ByteSet = Uint8Array

const LETTERS_TO_OTHER_CASE = 0x20

const SINGLES: readonly ByteSet[] = Array.from({ length: 256 }, (_, byte) => byteSet([byte]))
const LETTERS: readonly ByteSet[] = SINGLES.map(withBothCases)

/** Every byte. */
export const ANY_BYTE: ByteSet = new Uint8Array(256).fill(1)

/** A set of the given bytes. */
export function byteSet(bytes: Iterable<number>): ByteSet {
  const set = new Uint8Array(256)
  for (const byte of bytes) set[byte] = 1
  return set
}

/** One byte; with `caseless` both cases of an ASCII letter. The sets are shared. */
export function singleByte(byte: number, caseless: boolean): ByteSet {
  return (caseless ? LETTERS : SINGLES)[byte]!
}

/** All bytes from `first` to `last`. */
export function byteRange(first: number, last: number): ByteSet {
  return new Uint8Array(256).fill(1, first, last + 1)
}

/** The bytes of all the sets, of which there may be any number. */
export function unionOfAll(sets: Iterable<ByteSet>): ByteSet {
  const union = new Uint8Array(256)
  for (const set of sets) {
    for (let byte = 0; byte < 256; byte++) if (set[byte] === 1) union[byte] = 1
  }
  return union
}

/** The bytes of all the sets. */
export function unionOf(...sets: readonly ByteSet[]): ByteSet {
  return unionOfAll(sets)
}

/** The bytes that are not in the set. */
export function complementOf(set: ByteSet): ByteSet {
  return set.map((flag) => 1 - flag)
}

/** The set and the other case of its ASCII letters. */
export function withBothCases(set: ByteSet): ByteSet {
  const both = set.slice()
  for (let upper = 0x41; upper <= 0x5a; upper++) {
    const lower = upper + LETTERS_TO_OTHER_CASE
    if (set[upper] === 1 || set[lower] === 1) both[upper] = both[lower] = 1
  }
  return both
}

/** Whether no byte is in both. */
export function areDisjoint(one: ByteSet, other: ByteSet): boolean {
  return one.every((flag, byte) => flag === 0 || other[byte] === 0)
}

const DIGITS = byteRange(0x30, 0x39)
const UPPER = byteRange(0x41, 0x5a)
const LOWER = byteRange(0x61, 0x7a)
const ALPHA = unionOf(UPPER, LOWER)
const ALNUM = unionOf(ALPHA, DIGITS)
const GRAPH = byteRange(0x21, 0x7e)

/** `\n`. */
export const NEWLINE: ByteSet = SINGLES[0x0a]!
/** `\w`: ASCII letters and digits, and `_`. */
export const WORD: ByteSet = unionOf(ALNUM, byteSet([0x5f]))
/** `\s`: blank, tab, LF, VT, FF, CR. */
export const SPACE: ByteSet = byteSet([0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d])
/** `\d`. */
export const DIGIT: ByteSet = DIGITS

/** The classes of POSIX in the C locale: `alpha` of `[[:alpha:]]`. */
export const POSIX_CLASSES: ReadonlyMap<string, ByteSet> = new Map([
  ['alnum', ALNUM],
  ['alpha', ALPHA],
  ['blank', byteSet([0x20, 0x09])],
  ['cntrl', unionOf(byteRange(0, 0x1f), byteSet([0x7f]))],
  ['digit', DIGITS],
  ['graph', GRAPH],
  ['lower', LOWER],
  ['print', byteRange(0x20, 0x7e)],
  ['punct', GRAPH.map((flag, byte) => flag & (1 - ALNUM[byte]!))],
  ['space', SPACE],
  ['upper', UPPER],
  ['xdigit', unionOf(DIGITS, byteRange(0x41, 0x46), byteRange(0x61, 0x66))],
])
