/** One item of a list, and where in the text it begins. */
export interface SplitItem {
  readonly text: string
  readonly start: number
}

const OPEN = 0x7b
const CLOSE = 0x7d

/**
 * Splits at commas and white space, except inside `{}` (G-24). A brace that is never closed
 * reaches to the end of the text; one that closes nothing is an ordinary character.
 */
export function splitItems(text: string): SplitItem[] {
  const items: SplitItem[] = []
  let start = -1 // Where the current item began; -1 between items.
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (depth === 0 && isSeparator(char)) {
      if (start >= 0) items.push({ text: text.slice(start, at), start })
      start = -1
      continue
    }
    if (start < 0) start = at
    if (char === OPEN) depth += 1
    else if (char === CLOSE && depth > 0) depth -= 1
  }
  if (start >= 0) items.push({ text: text.slice(start), start })
  return items
}

/** Comma, blank, tab, CR, LF. */
function isSeparator(char: number): boolean {
  return char === 0x2c || char === 0x20 || char === 0x09 || char === 0x0d || char === 0x0a
}
