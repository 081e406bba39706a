import type { Logger } from '@posthouse/mail-log'

import type { NameParameter } from '../lmtp.ts'
import { domainKeys, findKey } from './domain-keys.ts'
import { isServername, parsePolicy } from './policy-attributes.ts'
import { isMandatory, needsTlsa, type TlsLevel } from './tls-level.ts'
import type { TlsOptions, TlsTable } from './tls-options.ts'
import { policyOfLevel, type TlsPolicy } from './tls-policy.ts'
import { MISCONFIGURED, type TlsPolicyResult } from './tls-policy-result.ts'

type Later<Value> = Value | Promise<Value>

const FINGERPRINT = /^([0-9a-f]{2}:?)*[0-9a-f]{2}$/i
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
  /** Files of `tafile=` that could be read once. */
  readonly #readFiles = new Set<string>()

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
    const overSocket = (result: TlsPolicyResult) => this.#overSocket(result, path)
    return found instanceof Promise ? found.then(overSocket) : overSocket(found)
  }

  #overSocket(found: TlsPolicyResult, path: string): TlsPolicyResult {
    if (found.kind !== 'policy') return found
    const { level } = found.policy
    if (needsTlsa(level)) {
      const problem = 'the "dane" security level is invalid for delivery via unix-domain sockets'
      this.#log.warning(`${path}: ${problem}`)
      return MISCONFIGURED
    }
    if (level !== 'may') return found
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
    if (!parsed.policy.trustAnchorFiles.every((path) => this.#isReadable(path))) {
      return MISCONFIGURED
    }
    return this.#checked(parsed.policy, destination)
  }

  /** Whether trust anchors can be read from a file; if not, that is logged. */
  #isReadable(path: string): boolean {
    if (this.#readFiles.has(path)) return true
    try {
      this.#options.readTrustAnchors(path)
      this.#readFiles.add(path)
      return true
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#log.warning(`error opening trust anchor file: ${reason}`)
      return false
    }
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
    if (level === 'fingerprint' && !this.#hasFingerprint(match)) {
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

  /** Whether there is one that a certificate could have; what is none is logged (C-148). */
  #hasFingerprint(match: readonly string[]): boolean {
    const malformed = match.filter((text) => !FINGERPRINT.test(text))
    for (const text of malformed) this.#log.warning(`malformed fingerprint value: ${text}`)
    return malformed.length < match.length
  }

  async #ofSite(table: TlsTable, destination: string, host: string): Promise<TlsPolicyResult> {
    const sites = [{ what: 'next-hop destination', key: destination }]
    if (destination !== host) sites.push({ what: 'server hostname', key: host })
    let strongest: TlsLevel | undefined
    for (const { what, key } of sites) {
      const found = await this.#lookUpSite(table, what, key)
      if (typeof found === 'object') return found
      if (SITE_STRENGTH.indexOf(found) > SITE_STRENGTH.indexOf(strongest)) strongest = found
    }
    return this.#checked(this.#combine(strongest), destination)
  }

  /** The level that the table has; or what is to be done where it cannot tell. */
  async #lookUpSite(
    table: TlsTable,
    what: string,
    key: string,
  ): Promise<TlsLevel | TlsPolicyResult | undefined> {
    const name = this.#nameOf('smtp_tls_per_site')
    try {
      const value = await table(key)
      const level = SITE_LEVELS.get(value?.toLowerCase() ?? '')
      if (value === undefined || level !== undefined) return level
      this.#log.warning(`${name}: unknown TLS policy '${value}' for ${what} ${key}`)
      return MISCONFIGURED
    } catch {
      this.#log.warning(`${name}: ${what} "${key}": per-site table lookup error`)
      return { kind: 'unusable', status: '4.3.0', text: 'Temporary lookup error' }
    }
  }

  #combine(site: TlsLevel | undefined): TlsPolicy {
    // `may` is permission, which lowers nothing.
    if (site === undefined || (site === 'may' && this.#default.level !== 'none')) {
      return this.#default
    }
    return policyOfLevel(site, this.#options)
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
