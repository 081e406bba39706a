import type { Socket } from 'node:net'

import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'
import type { MailServer } from '@posthouse/mx-lookup'

import { peerName } from '../failure.ts'
import type { NameParameter } from '../lmtp.ts'
import { DanePolicies, type TlsaSource, warnOfUnusable } from './dane-policies.ts'
import type { DaneTerms } from './dane-terms.ts'
import { describeTls } from './describe-tls.ts'
import {
  describeCertificate,
  hasNamesToMatch,
  identityOf,
  judgePeer,
  type PeerIdentity,
} from './peer-check.ts'
import type { PeerNames } from './peer-names.ts'
import type { PeerVerdict } from './peer-verdict.ts'
import { PolicyFinder } from './policy-finder.ts'
import { type SecureResult, secureSocket } from './secure-socket.ts'
import { TlsContexts } from './tls-contexts.ts'
import type { TlsLogClass } from './tls-log.ts'
import type { TlsOptions } from './tls-options.ts'
import type { TlsPolicy } from './tls-policy.ts'
import { TlsSessions } from './tls-sessions.ts'

/** Whose connection is to be protected. */
export interface TlsPeer {
  readonly server: MailServer
  /** The destination as written. */
  readonly destination: string
  /** Its domain, or address, alone. */
  readonly nexthop: string
  readonly queueId: string
}

/** What became of a handshake. */
export type TlsStart =
  | { readonly kind: 'established'; readonly socket: Socket; readonly protection: Protection }
  /** The connection is of no use any more. */
  | { readonly kind: 'failed' }

/** How a connection is protected. */
export interface Protection {
  /** Whether the certificate is what the policy wants. */
  readonly isAcceptable: boolean
  /** Whether it matched at a level at which it has to (C-69). */
  readonly isVerified: boolean
  /** The two halves of the summary line, around `established` or `reused` (C-153). */
  readonly summary: readonly [status: PeerVerdict['status'], connection: string]
}

/** What TLS takes from its client. */
export interface TlsEnginePorts {
  readonly tlsa: TlsaSource | undefined
  readonly clock: Clock
  readonly log: Logger
  readonly nameOf: NameParameter
}

/** TLS on connections that are there, for one client: policies, contexts, resumable sessions. */
export class TlsEngine {
  readonly options: TlsOptions
  readonly policies: PolicyFinder
  readonly dane: DanePolicies
  readonly nameOf: NameParameter
  readonly #contexts: TlsContexts
  readonly #sessions: TlsSessions
  readonly #clock: Clock
  readonly #log: Logger

  constructor(options: TlsOptions, { tlsa, clock, log, nameOf }: TlsEnginePorts) {
    this.options = options
    this.policies = new PolicyFinder(options, log, nameOf)
    this.dane = new DanePolicies(options, tlsa, log)
    this.nameOf = nameOf
    this.#contexts = new TlsContexts(options)
    this.#sessions = new TlsSessions(options.sessionCacheMs, clock)
    this.#clock = clock
    this.#log = log
  }

  /** Makes the handshake on a socket that nobody listens to any more, and logs about it. */
  async start(socket: Socket, policy: TlsPolicy, peer: TlsPeer): Promise<TlsStart> {
    const name = peerName(peer.server)
    this.#tell('verbose', peer, `setting up TLS connection to ${name}`)
    const made = this.#contexts.for(policy)
    if ('problem' in made) {
      this.#log.warning(`${name}: ${made.problem}`)
      socket.destroy()
      return { kind: 'failed' }
    }
    if (policy.dane !== undefined) this.#warnOfUnusable(policy.dane, peer)
    this.#tell('verbose', peer, `${name}: TLS cipher list "${made.ciphers}"`)
    const names = { hostname: peer.server.name, nexthop: peer.nexthop }
    const servername = sni(policy, names)
    if (servername !== undefined)
      this.#tell('verbose', peer, `${name}: SNI hostname: ${servername}`)
    const key = sessionKey(policy, peer)
    const { starttlsTimeoutMs: timeoutMs, verifyDepth } = this.options
    const known = this.#sessions.find(key)
    const plan = {
      context: made.context,
      servername,
      resume: known,
      timeoutMs,
      identify: (secured: Parameters<typeof identityOf>[0]) => identityOf(secured, verifyDepth),
      keep: (session: Buffer, identity: PeerIdentity) =>
        this.#sessions.store(key, session, identity),
    }
    const result = await secureSocket(socket, plan, this.#clock)
    if ('reason' in result) {
      this.#sessions.forget(key)
      return this.#fail(result, name)
    }
    return this.#judge(result, policy, peer, names)
  }

  #warnOfUnusable({ unusable, records }: DaneTerms, peer: TlsPeer): void {
    warnOfUnusable(unusable, peer.server, this.#log)
    if (records.length > 0) return
    const instead = 'all TLSA records unusable, fallback to unauthenticated TLS'
    this.#log.warning(`${peerName(peer.server)}: ${instead}`)
  }

  #fail({ reason, libraryProblem }: { reason: string; libraryProblem?: string }, name: string) {
    this.#log.info(`SSL_connect error to ${name}: ${reason}`)
    if (libraryProblem !== undefined) this.#log.warning(`TLS library problem: ${libraryProblem}`)
    return { kind: 'failed' } as const
  }

  #judge(
    { socket, identity, isResumed }: Exclude<SecureResult, { reason: string }>,
    policy: TlsPolicy,
    peer: TlsPeer,
    names: PeerNames,
  ): TlsStart {
    const limits = { ...this.options, nowMs: this.#clock.now() }
    const verdict = judgePeer(identity, policy, names, limits)
    this.#explain(verdict, identity, policy, peer, names)
    const { certificate } = identity
    const connection = `${peerName(peer.server)}: ${describeTls(socket, certificate?.publicKey)}`
    const { status, isAcceptable } = verdict
    if (isResumed && status === 'Untrusted') {
      const text =
        're-using session with untrusted certificate, look for details earlier in the log'
      this.#tell('untrusted', peer, `${peerName(peer.server)}: ${text}`)
    }
    const summary = [status, connection] as const
    this.tellSummary(summary, 'established', peer.queueId)
    const isVerified = status === 'Verified'
    return { kind: 'established', socket, protection: { isAcceptable, isVerified, summary } }
  }

  /** Logs the line of C-153, if that is wanted. */
  tellSummary([status, connection]: Protection['summary'], how: string, queueId: string): void {
    if (!this.options.logClasses.has('summary')) return
    this.#log.info(`${status} TLS connection ${how} to ${connection}`, { queueId })
  }

  #explain(
    { complaint, matched }: PeerVerdict,
    { certificate }: PeerIdentity,
    policy: TlsPolicy,
    peer: TlsPeer,
    names: PeerNames,
  ): void {
    const { logClasses, fingerprintDigest } = this.options
    const name = peerName(peer.server)
    if (!hasNamesToMatch(policy, names)) {
      this.#log.warning(`${name}: could not configure peer name checks`)
    }
    if (certificate !== undefined && (logClasses.has('peercert') || logClasses.has('certmatch'))) {
      this.#log.info(`${name}: ${describeCertificate(certificate, fingerprintDigest)}`)
    }
    if (logClasses.has('certmatch') || (policy.dane !== undefined && logClasses.has('dane'))) {
      for (const text of matched) this.#log.info(`${name}: ${text}`, { queueId: peer.queueId })
    }
    if (complaint !== undefined && (logClasses.has('summary') || logClasses.has('untrusted'))) {
      this.#log.info(`${complaint[0]} ${name}: ${complaint[1]}`, { queueId: peer.queueId })
    }
  }

  #tell(wanted: TlsLogClass, { queueId }: TlsPeer, text: string): void {
    if (this.options.logClasses.has(wanted)) this.#log.info(text, { queueId })
  }
}

function sni(policy: TlsPolicy, { hostname, nexthop }: PeerNames): string | undefined {
  const { servername, dane } = policy
  if (dane !== undefined) return dane.baseDomain
  if (servername === 'hostname') return hostname
  return (servername === 'nexthop' ? nexthop : servername) || undefined
}

function sessionKey(policy: TlsPolicy, { server, destination }: TlsPeer): string {
  return [destination, server.name, server.address, server.port, policy.key].join('\n')
}
