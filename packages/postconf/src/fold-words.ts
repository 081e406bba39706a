import { encodeAddress } from '@posthouse/mail-address'

const MAX_COLUMNS = 80
const INDENT = '    '
const WHITE_SPACE = /[ \t\n\v\f\r]+/

/** The words of a value, at white space. */
export function wordsOf(value: string): string[] {
  return value.split(WHITE_SPACE).filter((word) => word !== '')
}

/** Columns that a text takes: bytes, as postconf(1) counts. */
export function columnsOf(text: string): number {
  return encodeAddress(text).length
}

/**
 * Puts words behind a text, one blank before each, and starts a new line of four blanks where a
 * line would have more than 80 columns. A longer word is alone on its line.
 *
 * @param start What the first line begins with; empty: the first word begins it.
 */
export function foldWords(start: string, words: readonly string[]): string {
  const line = new FoldedLine(start)
  for (const word of words) line.append(word)
  return line.text
}

/** A line that grows by words, and is folded. */
export class FoldedLine {
  readonly #maxColumns: number
  #text: string
  #columns: number

  constructor(start: string, maxColumns: number = MAX_COLUMNS) {
    this.#maxColumns = maxColumns
    this.#text = start
    this.#columns = columnsOf(start)
  }

  get text(): string {
    return this.#text
  }

  /**
   * Appends a word, after a blank or on a new line.
   *
   * @param columns How many the word counts for where it is asked whether it fits.
   */
  append(word: string, columns: number = columnsOf(word)): void {
    if (this.#text === '') this.#put(word)
    else if (this.#columns + 1 + columns > this.#maxColumns) this.appendOnNewLine(word)
    else this.#put(` ${word}`)
  }

  appendOnNewLine(word: string): void {
    this.#text += '\n'
    this.#columns = 0
    this.#put(`${INDENT}${word}`)
  }

  #put(text: string): void {
    this.#text += text
    this.#columns += columnsOf(text)
  }
}
