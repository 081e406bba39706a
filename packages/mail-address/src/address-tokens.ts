import { quoteHeaderLocalPart } from './address-quoting.ts'

export type AddressTokenKind = 'atom' | 'quoted' | 'comment' | 'literal' | 'operator'

/** A piece of an address in external form (RFC 822 3.3, `G-138`). */
export interface AddressToken {
  readonly kind: AddressTokenKind
  /**
   * `atom`, `quoted`: the text without quotes and backslashes. `literal`: the same, in brackets.
   * `comment`: as it came. `operator`: one of `| % ! ( ) < > @ , ; : " . [ ]`.
   */
  readonly text: string
}

const WHITE_SPACE = /[ \t-\r]/
const ATOM_END = /[ \t-\r|%!()<>@,;:\\".[\]]/g
const QUOTED_END = /["\\]/g
const LITERAL_END = /[\]\\]/g
const LINE_SPACE = /[\t-\r]/g

/**
 * Cuts an address in external form into tokens. White space between them is dropped; line ends
 * and tabs inside them become blanks, so that no token can break a line (Postfix lets those in
 * comments be). A missing closing `"` or `]` is supplied (`G-138`), and a backslash at the end is
 * dropped. Does not know display names, groups or angle brackets: it takes one address.
 */
export function tokenizeAddress(external: string): AddressToken[] {
  const tokens: AddressToken[] = []
  let at = 0
  while (at < external.length) {
    const character = external[at]!
    if (WHITE_SPACE.test(character)) {
      at++
      continue
    }
    const { token, end } = readToken(external, at, character)
    tokens.push(token)
    at = end
  }
  return tokens
}

/**
 * The tokens in internal form: quotes gone, words side by side joined by a blank (`G-138`). An
 * `@` that was quoted looks like any other here, so ask the tokens for the domain, not the text.
 */
export function joinAddressTokens(tokens: readonly AddressToken[]): string {
  let text = ''
  let previous: AddressToken | undefined
  for (const token of tokens) {
    if (previous !== undefined && needsBlank(previous, token)) text += ' '
    text += token.text
    previous = token
  }
  return text
}

/**
 * The tokens in external (RFC 822) form: the local part, all before the last `@` operator, is
 * quoted where it must be, a source route in front is kept, and no tokens give `""` (`G-140`).
 */
export function formatAddressTokens(tokens: readonly AddressToken[]): string {
  const route = routeLength(tokens)
  const rest = tokens.slice(route)
  const at = rest.findLastIndex(isAt)
  const localPart = at < 0 ? rest : rest.slice(0, at)
  const domain = at < 0 ? '' : joinAddressTokens(rest.slice(at))
  return (
    joinAddressTokens(tokens.slice(0, route)) +
    quoteHeaderLocalPart(joinAddressTokens(localPart)) +
    domain
  )
}

interface Reading {
  readonly token: AddressToken
  /** Where the next token may begin. */
  readonly end: number
}

function readToken(external: string, at: number, first: string): Reading {
  switch (first) {
    case '"': {
      const { text, end } = readUntil(external, at + 1, QUOTED_END)
      return { token: { kind: 'quoted', text }, end: end + 1 }
    }
    case '[': {
      const { text, end } = readUntil(external, at + 1, LITERAL_END)
      return { token: { kind: 'literal', text: `[${text}]` }, end: end + 1 }
    }
    case '(':
      return readComment(external, at)
    default: {
      const { text, end } = readUntil(external, at, ATOM_END)
      if (end > at) return { token: { kind: 'atom', text }, end }
      return { token: { kind: 'operator', text: first }, end: at + 1 }
    }
  }
}

/** Reads up to what `ending` finds; `\x` is taken as x. */
function readUntil(
  external: string,
  start: number,
  ending: RegExp,
): { readonly text: string; readonly end: number } {
  let text = ''
  let at = start
  for (;;) {
    ending.lastIndex = at
    const end = ending.exec(external)?.index ?? external.length
    text += external.slice(at, end)
    if (external[end] !== '\\') return { text: text.replace(LINE_SPACE, ' '), end }
    text += external[end + 1] ?? ''
    at = end + 2
  }
}

function readComment(external: string, start: number): Reading {
  let depth = 0
  let end = start
  do {
    const character = external[end]
    if (character === '(') depth++
    else if (character === ')') depth--
    else if (character === '\\') end++
    end++
  } while (depth > 0 && end < external.length)
  const text = external.slice(start, end).replace(LINE_SPACE, ' ')
  return { token: { kind: 'comment', text }, end }
}

function needsBlank(left: AddressToken, right: AddressToken): boolean {
  if (right.kind === 'operator') return right.text === '<' || isComma(left)
  return left.kind !== 'operator' || isComma(left)
}

function isComma({ kind, text }: AddressToken): boolean {
  return kind === 'operator' && text === ','
}

function routeLength(tokens: readonly AddressToken[]): number {
  if (tokens[0] === undefined || !isAt(tokens[0])) return 0
  return tokens.findIndex(({ kind, text }) => kind === 'operator' && text === ':') + 1
}

function isAt({ kind, text }: AddressToken): boolean {
  return kind === 'operator' && text === '@'
}
