import { createHash } from 'node:crypto'
import { isIP, type Socket } from 'node:net'

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
import { matchesCertificate } from './tls-level.ts'
import type { TlsLogClass, TlsLogClasses } from './tls-log.ts'
import { TlsLogLevels } from './tls-log-levels.ts'
import type { TlsOptions } from './tls-options.ts'
import type { TlsPolicy } from './tls-policy.ts'
import { type SessionSlot, TlsSessions } from './tls-sessions.ts'

/** Whose connection is to be protected. */
export interface TlsTerms {
  readonly server: MailServer
  /** The destination as written. */
  readonly destination: string
  /** Its domain, or address, alone. */
  readonly nexthop: string
  readonly queueId: string
}

interface TlsPeer extends TlsTerms {
  /** What is told of it. */
  readonly logClasses: TlsLogClasses
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
  /** Whether it is logged. */
  readonly isTold: boolean
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
  readonly logLevels: TlsLogLevels
  readonly #contexts: TlsContexts
  readonly #sessions: TlsSessions
  readonly #clock: Clock
  readonly #log: Logger

  constructor(options: TlsOptions, { tlsa, clock, log, nameOf }: TlsEnginePorts) {
    this.options = options
    this.policies = new PolicyFinder(options, log, nameOf)
    this.logLevels = new TlsLogLevels(options, log, nameOf)
    this.dane = new DanePolicies(options, { tlsa, log, logLevels: this.logLevels })
    this.nameOf = nameOf
    this.#contexts = new TlsContexts(options)
    this.#sessions = new TlsSessions(options.sessionCacheMs, clock)
    this.#clock = clock
    this.#log = log
  }

  /** Makes the handshake on a socket that nobody listens to any more, and logs about it. */
  async start(
    socket: Socket,
    policy: TlsPolicy,
    { server, ...terms }: TlsTerms,
  ): Promise<TlsStart> {
    const peer = { server, ...terms, logClasses: await this.logLevels.classesOf(server) }
    const name = peerName(server)
    this.#tell('verbose', peer, `setting up TLS connection to ${name}`)
    const made = this.#contexts.for(policy)
    if ('problem' in made) {
      this.#log.warning(`${name}: ${made.problem}`)
      this.#tellLibraryProblem(made.libraryProblem)
      socket.destroy()
      return { kind: 'failed' }
    }
    if (policy.dane !== undefined) this.#warnOfUnusable(policy.dane, peer)
    this.#tell('verbose', peer, `${name}: TLS cipher list "${made.ciphers.list}"`)
    const names = { hostname: peer.server.name, nexthop: peer.nexthop }
    const servername = sni(policy, names)
    if (servername !== undefined)
      this.#tell('verbose', peer, `${name}: SNI hostname: ${servername}`)
    const { starttlsTimeoutMs: timeoutMs, verifyDepth } = this.options
    const slot = this.#sessionSlot(policy, peer)
    const plan = {
      context: made.context,
      servername,
      resume: slot.find(),
      timeoutMs,
      identify: (secured: Parameters<typeof identityOf>[0]) => identityOf(secured, verifyDepth),
      keep: slot.keep,
    }
    const result = await secureSocket(socket, plan, this.#clock)
    if ('reason' in result) {
      slot.forget()
      return this.#fail(result, name)
    }
    return this.#judge(result, policy, peer, names)
  }

  /** In the log, policies are told apart by a digest. */
  #sessionSlot(policy: TlsPolicy, peer: TlsPeer): SessionSlot {
    const { server, destination } = peer
    const key = [destination, server.name, server.address, server.port, policy.key].join('\n')
    if (!peer.logClasses.has('cache')) return this.#sessions.slot(key)
    const digest = createHash('sha256').update(policy.key).digest('hex').toUpperCase()
    const service = this.nameOf('smtp_').slice(0, -1)
    const id = [service, destination, server.name, server.address, '', digest].join('&')
    return this.#sessions.slot(key, (before, behind) => {
      const cache = before === 'remove' ? 'client' : service
      this.#tell('cache', peer, `${before} session ${id} ${behind} ${cache} cache`)
    })
  }

  #warnOfUnusable({ unusable, records }: DaneTerms, peer: TlsPeer): void {
    warnOfUnusable(unusable, peer.server, this.#log)
    if (records.length > 0) return
    const instead = 'all TLSA records unusable, fallback to unauthenticated TLS'
    this.#log.warning(`${peerName(peer.server)}: ${instead}`)
  }

  #fail({ reason, libraryProblem }: { reason: string; libraryProblem?: string }, name: string) {
    this.#log.info(`SSL_connect error to ${name}: ${reason}`)
    this.#tellLibraryProblem(libraryProblem)
    return { kind: 'failed' } as const
  }

  #tellLibraryProblem(text: string | undefined): void {
    if (text !== undefined) this.#log.warning(`TLS library problem: ${text}`)
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
    if (isResumed) this.#tell('cache', peer, `${peerName(peer.server)}: Reusing old session`)
    if (isResumed && status === 'Untrusted') {
      const text =
        're-using session with untrusted certificate, look for details earlier in the log'
      this.#tell('untrusted', peer, `${peerName(peer.server)}: ${text}`)
    }
    const summary = [status, connection] as const
    const isTold = peer.logClasses.has('summary')
    const isVerified = status === 'Verified'
    const protection = { isAcceptable, isVerified, summary, isTold }
    this.tellSummary(protection, 'established', peer.queueId)
    return { kind: 'established', socket, protection }
  }

  /** Logs the line of C-153, if that is wanted. */
  tellSummary({ summary, isTold }: Protection, how: string, queueId: string): void {
    if (!isTold) return
    const [status, connection] = summary
    this.#log.info(`${status} TLS connection ${how} to ${connection}`, { queueId })
  }

  #explain(
    { complaint, matched }: PeerVerdict,
    { certificate }: PeerIdentity,
    policy: TlsPolicy,
    peer: TlsPeer,
    names: PeerNames,
  ): void {
    const { fingerprintDigest } = this.options
    const { server, logClasses } = peer
    const name = peerName(server)
    if (!hasNamesToMatch(policy, names)) {
      this.#log.warning(`${name}: could not configure peer name checks`)
    }
    if (certificate !== undefined && (logClasses.has('peercert') || logClasses.has('certmatch'))) {
      this.#log.info(`${name}: ${describeCertificate(certificate, fingerprintDigest)}`)
    }
    if (logClasses.has('certmatch') || (policy.dane !== undefined && logClasses.has('dane'))) {
      for (const text of matched) this.#log.info(`${name}: ${text}`, { queueId: peer.queueId })
    }
    // Where somebody meant it to match, what is wrong is worth a line.
    const isExplained = logClasses.has('summary') && matchesCertificate(policy.level)
    if (complaint !== undefined && (isExplained || logClasses.has('untrusted'))) {
      this.#log.info(`${complaint[0]} ${name}: ${complaint[1]}`, { queueId: peer.queueId })
    }
  }

  #tell(wanted: TlsLogClass, { queueId, logClasses }: TlsPeer, text: string): void {
    if (logClasses.has(wanted)) this.#log.info(text, { queueId })
  }
}

function sni(policy: TlsPolicy, { hostname, nexthop }: PeerNames): string | undefined {
  const { servername, dane } = policy
  if (dane !== undefined) return dane.baseDomain
  const name = servername === 'hostname' ? hostname : servername
  const wanted = name === 'nexthop' ? nexthop : name
  // An address is no name for SNI (RFC 6066 3), and Node would not send it.
  return wanted === '' || isIP(wanted) !== 0 ? undefined : wanted
}
