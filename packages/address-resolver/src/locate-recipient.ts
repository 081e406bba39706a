import {
  type AddressToken,
  joinAddressTokens,
  quoteHeaderAddress,
  tokenizeAddress,
} from '@posthouse/mail-address'

import type { DomainMatcher } from './domain-matcher.ts'
import { type Lookup, settled } from './lookup.ts'
import {
  dropTrailingDot,
  isEmptyAddress,
  isOperator,
  lastOperator,
  type RewriteRules,
  rewriteTokens,
  withDomain,
} from './rewrite-tokens.ts'

// Beyond one round per character there is only an address that makes itself longer.
const SPARE_ROUNDS = 100
// Each round reads the whole address: 2,000 bytes of `%` must not stop everything else for long.
const MAX_CHARACTERS_READ = 250_000

export interface LocateOptions extends RewriteRules {
  readonly myhostname: string
  readonly emptyAddressRecipient: string
  readonly resolveDequotedAddress: boolean
  readonly resolveNullDomain: boolean
}

/** A recipient stripped of detours through this host. */
export interface LocatedRecipient {
  readonly localPart: string
  readonly domain: string
  readonly isLocal: boolean
}

/**
 * Peels off local domains until a remote or a purely local address is left (`G-142`), so that
 * `user%dest.test@here.test` is `user@dest.test`.
 *
 * @returns the number of rounds after which it gave up, when no end is in sight.
 */
export function* locateRecipient(
  recipient: string,
  isLocalDomain: DomainMatcher,
  options: LocateOptions,
): Lookup<LocatedRecipient | number> {
  const maxRounds = roundLimit(recipient.length)
  let tokens: readonly AddressToken[] = tokenizeAddress(quoteHeaderAddress(recipient))
  let cut: readonly AddressToken[] | undefined
  for (let round = 0; round < maxRounds; round++) {
    tokens = normaliseEnd(tokens, options)
    const at = lastOperator(tokens, '@')
    if (at >= 0) {
      const domain = tokens.slice(at + 1)
      const name = joinAddressTokens(domain)
      const rest = tokens.slice(0, at)
      // An empty domain is cut like a local one, so that `@` finds its default recipient.
      if (name !== '' && !(yield* settled(isLocalDomain(name)))) return located(rest, domain, false)
      cut = domain
      tokens = rest
    }
    const next = detour(tokens, options)
    if (next !== undefined) tokens = next
    else if (isEmptyAddress(tokens)) tokens = tokenizeAddress(options.emptyAddressRecipient)
    else if (cut === undefined) tokens = withDomain(tokens, tokenizeAddress(options.myhostname))
    else return located(tokens, cut, true)
  }
  return maxRounds
}

function roundLimit(length: number): number {
  return Math.min(length + SPARE_ROUNDS, Math.ceil(MAX_CHARACTERS_READ / Math.max(length, 1)))
}

function located(
  localPart: readonly AddressToken[],
  domain: readonly AddressToken[],
  isLocal: boolean,
): LocatedRecipient {
  return {
    localPart: joinAddressTokens(localPart),
    domain: joinAddressTokens(domain),
    isLocal,
  }
}

function normaliseEnd(
  tokens: readonly AddressToken[],
  options: LocateOptions,
): readonly AddressToken[] {
  const trimmed = dropTrailingDot(tokens)
  return options.resolveNullDomain && isOperator(trimmed.at(-1), '@')
    ? trimmed.slice(0, -1)
    : trimmed
}

/** The rewritten address, when what is left of the recipient names another domain. */
function detour(
  tokens: readonly AddressToken[],
  options: LocateOptions,
): readonly AddressToken[] | undefined {
  if (lastOperator(tokens, '@') >= 0) return rewriteTokens(tokens, options)
  if (options.swapBangpath && lastOperator(tokens, '!') >= 0) return rewriteTokens(tokens, options)
  if (options.allowPercentHack && lastOperator(tokens, '%') >= 0) {
    return rewriteTokens(tokens, options)
  }
  const [only] = tokens
  if (tokens.length !== 1 || only?.kind !== 'quoted' || !options.resolveDequotedAddress) {
    return undefined
  }
  const external = unquoteDetour(only.text, options)
  return external === undefined ? undefined : rewriteTokens(tokenizeAddress(external), options)
}

/** The content of a quoted string in external form, if it holds an address of its own. */
function unquoteDetour(text: string, options: LocateOptions): string | undefined {
  if (text.includes('@')) return quoteHeaderAddress(text)
  const percent = options.allowPercentHack ? text.lastIndexOf('%') : -1
  if (percent >= 0) return quoteHeaderAddress(text.slice(0, percent)) + text.slice(percent)
  return options.swapBangpath && text.includes('!') ? text : undefined
}
