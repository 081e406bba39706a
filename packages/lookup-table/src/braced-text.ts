/** What is between `{` and `}`, or what is wrong with it. */
export type BracedText =
  | { readonly kind: 'inside'; readonly text: string }
  | { readonly kind: 'problem'; readonly reason: string }

const BLANKS = ' \t\r\n'

/**
 * Takes the braces off `{text}` and the blanks inside them. The reason of a problem is in Postfix's
 * words: `missing '}' in "{x"`.
 */
export function unbrace(text: string): BracedText {
  if (!text.startsWith('{')) return problem("no '{' at start of text", text)
  const end = closingBrace(text)
  if (end < 0) return problem("missing '}'", text)
  if (end < text.length - 1) return problem("syntax error after '}'", text)
  return { kind: 'inside', text: trimmed(text.slice(1, -1)) }
}

/**
 * What is between the braces of `{…}`, blanks and all; undefined when the text is not one pair of
 * braces with something between them.
 */
export function insideBraces(text: string): string | undefined {
  if (!text.startsWith('{') || closingBrace(text) !== text.length - 1) return undefined
  return text.length > 2 ? text.slice(1, -1) : undefined
}

/** Where the brace that the text begins with is closed; -1 if it is not. */
function closingBrace(text: string): number {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '{') depth++
    else if (text[at] === '}' && --depth === 0) return at
  }
  return -1
}

function trimmed(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && BLANKS.includes(text[start]!)) start++
  while (end > start && BLANKS.includes(text[end - 1]!)) end--
  return text.slice(start, end)
}

function problem(what: string, text: string): BracedText {
  return { kind: 'problem', reason: `${what} in "${text}"` }
}
