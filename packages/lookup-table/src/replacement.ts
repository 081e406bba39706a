/** A result with `$1`: texts and numbers of groups, in turn as they come. */
export interface Replacement {
  readonly parts: readonly (string | number)[]
  /** The highest group named; 0 when none is. */
  readonly highest: number
}

/** What is wrong with a result. `of` is the result itself or the name between the braces. */
export type ReplacementProblem =
  | { readonly kind: 'empty-name' | 'truncated'; readonly of: string }
  | { readonly kind: 'not-a-number' | 'zero'; readonly of: string }

const CLOSING: Readonly<Record<string, string>> = { '{': '}', '(': ')' }

/**
 * Reads a result with `$1`, `${1}`, `$(1)` and `$$`: regexp_table(5), G-60.
 */
export function parseReplacement(text: string): Replacement | ReplacementProblem {
  const parts: (string | number)[] = []
  let highest = 0
  let at = 0
  while (at < text.length) {
    const dollar = text.indexOf('$', at)
    if (dollar !== at) parts.push(text.slice(at, dollar < 0 ? text.length : dollar))
    if (dollar < 0) break
    if (text[dollar + 1] === '$') {
      parts.push('$')
      at = dollar + 2
      continue
    }
    const macro = macroAt(text, dollar + 1)
    if (macro === undefined) return { kind: 'truncated', of: text }
    const { name, end } = macro
    if (name === '') return { kind: 'empty-name', of: text }
    if (!/^\d+$/.test(name)) return { kind: 'not-a-number', of: name }
    if (Number(name) === 0) return { kind: 'zero', of: name }
    parts.push(Number(name))
    highest = Math.max(highest, Number(name))
    at = end
  }
  return { parts, highest }
}

/** The name that begins at `at`, and where the text goes on; undefined if it is never closed. */
function macroAt(text: string, at: number): { name: string; end: number } | undefined {
  const open = text[at] ?? ''
  const close = CLOSING[open]
  if (close === undefined) {
    const [name = ''] = /^\w*/.exec(text.slice(at)) ?? []
    return { name, end: at + name.length }
  }
  let depth = 0
  for (let end = at; end < text.length; end++) {
    if (text[end] === open) depth++
    else if (text[end] === close && --depth === 0) {
      return { name: text.slice(at + 1, end), end: end + 1 }
    }
  }
  return undefined
}
