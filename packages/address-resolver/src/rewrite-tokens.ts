import { type AddressToken, tokenizeAddress } from '@posthouse/mail-address'

/**
 * How addresses are completed (`G-139`). For the rule `local` take the main.cf parameters of the
 * same names; for `remote`, `remote_header_rewrite_domain` as both `myorigin` and `mydomain`.
 */
export interface RewriteRules {
  /** Appended to an address without domain; empty: nothing is appended. */
  readonly myorigin: string
  /** Appended to a domain without dot; empty: nothing is appended. */
  readonly mydomain: string
  /** `append_at_myorigin`. */
  readonly appendAtMyorigin: boolean
  /** `append_dot_mydomain`. */
  readonly appendDotMydomain: boolean
  /** `swap_bangpath`: `site!user` becomes `user@site`. */
  readonly swapBangpath: boolean
  /** `allow_percent_hack`: `user%domain` becomes `user@domain`. */
  readonly allowPercentHack: boolean
}

const AT: AddressToken = { kind: 'operator', text: '@' }
const DOT: AddressToken = { kind: 'operator', text: '.' }

/** The steps of `G-139` on a tokenized address; returns tokens, never changes those given. */
export function rewriteTokens(
  tokens: readonly AddressToken[],
  rules: RewriteRules,
): readonly AddressToken[] {
  if (isEmptyAddress(tokens)) return tokens
  if (tokens.length === 1 && isOperator(tokens[0], '@')) return []
  const addressed = addDomain(dropSourceRoute(tokens), rules)
  return dropTrailingDot(completeDomain(addressed, rules))
}

/** No tokens at all, or only the empty quoted string: the null address. */
export function isEmptyAddress(tokens: readonly AddressToken[]): boolean {
  if (tokens.length === 0) return true
  return tokens.length === 1 && tokens[0]?.kind === 'quoted' && tokens[0].text === ''
}

export function isOperator(token: AddressToken | undefined, text: string): boolean {
  return token?.kind === 'operator' && token.text === text
}

export function lastOperator(tokens: readonly AddressToken[], text: string): number {
  return tokens.findLastIndex((token) => isOperator(token, text))
}

/** `tokens@domain`. */
export function withDomain(
  tokens: readonly AddressToken[],
  domain: readonly AddressToken[],
): readonly AddressToken[] {
  return [...tokens, AT, ...domain]
}

/** One dot at the end of a domain goes, unless the rest would end in a dot or be empty. */
export function dropTrailingDot(tokens: readonly AddressToken[]): readonly AddressToken[] {
  if (!isOperator(tokens.at(-1), '.') || lastOperator(tokens, '@') < 0) return tokens
  const before = tokens.at(-2)
  return isOperator(before, '.') || isOperator(before, '@') ? tokens : tokens.slice(0, -1)
}

function dropSourceRoute(tokens: readonly AddressToken[]): readonly AddressToken[] {
  if (!isOperator(tokens[0], '@')) return tokens
  const colon = tokens.findIndex((token) => isOperator(token, ':'))
  return colon < 0 || colon === tokens.length - 1 ? tokens : tokens.slice(colon + 1)
}

function addDomain(tokens: readonly AddressToken[], rules: RewriteRules): readonly AddressToken[] {
  if (lastOperator(tokens, '@') >= 0) return tokens
  if (rules.swapBangpath) {
    const bang = tokens.findIndex((token) => isOperator(token, '!'))
    if (bang >= 0) return withDomain(tokens.slice(bang + 1), tokens.slice(0, bang))
  }
  if (rules.allowPercentHack) {
    const percent = lastOperator(tokens, '%')
    if (percent >= 0) return withDomain(tokens.slice(0, percent), tokens.slice(percent + 1))
  }
  if (!rules.appendAtMyorigin || rules.myorigin === '') return tokens
  return withDomain(tokens, tokenizeAddress(rules.myorigin))
}

function completeDomain(
  tokens: readonly AddressToken[],
  rules: RewriteRules,
): readonly AddressToken[] {
  if (!rules.appendDotMydomain || rules.mydomain === '') return tokens
  const at = lastOperator(tokens, '@')
  const domain = tokens.slice(at + 1)
  if (at < 0 || domain.length === 0 || domain[0]?.kind === 'literal') return tokens
  if (lastOperator(domain, '.') >= 0) return tokens
  return [...tokens, DOT, ...tokenizeAddress(rules.mydomain)]
}
