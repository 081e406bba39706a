import { trimWhiteSpace } from './white-space.ts'

/**
 * Where the bracket that `text` has at `start` is closed: index of the closing one, or -1. Brackets
 * of other kinds in between do not matter.
 */
export function closingIndex(text: string, start: number, open: string, close: string): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    if (text[at] === open) depth++
    else if (text[at] === close && --depth === 0) return at
  }
  return -1
}

/**
 * Splits at any of the characters in `separators`, but not inside `{…}` (G-24, G-39). What follows
 * a brace that is never closed is one element.
 */
export function splitOutsideBraces(text: string, separators: string): string[] {
  const elements: string[] = []
  let depth = 0
  let start = -1 // Of the element being read; -1 between elements.
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!
    if (depth === 0 && separators.includes(char)) {
      if (start >= 0) elements.push(text.slice(start, at))
      start = -1
      continue
    }
    if (start < 0) start = at
    if (char === '{') depth++
    else if (char === '}' && depth > 0) depth--
  }
  if (start >= 0) elements.push(text.slice(start))
  return elements
}

/** What {@link unwrapBraces} made of an element. */
export type Unwrapped = { readonly text: string } | { readonly problem: string }

/** Takes the outer braces and the blanks next to them from an element that begins with one. */
export function unwrapBraces(element: string): Unwrapped {
  if (!element.startsWith('{')) return { text: element }
  const close = closingIndex(element, 0, '{', '}')
  if (close < 0) return { problem: `missing '}' in "${element}"` }
  if (close < element.length - 1) return { problem: `syntax error after '}' in "${element}"` }
  return { text: trimWhiteSpace(element.slice(1, -1)) }
}
