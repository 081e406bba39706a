import type { Logger } from '@posthouse/mail-log'
import type { MailServer } from '@posthouse/mx-lookup'

import type { Failure } from '../failure.ts'
import { type SmtpDelivery, TLS_OPTIONAL } from '../request.ts'
import type { Authenticator, LoginTerms } from '../sasl/authenticate.ts'
import type { TlsEngine } from './tls-engine.ts'
import { tlsFeature, UNKNOWN_TLS } from './tls-feature.ts'
import { isMandatory, needsTlsa } from './tls-level.ts'
import { type TlsPolicy, withKey } from './tls-policy.ts'
import type { TlsPolicyResult } from './tls-policy-result.ts'

type Later<Value> = Value | Promise<Value>

/** The policy by which a server is contacted, or why it is not. */
export type Admission =
  | { readonly policy: TlsPolicy }
  | { readonly failure: Failure | undefined; readonly tls: string }

/** The TLS policies of one request, each looked up once (C-133). */
export class RequestPolicies {
  readonly #engine: TlsEngine
  readonly #sasl: Authenticator | undefined
  readonly #delivery: SmtpDelivery
  readonly #isTlsOptional: boolean
  readonly #found = new Map<string, Later<TlsPolicyResult>>()

  /** @param asksForTls REQUIRETLS, which says more than `TLS-Required: no` does. */
  constructor(
    engine: TlsEngine,
    sasl: Authenticator | undefined,
    delivery: SmtpDelivery,
    asksForTls: boolean,
  ) {
    this.#engine = engine
    this.#sasl = sasl
    this.#delivery = delivery
    const isHeeded = !asksForTls && engine.options.heedsTlsRequired
    this.#isTlsOptional = isHeeded && (delivery.sendOptions & TLS_OPTIONAL) !== 0
  }

  /** @param destination as written. */
  find(destination: string, server: MailServer): Later<TlsPolicyResult> {
    const { policies } = this.#engine
    if (this.#isTlsOptional) return { kind: 'policy', policy: policies.optional() }
    const { name, port, trail } = server
    const key = `${destination}\n${name}\n${port}\n${trail?.isAddressSecure}`
    const known = this.#found.get(key)
    if (known !== undefined) return known
    const isLocal = server.family === 'unix'
    const pending = isLocal
      ? policies.findLocal(destination, name)
      : policies.find(destination, name)
    const found =
      pending instanceof Promise
        ? pending.then((result) => this.#withDane(result, destination, server))
        : this.#withDane(pending, destination, server)
    this.#found.set(key, found)
    return found
  }

  #withDane(
    result: TlsPolicyResult,
    destination: string,
    server: MailServer,
  ): Later<TlsPolicyResult> {
    if (result.kind !== 'policy' || !needsTlsa(result.policy.level)) return result
    return this.#engine.dane.find(result.policy, destination, server)
  }

  /** What is to be done about a server; logs why nothing is (C-32). */
  async admit(
    destination: string,
    server: MailServer,
    domain: string,
    log: Logger,
  ): Promise<Admission> {
    const found = await this.find(destination, server)
    if (found.kind === 'unusable') {
      const { status, text } = found
      const isLocal = server.family === 'unix'
      const place = isLocal ? `error for ${server.name}` : `for ${destination}`
      const host = isLocal ? server.address : server.name
      log.warning(`TLS policy lookup ${place}/${host}: ${text}`)
      return { failure: { kind: 'host', status, text }, tls: UNKNOWN_TLS }
    }
    const { policy } = found
    const obstacle = this.#obstacle(policy, server, domain)
    if (obstacle === undefined) return { policy }
    log.warning(obstacle)
    return { failure: undefined, tls: tlsFeature(policy, 'undecided') }
  }

  /** Why a server may not be contacted by a policy, as a warning (C-61, C-137). */
  #obstacle(policy: TlsPolicy, { name }: MailServer, domain: string): string | undefined {
    if (this.#engine.options.wrapperMode && !isMandatory(policy.level)) {
      const { nameOf } = this.#engine
      const wanted = `"${nameOf('smtp_tls_security_level')} = encrypt" (or stronger)`
      return `${nameOf('smtp_tls_wrappermode')} requires ${wanted}`
    }
    const { mxPatterns } = policy
    if (mxPatterns.length === 0 || mxPatterns.some((pattern) => fits(name, pattern))) {
      return undefined
    }
    return `MX name '${name}' does not match STS MX pattern for '${domain}'`
  }

  /** The policy, if there is one that can be used. */
  async usable(destination: string, server: MailServer): Promise<TlsPolicy | undefined> {
    const found = await this.find(destination, server)
    return found.kind === 'policy' ? found.policy : undefined
  }

  /**
   * For another attempt with the same server after TLS has failed: a policy without it, if that is
   * allowed (C-97). It is not where somebody logs in.
   */
  async withoutTls(
    policy: TlsPolicy,
    { name }: MailServer,
    terms: LoginTerms,
  ): Promise<TlsPolicy | undefined> {
    const { waitedMs = 0, isProbe = false } = this.#delivery
    const { options } = this.#engine
    if (policy.level !== 'may' || policy.isAvoided) return undefined
    if (waitedMs < options.plaintextAfterMs && !isProbe) return undefined
    const login = this.#sasl?.loginFor(name, terms)
    // A table that cannot tell is as good as one that has a password: it is not shown.
    const isLoggingIn = await login?.then(
      (found) => found !== undefined,
      () => true,
    )
    return isLoggingIn ? undefined : withKey({ ...policy, isAvoided: true })
  }
}

function fits(name: string, pattern: string): boolean {
  const [host, wanted] = [name.toLowerCase(), pattern.toLowerCase()]
  if (!wanted.startsWith('*.')) return host === wanted
  return host.includes('.') && host.slice(host.indexOf('.')) === wanted.slice(1)
}
