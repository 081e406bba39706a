import { isIP } from 'node:net'

import {
  isAscii,
  isValidHostname,
  isValidUtf8Hostname,
  isValidUtf8Text,
  parseAddressLiteral,
} from '@posthouse/mail-address'
import type { Logger } from '@posthouse/mail-log'

import { type ClassifierOptions, DomainClassifier } from './domain-classifier.ts'
import { AddressResolverError } from './errors.ts'
import { type LocatedRecipient, type LocateOptions, locateRecipient } from './locate-recipient.ts'
import { type Lookup, runLookup, settled } from './lookup.ts'
import { plainDomain } from './plain-address.ts'
import {
  CLASS_FLAGS,
  FLAG_ERROR,
  FLAG_FAIL,
  FLAG_ROUTED,
  type Resolution,
  type Route,
  type TemporaryFailure,
} from './resolution.ts'
import { Router, type RouterOptions } from './router.ts'
import type { RoutingTables } from './routing-tables.ts'

/** What the resolver needs to know: one property per main.cf parameter, except as noted. */
export interface ResolverOptions extends LocateOptions, ClassifierOptions, RouterOptions {
  /** `resolve_numeric_domain`: take `user@192.0.2.1` for `user@[192.0.2.1]`. */
  readonly resolveNumericDomain: boolean
  /** `allow_min_user`: take recipients that begin with `-`. */
  readonly allowMinUser: boolean
  /** `smtputf8_enable`: take valid UTF-8 in addresses, refuse other bytes above 127. */
  readonly smtputf8Enable: boolean
}

// Answers kept, one per domain; the oldest goes first. A queue rarely has more at a time.
const MAX_CACHED_DOMAINS = 10_000
const SEPARATOR = /[@!%]/

/**
 * Finds transport and next hop of recipients, as trivial-rewrite(8) does (`G-142`..`G-152`). One
 * instance serves one configuration, and remembers what the domain lists said: make a new one
 * when they change. For address verification make another with the `address_verify_*` values
 * (`G-154`).
 */
export class AddressResolver {
  readonly #options: ResolverOptions
  readonly #log: Logger
  readonly #classifier: DomainClassifier
  readonly #router: Router
  readonly #answers: Map<string, Route> | undefined
  #lastDomain = ''
  #lastAnswer: Route | undefined

  constructor(options: ResolverOptions, log: Logger, tables?: RoutingTables) {
    this.#options = options
    this.#log = log
    this.#classifier = new DomainClassifier(options, log)
    this.#router = new Router(options, tables, log)
    // Tables may answer by sender and by local part, so with them there is nothing to remember.
    this.#answers = tables === undefined ? new Map() : undefined
  }

  /**
   * Where mail for `recipient` goes; both addresses in internal form. Answers at once, unless a
   * table answers with a promise.
   */
  resolve(sender: string, recipient: string): Resolution | Promise<Resolution> {
    const domain = this.#answers === undefined ? undefined : plainDomain(recipient)
    if (domain === undefined) return runLookup(this.#resolve(sender, recipient))
    // To compare names is faster than to look them up, and mail comes in bunches.
    const known = domain === this.#lastDomain ? this.#lastAnswer : this.#answers?.get(domain)
    if (known === undefined) return this.#resolvePlain(domain, recipient)
    this.#lastDomain = domain
    this.#lastAnswer = known
    const { kind, transport, nexthop, addressClass, flags } = known
    return { kind, transport, nexthop, recipient, addressClass, flags }
  }

  #resolvePlain(domain: string, recipient: string): Resolution | Promise<Resolution> {
    const answer = runLookup(this.#resolve('', recipient))
    const answers = this.#answers
    if (answers === undefined || answer instanceof Promise) return answer
    // With resolve_numeric_domain the recipient may have changed: that is not the domain's alone.
    if (answer.kind !== 'route' || answer.recipient !== recipient) return answer
    for (const oldest of answers.keys()) {
      if (answers.size < MAX_CACHED_DOMAINS) break
      answers.delete(oldest)
    }
    answers.set(domain, answer)
    return answer
  }

  *#resolve(sender: string, original: string): Lookup<Resolution> {
    let recipient = original
    let flags = 0
    try {
      const located = yield* this.#locate(original)
      if (located === undefined) return temporaryFailure(recipient, flags)
      const target = yield* this.#checkDomain(located)
      recipient = `${located.localPart}@${target?.domain ?? located.domain}`
      if (target === undefined) {
        return { kind: 'bad-address', recipient, flags: CLASS_FLAGS.default | FLAG_ERROR }
      }
      const { domain, isLocal } = target
      flags = routedFlag(recipient, target.localPart)
      const addressClass = isLocal ? 'local' : yield* this.#classifier.classOf(domain)
      if (isLocal) this.#classifier.warnIfNotOnlyLocal(domain)
      const named = yield* this.#router.transportFor(addressClass, sender)
      flags |= CLASS_FLAGS[addressClass]
      const base = yield* this.#router.baseRoute(named, addressClass, domain, sender)
      if (base === undefined) return temporaryFailure(recipient, flags)
      const route = yield* this.#router.override(base, addressClass, recipient, domain)
      if (recipient.startsWith('-') && !this.#options.allowMinUser) {
        return { kind: 'bad-address', recipient, flags: flags | FLAG_ERROR }
      }
      const { transport, nexthop } = route
      return { kind: 'route', transport, nexthop, recipient, addressClass, flags }
    } catch (error) {
      if (!(error instanceof AddressResolverError) || error.code !== 'lookup') throw error
      this.#log.warning(`${error.parameter ?? 'table'} lookup failure`)
      return temporaryFailure(recipient, flags)
    }
  }

  *#locate(recipient: string): Lookup<LocatedRecipient | undefined> {
    const located = yield* locateRecipient(recipient, this.#classifier.isLocal, this.#options)
    if (typeof located !== 'number') return located
    this.#log.warning(`resolve_addr: <${recipient}>: giving up after ${located} iterations`)
    return undefined
  }

  /** The recipient, with a bare IP address as domain made a literal; undefined: bad (`G-144`). */
  *#checkDomain(located: LocatedRecipient): Lookup<LocatedRecipient | undefined> {
    const { localPart, domain } = located
    const { smtputf8Enable, resolveNumericDomain } = this.#options
    if (smtputf8Enable && !isValidUtf8Text(localPart)) return undefined
    if (domain.startsWith('[')) return isLiteral(located) ? located : undefined
    const isValid = smtputf8Enable ? isValidUtf8Hostname(domain) : isValidHostname(domain)
    if (isValid) return located
    if (!resolveNumericDomain || isIP(domain) === 0) return undefined
    const literal = `[${domain}]`
    const isLocal = yield* settled(this.#classifier.isLocal(literal))
    return { localPart, domain: literal, isLocal }
  }
}

function temporaryFailure(recipient: string, flags: number): TemporaryFailure {
  return { kind: 'temporary-failure', recipient, flags: flags | FLAG_FAIL }
}

function isLiteral({ domain }: LocatedRecipient): boolean {
  return isAscii(domain) && parseAddressLiteral(domain) !== undefined
}

/** Whether a local part names another hop, as in `user%dest.test@relay.test` (`G-145`). */
function routedFlag(recipient: string, localPart: string): number {
  return recipient.search(SEPARATOR) === localPart.length ? 0 : FLAG_ROUTED
}
