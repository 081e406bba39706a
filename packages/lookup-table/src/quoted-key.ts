import { isBlank } from './blanks.ts'

/**
 * Where the key at the start of the text ends: at a blank or, with `equals`, at `=`, except inside
 * `""` and behind `\`, which both remain part of the key (G-57). Undefined when a quote is open at
 * the end.
 */
export function keyEnd(text: string, equals: boolean): number | undefined {
  let quoted = false
  let at = 0
  for (; at < text.length; at++) {
    const char = text[at]!
    if (char === '\\' && at + 1 < text.length) at++
    else if (char === '"') quoted = !quoted
    else if (!quoted && (isBlank(char) || (equals && char === '='))) break
  }
  return quoted ? undefined : at
}
