/** Octets, about, that are kept of the beginning of a session, and as many of its end. */
const KEPT_CHARACTERS = 32_768

/**
 * What was said in a session, for the postmaster (C-111): the lines that this host sent as
 * `Out: LINE`, those of the server as `In:  LINE`, and after one that was replaced `Replaced-by:`
 * and, indented, what was read instead. Never the content. Of a session that goes on and on the
 * beginning and the end are kept, for the error is mostly at the end.
 */
export class SessionTranscript {
  readonly #start: string[] = []
  readonly #end: string[] = []
  #startCharacters = 0
  #endCharacters = 0
  #leftOut = 0

  /** @param text Complete lines, each with CRLF. */
  sent(text: string): void {
    for (const line of text.split('\r\n').slice(0, -1)) this.#add(`Out: ${line}`)
  }

  /** @param line Printable. */
  received(line: string): void {
    this.#add(`In:  ${line}`)
  }

  /** @param line Read instead of the one before (C-41). */
  replaced(line: string): void {
    this.#add('Replaced-by:')
    this.#add(`     ${line}`)
  }

  /** In the order in which they were sent and read. */
  get lines(): string[] {
    const gap = this.#leftOut === 0 ? [] : [`(${this.#leftOut} lines are left out here)`]
    return [...this.#start, ...gap, ...this.#end]
  }

  #add(line: string): void {
    if (this.#startCharacters < KEPT_CHARACTERS) {
      this.#start.push(line)
      this.#startCharacters += line.length
      return
    }
    this.#end.push(line)
    this.#endCharacters += line.length
    while (this.#endCharacters > KEPT_CHARACTERS) {
      this.#endCharacters -= this.#end.shift()!.length
      this.#leftOut += 1
    }
  }
}
