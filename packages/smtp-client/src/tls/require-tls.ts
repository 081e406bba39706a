import { domainToASCII } from 'node:url'

import type { Logger } from '@posthouse/mail-log'

import { type NameParameter, parameterNames } from '../lmtp.ts'
import type { SmtpClientOptions } from '../options.ts'
import { REQUIRETLS, type SmtpDelivery } from '../request.ts'
import { domainKeys, findKey } from './domain-keys.ts'
import { type RequireTlsAction, RequireTlsCheck } from './require-tls-check.ts'
import type { TlsTable } from './tls-options.ts'

/** `smtp_requiretls_policy`: actions, and tables that have them by domain (C-159). */
export type RequireTlsPolicy = readonly (RequireTlsAction | TlsTable)[]

const ACTIONS = ['enforce', 'opportunistic+starttls', 'opportunistic', 'disable'] as const

/** The action of this name, in any case; undefined if there is none. */
export function parseRequireTlsAction(name: string): RequireTlsAction | undefined {
  return ACTIONS.find((action) => action === name.toLowerCase())
}

/** For a message that asks for REQUIRETLS; undefined: for others, or if it is not heeded. */
export function requireTlsOf(
  { sendOptions, queueId }: SmtpDelivery,
  { requireTls: policy, lmtp }: Pick<SmtpClientOptions, 'requireTls' | 'lmtp'>,
  log: Logger,
): RequireTls | undefined {
  if (policy === undefined || (sendOptions & REQUIRETLS) === 0) return undefined
  return new RequireTls(policy, queueId, log, parameterNames(lmtp))
}

/** REQUIRETLS for one message that asks for it (RFC 8689): at each destination another thing. */
export class RequireTls {
  readonly #policy: RequireTlsPolicy
  readonly #queueId: string
  readonly #log: Logger
  readonly #nameOf: NameParameter
  #action: RequireTlsAction | 'error' = 'enforce'

  constructor(policy: RequireTlsPolicy, queueId: string, log: Logger, nameOf: NameParameter) {
    this.#policy = policy
    this.#queueId = queueId
    this.#log = log
    this.#nameOf = nameOf
  }

  /** What it comes to at the destination of now; `error`: its table makes no sense. */
  get action(): RequireTlsAction | 'error' {
    return this.#action
  }

  /** Whether nothing may be sent in plaintext. */
  get needsStarttls(): boolean {
    return this.#action !== 'opportunistic' && this.#action !== 'disable'
  }

  /** @param domain of a destination, or its address or path, without brackets and port. */
  async goTo(domain: string): Promise<void> {
    const keys = domainKeys(domainToASCII(domain) || domain)
    this.#action = 'enforce' // At the end of the list.
    for (const item of this.#policy) {
      const action = typeof item === 'string' ? item : await this.#lookUp(item, keys)
      if (action === undefined) continue
      this.#action = action
      return
    }
  }

  async #lookUp(
    table: TlsTable,
    keys: readonly string[],
  ): Promise<RequireTlsAction | 'error' | undefined> {
    const name = this.#nameOf('smtp_requiretls_policy')
    try {
      const value = await findKey(table, keys)
      const action = value === undefined ? undefined : parseRequireTlsAction(value.trim())
      if (value === undefined || action !== undefined) return action
      const expected = `expected ${ACTIONS.join(', ')}`
      this.#log.warning(`${name}: invalid action "${value}" for "${keys[0]}": ${expected}`)
    } catch {
      this.#log.warning(`${name}: table lookup error for "${keys[0]}"`) // It has said why.
    }
    return 'error'
  }

  /** For another server; undefined where the request is to be overlooked. */
  check(): RequireTlsCheck | undefined {
    if (this.#action === 'disable') return undefined
    return new RequireTlsCheck(this.#action, this.#queueId, this.#log)
  }
}
