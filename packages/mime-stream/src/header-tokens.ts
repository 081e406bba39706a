/** A piece of a structured header: a word, a quoted string (its content), or one special. */
export interface HeaderToken {
  readonly kind: 'word' | 'quoted' | 'special'
  readonly text: string
}

const MIME = tokenPattern(String.raw`)<>@,;:/[\]?="`)
const RFC822 = tokenPattern(String.raw`)<>@,;:.[\]"`)

/** The first tokens of a `Content-Type:` value, or all, comments left out (RFC 2045 5.1). */
export function contentTypeTokens(value: string, limit?: number): HeaderToken[] {
  return tokens(value, MIME, limit)
}

/** The first word of a `Content-Transfer-Encoding:` value, if it begins with one (C-165). */
export function firstWord(value: string): string | undefined {
  const [first] = tokens(value, RFC822, 1)
  return first?.kind === 'word' ? first.text : undefined
}

function tokens(value: string, pattern: RegExp, limit = Number.POSITIVE_INFINITY): HeaderToken[] {
  const found: HeaderToken[] = []
  let at = 0
  while (at < value.length && found.length < limit) {
    pattern.lastIndex = at
    const match = pattern.exec(value)
    if (match === null) break
    const [all, , comment, quoted, special, word] = match
    at += all.length
    if (comment !== undefined) at = commentEnd(value, at)
    else if (quoted !== undefined) found.push({ kind: 'quoted', text: unquote(quoted) })
    else if (special !== undefined) found.push({ kind: 'special', text: special })
    else if (word !== undefined) found.push({ kind: 'word', text: unquote(word) })
  }
  return found
}

// Comments nest. One that is not closed takes all that follows.
function commentEnd(value: string, start: number): number {
  let depth = 1
  for (let at = start; at < value.length; at++) {
    const character = value[at]
    if (character === '\\') at++
    else if (character === '(') depth++
    else if (character === ')' && --depth === 0) return at + 1
  }
  return value.length
}

// A folded line goes on without its line end.
function unquote(text: string): string {
  return /[\\\n]/.test(text) ? text.replace(/\\(.)|\n/gs, '$1') : text
}

// Groups: blanks, start of a comment, quoted string, special, word. A backslash quotes.
function tokenPattern(specials: string): RegExp {
  const quoted = String.raw`"((?:\\.|[^"\\])*)(?:"|\\?$)`
  const word = String.raw`((?:\\.|[^\0-\x20\x7f(${specials}\\])+)`
  return new RegExp(String.raw`([\0-\x20\x7f]+)|(\()|${quoted}|([${specials}])|${word}|\\`, 'sy')
}
