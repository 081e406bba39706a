import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'

import { type Ciphers, cipherList } from './cipher-list.ts'
import { type ProtocolRange, parseProtocolList } from './protocol-list.ts'
import { matchesName } from './tls-level.ts'
import type { TlsOptions } from './tls-options.ts'
import { mustMatch, type TlsPolicy } from './tls-policy.ts'

// Policies differ by table entries: those that are in use at a time are few.
const MAX_CONTEXTS = 100

/** A context, or why there is none, for the log. */
export type ContextResult =
  | { readonly context: SecureContext; readonly ciphers: Ciphers }
  | {
      readonly problem: string
      /** What OpenSSL says of it. */
      readonly libraryProblem?: string
    }

/** The OpenSSL contexts of policies: authorities are parsed once for each. */
export class TlsContexts {
  readonly #options: TlsOptions
  readonly #byPolicy = new Map<string, ContextResult>()

  constructor(options: TlsOptions) {
    this.#options = options
  }

  /** The context for a policy; a file of `tafile=` is read when it is first needed. */
  for(policy: TlsPolicy): ContextResult {
    const known = this.#byPolicy.get(policy.key)
    if (known !== undefined) return known
    const made = makeContext(policy, this.#options)
    if ('problem' in made) return made // A file may be there, and right, the next time.
    for (const oldest of this.#byPolicy.keys()) {
      if (this.#byPolicy.size < MAX_CONTEXTS) break
      this.#byPolicy.delete(oldest)
    }
    this.#byPolicy.set(policy.key, made)
    return made
  }
}

function makeContext(policy: TlsPolicy, options: TlsOptions): ContextResult {
  const range = parseProtocolList(policy.protocols)
  if (range === undefined) {
    return { problem: `Invalid TLS protocol list "${policy.protocols}": aborting TLS session` }
  }
  const { ciphers: grade, level, exclude } = policy
  const ciphers = cipherList(grade, level, exclude, options.cipherLists)
  if (ciphers === undefined) {
    return { problem: `invalid cipher grade: "${grade}"` }
  }
  try {
    const context = createSecureContext(contextOptions(policy, options, range, ciphers.openssl))
    return { context, ciphers }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    if (!/no cipher match/.test(reason)) return { problem: `TLS cannot be set up: ${reason}` }
    return { problem: `error setting cipher grade: "${grade}"`, libraryProblem: reason }
  }
}

function contextOptions(
  policy: TlsPolicy,
  options: TlsOptions,
  range: ProtocolRange,
  ciphers: string,
): SecureContextOptions {
  const { authorities, certificates, keys, curves } = options
  const anchors = matchesName(policy.level) ? trustAnchors(policy, options) : []
  return {
    ...range,
    // Unsigned, or there would be bits that nobody has asked for.
    secureOptions: (range.secureOptions | options.secureOptions) >>> 0,
    ciphers,
    // Without any, nothing is trusted: the authorities that Node knows are not the operator's.
    ca: anchors.length > 0 ? [...anchors] : trusted(policy, authorities),
    allowPartialTrustChain: anchors.length > 0,
    ...(certificates.length > 0 && { cert: [...certificates], key: [...keys] }),
    ...(curves.length > 0 && { ecdhCurve: curves.join(':') }),
  }
}

// Where fingerprints or TLSA records count, nothing else does.
function trusted(policy: TlsPolicy, authorities: readonly string[]): string[] {
  return mustMatch(policy) && !matchesName(policy.level) ? [] : [...authorities]
}

function trustAnchors(policy: TlsPolicy, options: TlsOptions): readonly string[] {
  const files = policy.trustAnchorFiles
  return files.length > 0 ? files.flatMap(options.readTrustAnchors) : options.trustAnchors
}
