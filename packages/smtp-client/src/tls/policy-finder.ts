import type { Logger } from '@posthouse/mail-log'

import type { NameParameter } from '../lmtp.ts'
import { domainKeys, findKey } from './domain-keys.ts'
import { isServername, parsePolicy } from './policy-attributes.ts'
import { isMandatory, type TlsLevel } from './tls-level.ts'
import type { TlsOptions, TlsTable } from './tls-options.ts'
import { policyOfLevel, type TlsPolicy } from './tls-policy.ts'
import { MISCONFIGURED, type TlsPolicyResult } from './tls-policy-result.ts'

type Later<Value> = Value | Promise<Value>

const SITE_LEVELS: ReadonlyMap<string, TlsLevel> = new Map([
  ['none', 'none'],
  ['may', 'may'],
  ['must_nopeermatch', 'encrypt'],
  ['must', 'verify'],
])
const SITE_STRENGTH: readonly (TlsLevel | undefined)[] = [
  undefined,
  'may',
  'none',
  'encrypt',
  'verify',
]

/** Finds the TLS policy for each server: tables, or the one for all (C-132 to C-138, C-148). */
export class PolicyFinder {
  readonly #options: TlsOptions
  readonly #log: Logger
  readonly #nameOf: NameParameter
  readonly #default: TlsPolicy

  constructor(options: TlsOptions, log: Logger, nameOf: NameParameter) {
    this.#options = options
    this.#log = log
    this.#nameOf = nameOf
    this.#default = policyOfLevel(options.level, options)
  }

  /**
   * @param destination as written, with brackets and port.
   * @param host the server's name (C-29).
   */
  find(destination: string, host: string): Later<TlsPolicyResult> {
    const { policyMaps, perSite } = this.#options
    if (policyMaps !== undefined) {
      return settle(
        () => findKey(policyMaps, domainKeys(destination)),
        (value) => this.#ofTable(value, destination),
        () => this.#complain(destination, 'policy table lookup error'),
      )
    }
    if (perSite !== undefined) return this.#ofSite(perSite, destination, host)
    return this.#checked(this.#default, destination)
  }

  /**
   * The same for a server behind a UNIX-domain socket, which needs no TLS that is optional.
   *
   * @param path of the socket.
   */
  findLocal(path: string, host: string): Later<TlsPolicyResult> {
    const found = this.find(path, host)
    return found instanceof Promise ? found.then(this.#overSocket) : this.#overSocket(found)
  }

  readonly #overSocket = (found: TlsPolicyResult): TlsPolicyResult => {
    if (found.kind !== 'policy' || found.policy.level !== 'may') return found
    const text = 'opportunistic TLS encryption is not appropriate for unix-domain destinations.'
    this.#log.warning(`smtp_connect_local: ${text}`)
    return { kind: 'policy', policy: policyOfLevel('none', this.#options) }
  }

  /** For a message whose sender prefers delivery to TLS: nothing is asked, or needed (C-139). */
  optional(): TlsPolicy {
    const { level, wrapperMode } = this.#options
    if (!isMandatory(level)) return this.#default
    return policyOfLevel(wrapperMode ? 'encrypt' : 'may', this.#options)
  }

  #ofTable(value: string | undefined, destination: string): TlsPolicyResult {
    if (value === undefined) return this.#checked(this.#default, destination)
    const parsed = parsePolicy(value, this.#options)
    if ('problem' in parsed) return this.#complain(destination, parsed.problem)
    for (const warning of parsed.warnings) this.#log.warning(this.#subject(destination, warning))
    return this.#checked(parsed.policy, destination)
  }

  #complain(destination: string, problem: string): TlsPolicyResult {
    this.#log.warning(this.#subject(destination, problem))
    return MISCONFIGURED
  }

  #subject(destination: string, text: string): string {
    const name = this.#nameOf('smtp_tls_policy_maps')
    return `${name}, next-hop destination "${destination}": ${text}`
  }

  #checked(policy: TlsPolicy, destination: string): TlsPolicyResult {
    const { level, servername, match } = policy
    if (level === 'fingerprint' && match.length === 0) {
      this.#log.warning(
        `nexthop domain ${destination}: configured at fingerprint security level, ` +
          'but with no fingerprints to match.',
      )
      return MISCONFIGURED
    }
    if (level !== 'none' && servername !== '' && !isServername(servername)) {
      const setting = `"${this.#nameOf('smtp_tls_servername')} = ${servername}"`
      this.#log.warning(`${setting} specifies an invalid hostname`)
      return MISCONFIGURED
    }
    return { kind: 'policy', policy }
  }

  #ofSite(table: TlsTable, destination: string, host: string): Later<TlsPolicyResult> {
    const keys = destination === host ? [host] : [destination, host]
    return settle(
      () => Promise.all(keys.map(async (key) => await table(key))),
      (values) => {
        let strongest: TlsLevel | undefined
        for (const [at, value] of values.entries()) {
          if (value === undefined) continue
          const level = SITE_LEVELS.get(value.toLowerCase())
          if (level === undefined) return this.#unknownSite(value, keys[at]!, at)
          if (SITE_STRENGTH.indexOf(level) > SITE_STRENGTH.indexOf(strongest)) strongest = level
        }
        return this.#checked(this.#combine(strongest), destination)
      },
      () => ({ kind: 'unusable', status: '4.3.0', text: 'Temporary lookup error' }),
    )
  }

  #combine(site: TlsLevel | undefined): TlsPolicy {
    // `may` is permission, which lowers nothing.
    if (site === undefined || (site === 'may' && this.#default.level !== 'none')) {
      return this.#default
    }
    return policyOfLevel(site, this.#options)
  }

  #unknownSite(value: string, key: string, at: number): TlsPolicyResult {
    const what = at === 0 ? 'next-hop destination' : 'server hostname'
    const name = this.#nameOf('smtp_tls_per_site')
    this.#log.warning(`${name}: unknown TLS policy '${value}' for ${what} ${key}`)
    return MISCONFIGURED
  }
}

function settle<Value, Result>(
  ask: () => Later<Value>,
  use: (value: Value) => Result,
  fail: () => Result,
): Later<Result> {
  let value: Later<Value>
  try {
    value = ask()
  } catch {
    return fail() // The table has logged it.
  }
  return value instanceof Promise ? value.then(use, fail) : use(value)
}
