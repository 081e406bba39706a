import { badPattern, unsupportedPattern } from './pattern-error.ts'

/** Where the parsers of a Perl pattern are in it. */
export class PerlCursor {
  readonly text: string
  at = 0

  /** @param text With one character per byte. */
  constructor(text: string) {
    this.text = text
  }

  get atEnd(): boolean {
    return this.at >= this.text.length
  }

  /** The next character, which is not taken; empty at the end. */
  get next(): string {
    return this.text[this.at] ?? ''
  }

  /** Whether the rest begins with this. */
  sees(expected: string): boolean {
    return this.text.startsWith(expected, this.at)
  }

  /** Takes this if the rest begins with it. */
  take(expected: string): boolean {
    const seen = this.sees(expected)
    if (seen) this.at += expected.length
    return seen
  }

  /** Takes what the expression, which must have the flag `y`, matches here. */
  takeMatch(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.at
    const found = expression.exec(this.text)
    if (found === null) return undefined
    this.at += found[0].length
    return found
  }

  /** An error as pcre2(3) words it. @param offset Of the place that it names; here when absent. */
  error(text: string, offset: number = this.at): Error {
    return badPattern(this.text, `error in regex at offset ${offset}: ${text}`)
  }

  /** What the library can and we cannot do; `what` ends in `is` or `are`. */
  unsupported(what: string): Error {
    return unsupportedPattern(this.text, what)
  }
}
