import type { Logger } from '@posthouse/mail-log'
import type { MailServer, TlsaResult } from '@posthouse/mx-lookup'

import { peerName } from '../failure.ts'
import { formatTlsa, hasDaneUsage, readRecords } from './dane-terms.ts'
import type { TlsLevel } from './tls-level.ts'
import type { TlsLogClasses } from './tls-log.ts'
import type { TlsLogLevels } from './tls-log-levels.ts'
import type { DaneOptions, TlsOptions } from './tls-options.ts'
import { policyOfLevel, type TlsPolicy } from './tls-policy.ts'
import { MISCONFIGURED, type TlsPolicyResult, unusable } from './tls-policy-result.ts'

/** Finds the TLSA records of a server: `TlsaLookup.lookup` of @posthouse/mx-lookup. */
export type TlsaSource = (server: MailServer) => TlsaResult | Promise<TlsaResult>

/** What DANE takes from its client. */
export interface DanePorts {
  readonly tlsa: TlsaSource | undefined
  readonly log: Logger
  readonly logLevels: TlsLogLevels
}

type FoundTlsa = Extract<TlsaResult, { kind: 'found' }>

/** Turns the levels `dane` and `dane-only` into what DNS asks for at a server (C-155, C-156). */
export class DanePolicies {
  readonly #options: TlsOptions
  readonly #tlsa: TlsaSource | undefined
  readonly #log: Logger
  readonly #logLevels: TlsLogLevels

  constructor(options: TlsOptions, { tlsa, log, logLevels }: DanePorts) {
    this.#options = options
    this.#tlsa = tlsa
    this.#log = log
    this.#logLevels = logLevels
  }

  /**
   * @param policy of one of these levels.
   * @param destination as written.
   */
  find(
    policy: TlsPolicy,
    destination: string,
    server: MailServer,
  ): TlsPolicyResult | Promise<TlsPolicyResult> {
    const { level } = policy
    const { obstacle, insecureMxPolicy } = this.#options.dane
    const tlsa = this.#tlsa
    if (tlsa === undefined || obstacle !== undefined) {
      this.#log.warning(`${destination}: ${obstacleText(obstacle, level)}`)
      return level === 'dane-only' ? MISCONFIGURED : this.#lower(policy, 'may')
    }
    if (server.trail?.route === 'insecure') {
      if (level === 'dane-only') return unusable('non DNSSEC destination')
      if (insecureMxPolicy === 'may') return this.#lower(policy, 'may')
    }
    const found = tlsa(server)
    return found instanceof Promise
      ? found.then((result) => this.#judge(result, policy, server))
      : this.#judge(found, policy, server)
  }

  #judge(
    result: TlsaResult,
    policy: TlsPolicy,
    server: MailServer,
  ): TlsPolicyResult | Promise<TlsPolicyResult> {
    switch (result.kind) {
      case 'failed':
        return unusable(`TLSA lookup error for ${server.name}:${server.port}`)
      case 'none':
        return this.#optional(policy, 'may', 'no TLSA records found')
      case 'found':
        return this.#show(result, server, () => this.#heed(result, policy, server))
    }
  }

  /** Logs records before they are heeded. */
  #show<Result>(
    { service, records }: FoundTlsa,
    server: MailServer,
    heed: () => Result,
  ): Result | Promise<Result> {
    const show = (classes: TlsLogClasses): Result => {
      for (const record of records) {
        const text = formatTlsa(record)
        if (!hasDaneUsage(record)) {
          this.#log.warning(`${service} unsupported TLSA certificate usage: ${text}`)
        } else if (classes.has('dane')) {
          this.#log.info(`DNSSEC-signed TLSA record: ${service}: ${text}`)
        }
      }
      return heed()
    }
    const classes = this.#logLevels.classesOf(server)
    return classes instanceof Promise ? classes.then(show) : show(classes)
  }

  /** What is left at `dane`; at `dane-only` there is no server without a record that matches. */
  #optional(policy: TlsPolicy, level: TlsLevel, text: string): TlsPolicyResult {
    return policy.level === 'dane' ? this.#lower(policy, level) : unusable(text)
  }

  #lower({ attributes }: TlsPolicy, level: TlsLevel): TlsPolicyResult {
    return { kind: 'policy', policy: policyOfLevel(level, this.#options, attributes) }
  }

  #heed(
    { baseDomain, records }: FoundTlsa,
    policy: TlsPolicy,
    server: MailServer,
  ): TlsPolicyResult {
    const { dane } = this.#options
    const { trail } = server
    const supported = records.filter(hasDaneUsage)
    const read = readRecords(supported, dane.digests)
    const isForgeable = trail?.route === 'insecure'
    const isOnly = policy.level === 'dane-only'
    if (supported.length === 0 || (isOnly && read.records.length === 0)) {
      warnOfUnusable(read.unusable, server, this.#log)
      return this.#optional(policy, 'encrypt', 'TLSA records unusable')
    }
    if (isForgeable && dane.insecureMxPolicy === 'encrypt') return this.#lower(policy, 'encrypt')
    const names = [...new Set([baseDomain, ...(trail?.domains ?? [])])]
    const terms = { baseDomain, names, ...read }
    const level = isForgeable ? 'halfdane' : policy.level
    const { attributes } = policy
    return { kind: 'policy', policy: policyOfLevel(level, this.#options, attributes, terms) }
  }
}

/** Logs which TLSA records count for nothing. */
export function warnOfUnusable(texts: readonly string[], server: MailServer, log: Logger): void {
  for (const text of texts) log.warning(`${peerName(server)}: unusable TLSA RR: ${text}`)
}

function obstacleText(obstacle: DaneOptions['obstacle'], level: TlsLevel): string {
  switch (obstacle) {
    case 'no-dnssec':
      return `${level} configured with dnssec lookups disabled`
    case 'ignored-mx-errors':
      return `${level} configured with MX lookup errors ignored`
    case 'resolver-options':
      return `dns resolver options incompatible with ${level} TLS`
    case undefined:
      return `${level} configured, but no requisite library support`
  }
}
