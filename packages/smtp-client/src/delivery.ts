import { type MailServer, NexthopError } from '@posthouse/mx-lookup'

import { needsSmtputf8 } from './commands.ts'
import { DeliveryTime } from './delivery-time.ts'
import type { Destination, Destinations } from './destinations.ts'
import { TableError } from './errors.ts'
import { type Failure, relayText } from './failure.ts'
import type { GenericMapping } from './generic-mapping.ts'
import { type HandshakeContext, type HandshakeTerms, openSession } from './handshake.ts'
import type { KnownDestinations } from './known-destinations.ts'
import { lastReason } from './last-reason.ts'
import { Outcomes } from './outcomes.ts'
import { prependHeaders } from './prepended-headers.ts'
import type { SessionNotice, SmtpDelivery, SmtpReport } from './request.ts'
import { type SessionEnd, TransactionRun } from './run-transaction.ts'
import { ServerWalk, type Walker } from './server-walk.ts'
import { quit, type SmtpSession } from './session.ts'
import { endpointLabel, type LabelScope, type SessionCache } from './session-cache.ts'
import { RequestPolicies } from './tls/request-policies.ts'
import { type RequireTls, requireTlsOf } from './tls/require-tls.ts'
import { tlsFeature } from './tls/tls-feature.ts'
import type { TlsPolicy } from './tls/tls-policy.ts'
import { unsendableMessage, unsendableRecipient } from './unsendable.ts'

/** What a delivery needs of its client. */
export interface DeliveryContext extends HandshakeContext {
  readonly cache: SessionCache | undefined
  readonly destinations: KnownDestinations
  /** Of labels in the cache. */
  readonly scopeOf: (sender: string, smtputf8: boolean) => LabelScope
  /** Of addresses, on their way out. */
  readonly mapping: GenericMapping | undefined
}

const MAIL_LOOP = '5.4.6'

/** The walk of one message along destinations until nobody is left (C-6 to C-8, C-32). */
export class Delivery implements Walker {
  readonly #context: DeliveryContext
  readonly #delivery: SmtpDelivery
  /** The same with the addresses that go out (C-172). */
  #sent: SmtpDelivery
  readonly #outcomes: Outcomes
  readonly #smtputf8: boolean
  readonly #destinations: Destinations
  // Addresses whose cached sessions this request has used: not to be contacted again (C-120).
  readonly #usedFromCache: string[] = []
  readonly #policies: RequestPolicies | undefined
  readonly #requireTls: RequireTls | undefined
  #scope: LabelScope
  // The destination whose servers are tried now: as written, and without brackets and port.
  #current = ''
  #domain = ''
  // Of the last session that was made anew.
  #terms: HandshakeTerms | undefined
  readonly #notices: SessionNotice[] = []
  readonly time: DeliveryTime
  #load = false
  #store = false
  // Cleared after the first session that was not throttled, so that it always leads to the most
  // preferred working server (C-117).
  #label: string | undefined

  constructor(context: DeliveryContext, delivery: SmtpDelivery) {
    const { queueId, recipients, nexthop } = delivery
    this.#context = context
    this.#delivery = delivery
    this.#sent = delivery
    this.#outcomes = new Outcomes(queueId, recipients.length, context.options, context.log)
    this.#smtputf8 = needsSmtputf8(delivery)
    const { tls, sasl, options } = context
    this.#scope = context.scopeOf(delivery.sender, this.#smtputf8)
    this.#requireTls = requireTlsOf(delivery, options, context.log)
    this.#policies = tls && new RequestPolicies(tls, sasl, delivery, this.#requireTls !== undefined)
    this.#destinations = context.destinations.of(nexthop)
    this.time = new DeliveryTime(context, delivery)
  }

  async run(): Promise<SmtpReport> {
    const { mapping, options } = this.#context
    if (mapping !== undefined || options.prependedHeaders.size > 0) await this.#prepare()
    this.#refuseWhatCannotBeSent()
    const { count } = this.#destinations
    let at = 0
    for (; at < count && !this.isOver; at++) {
      const destination = this.#destination(at)
      if (destination === undefined) continue
      if (await this.#tryDestination(destination, at, at === count - 1)) break
    }
    const looping = this.#outcomes.open === 0 ? [] : this.#giveUp(Math.min(at, count - 1))
    const pending = this.#outcomes.report()
    const report = pending instanceof Promise ? await pending : pending
    const notices = this.#notices
    if (looping.length === 0 && notices.length === 0) return report
    return {
      ...report,
      ...(looping.length > 0 && { looping }),
      ...(notices.length > 0 && { notices }),
    }
  }

  /** Makes the message what goes out. */
  async #prepare(): Promise<void> {
    const { mapping, options } = this.#context
    try {
      if (mapping !== undefined) this.#sent = await mapping.envelope(this.#delivery)
      if (options.prependedHeaders.size === 0) return
      const result = await prependHeaders(this.#sent, this.#delivery, this.#context)
      if ('kind' in result) this.#failAll(result, options.serviceName)
      else this.#sent = result
    } catch (error) {
      if (!(error instanceof TableError)) throw error
      this.#failAll({ kind: 'message', status: '4.3.0', text: error.message })
    }
  }

  #failAll(failure: Failure, relay?: string): void {
    this.#failLocally(this.#outcomes.openIndexes(), failure, true, relay)
  }

  #refuseWhatCannotBeSent(): void {
    const { options } = this.#context
    const obstacle = unsendableMessage(this.#sent, options)
    if (obstacle !== undefined) this.#failAll(obstacle)
    const { recipients } = this.#sent
    for (let index = 0; index < recipients.length; index++) {
      const failure = unsendableRecipient(recipients[index]!.address, options)
      if (failure !== undefined) this.#failLocally([index], failure)
    }
  }

  /** @returns whether the walk ends here (C-7). */
  async #tryDestination(
    destination: Destination,
    index: number,
    lastInList: boolean,
  ): Promise<boolean> {
    const { text, domain } = destination
    this.#current = text
    this.#domain = domain
    const pending = destination.lookup()
    const result = pending instanceof Promise ? await pending : pending
    if (result.kind === 'failed') {
      this.#outcomes.remember({ kind: 'host', status: result.status, text: result.text })
      return result.last
    }
    const requireTls = this.#requireTls
    if (requireTls !== undefined) {
      await requireTls.goTo(domain)
      this.#scope = { ...this.#scope, requireTls: requireTls.action }
    }
    const { options, cache } = this.#context
    if (index === 0 && cache !== undefined) {
      const always = options.cacheDestination(domain)
      this.#decideReuse(always instanceof Promise ? await always : always)
    }
    const lastDestination = lastInList || result.last
    await new ServerWalk(this, options, text, result, lastDestination).run()
    return result.last
  }

  #destination(index: number): Destination | undefined {
    try {
      return this.#destinations.at(index, this.#delivery.queueId)
    } catch (error) {
      if (!(error instanceof NexthopError)) throw error
      this.#outcomes.remember({ kind: 'host', status: '4.3.5', text: error.message })
      return undefined
    }
  }

  /** @param always `smtp_connection_cache_destinations` has the destination (C-112). */
  #decideReuse(always: boolean): void {
    const { cacheOnDemand } = this.#context.options
    const { load, store } = this.#delivery.reuse
    this.#load = always || (cacheOnDemand && load)
    this.#store = always || (cacheOnDemand && store)
    this.#label = this.#destinations.label(this.#scope)
  }

  /** What is left open at the end fails for the last reason (C-8). @returns who would loop. */
  #giveUp(stoppedAt: number): readonly number[] {
    const culprit = this.#destinations.culprit(stoppedAt)
    const failure = lastReason(this.#outcomes.reason, this.time.isOver, culprit, (text) =>
      this.#context.log.warning(text, { queueId: this.#delivery.queueId }),
    )
    const open = this.#outcomes.openIndexes()
    this.#failLocally(open, failure)
    return failure.status === MAIL_LOOP ? open : []
  }

  #failLocally(indexes: readonly number[], failure: Failure, final = true, relay = 'none'): void {
    const doneMs = this.#context.clock.now()
    const { kind, status, text } = failure
    this.#outcomes.fail(indexes, { kind, status, text }, { relay, doneMs, final })
  }

  /** Whether nobody is open, or there is no more time. */
  get isOver(): boolean {
    return this.#outcomes.open === 0 || this.time.isOver
  }

  /** The servers that no cached session of this request has led to. */
  notYetReused(servers: readonly MailServer[]): readonly MailServer[] {
    if (this.#usedFromCache.length === 0) return servers
    return servers.filter(({ address }) => !this.#usedFromCache.includes(address))
  }

  /** In a good session to the request's destination that was kept (C-120). */
  reuseDestination(): Promise<TransactionRun | undefined> | undefined {
    const label = this.#load ? this.#label : undefined
    if (label === undefined) return undefined
    const policies = this.#policies
    if (policies === undefined) return this.#revive(label)
    const first = this.#destinations.first!
    return this.#revive(label, async ({ server, policy }) => {
      const wanted = await policies.usable(first, server)
      return wanted !== undefined && wanted.key === policy?.key
    })
  }

  /** In a good session to the server that was kept (C-120). */
  reuseEndpoint(
    server: MailServer,
    nexthop: string,
  ): Promise<TransactionRun | undefined> | undefined {
    if (!this.#load) return undefined
    const revive = (policy?: TlsPolicy) =>
      this.#revive(endpointLabel(this.#scope, server, nexthop, policy))
    const policies = this.#policies
    if (policies === undefined) return revive()
    // Without a word if there is no policy: whoever connects to the server will say why.
    return policies.usable(nexthop, server).then((policy) => policy && revive(policy))
  }

  /** @param fits whether the session may be used; absent: whatever has the label may be. */
  async #revive(
    label: string,
    fits?: (session: SmtpSession) => Promise<boolean>,
  ): Promise<TransactionRun | undefined> {
    const { cache, tls } = this.#context
    const { queueId } = this.#delivery
    for (;;) {
      const session = cache?.take(label)
      if (session === undefined) return undefined
      if (fits !== undefined && !(await fits(session))) {
        session.connection.close()
        continue
      }
      const run = this.#newRun(session)
      this.time.spendOn(session)
      if (await run.revive()) {
        const { protection, server } = session
        if (protection !== undefined) tls?.tellSummary(protection, 'reused', queueId)
        this.#usedFromCache.push(server.address)
        return run
      }
      this.#note(session.notice)
    }
  }

  #note(notice: SessionNotice | undefined): void {
    if (notice !== undefined) this.#notices.push(notice)
  }

  #newRun(session: SmtpSession): TransactionRun {
    const { options, mapping, clock, log } = this.#context
    const outcomes = this.#outcomes
    const context = { options, delivery: this.#sent, outcomes, mapping, clock, log }
    return new TransactionRun(context, session, this.#store)
  }

  /** Connects and says hello; records why not if it fails. */
  async connect(
    server: MailServer,
    nexthop: string,
    bestPreference: boolean,
    final: boolean,
  ): Promise<TransactionRun | undefined> {
    const admission = await this.#policies?.admit(nexthop, server, this.#domain, this.#context.log)
    if (admission !== undefined && 'tls' in admission) {
      this.#outcomes.tls = admission.tls
      if (admission.failure !== undefined) this.#outcomes.remember(admission.failure)
      return undefined
    }
    const policy = admission?.policy
    const requireTls = this.#requireTls?.check()
    const refusal = requireTls?.admit(policy?.level ?? 'none', server)
    if (requireTls !== undefined && refusal !== undefined) {
      this.#outcomes.tls = `${tlsFeature(policy, 'undecided')}/${requireTls.feature}`
      this.#failLocally(this.#outcomes.openIndexes(), refusal, final)
      return undefined
    }
    const { queueId, arrivalTimeMs, sender, nexthop: request } = this.#delivery
    const message = { queueId, arrivalTimeMs, sender, needsSmtputf8: this.#smtputf8 }
    const place = { request, nexthop, domain: this.#domain, bestPreference, policy, requireTls }
    const terms = { ...message, ...place, time: this.time }
    return this.#open(server, terms, final)
  }

  async #open(
    server: MailServer,
    terms: HandshakeTerms,
    final: boolean,
  ): Promise<TransactionRun | undefined> {
    const result = await openSession(this.#context, server, terms)
    this.#terms = terms
    this.#outcomes.tls = result.session.tlsFeature
    if (result.kind === 'ready') return this.#newRun(result.session)
    const { log, clock } = this.#context
    if (result.kind === 'failed') this.#note(result.notice)
    if (result.kind === 'unreachable') {
      const { status, text } = result
      const relay = relayText(server)
      // As in Postfix, of sockets there is a word only in the delivery lines.
      if (server.family !== 'unix') log.info(text, { queueId: terms.queueId, relay })
      this.#outcomes.remember({ kind: 'host', status, text })
      return undefined
    }
    const mayRetry = result.hasTlsFailed && !this.time.isOver
    const plain = mayRetry ? await this.#withoutTls(server, terms) : undefined
    this.#outcomes.fail(this.#outcomes.openIndexes(), result.failure, {
      relay: relayText(server),
      serverName: server.name,
      doneMs: clock.now(),
      final: final && plain === undefined,
    })
    return plain === undefined ? undefined : this.#open(server, plain, final)
  }

  /** For another attempt with the same server in plaintext, if that is allowed (C-97). */
  async #withoutTls(
    server: MailServer,
    terms: HandshakeTerms,
  ): Promise<HandshakeTerms | undefined> {
    if (terms.policy === undefined || this.#requireTls?.needsStarttls) return undefined
    const policy = await this.#policies?.withoutTls(terms.policy, server, terms)
    return policy === undefined ? undefined : { ...terms, policy }
  }

  /** Sends the message to who is open, then keeps or ends the session. */
  async transact(run: TransactionRun, final: boolean): Promise<void> {
    const { session } = run
    this.#outcomes.tls = session.tlsFeature
    const isNew = session.uses === 1 && session.protection !== undefined
    const plain =
      isNew && this.#terms !== undefined
        ? await this.#withoutTls(session.server, this.#terms)
        : undefined
    const ending = this.#endSession(session, await run.run(final, final && plain === undefined))
    if (ending !== undefined) await ending
    this.time.spendOn(undefined)
    this.#note(session.notice)
    if (!this.#outcomes.blamed) this.#label = undefined
    if (plain !== undefined && run.hasBroken && !this.isOver) {
      const again = await this.#open(session.server, plain, final)
      if (again !== undefined) await this.transact(again, final)
    }
  }

  /** A promise only if the server is waited for. */
  #endSession(session: SmtpSession, end: SessionEnd): Promise<void> | undefined {
    const { connection } = session
    const store = this.#store && session.mayBeKept
    if (end === 'quit') return this.#leave(session, true)
    if (end === 'broken') connection.destroy()
    else if (store && session.reusable) this.#keep(session)
    else if (end === 'unused' || (store && !session.expired)) {
      // A refusal for size is no reason for good-bye, and what was to be kept but may not be any
      // more is closed without (C-77, C-86).
      connection.close()
    } else return this.#leave(session, false)
    return undefined
  }

  /** The outcomes do not wait for the reply to QUIT, which may take minutes. */
  #leave(session: SmtpSession, quitSent: boolean): Promise<void> | undefined {
    const { options } = this.#context
    const leaving = quit(session.connection, options, quitSent)
    const isAwaited = options.skipQuitResponse || !this.isOver || session.notice !== undefined
    return isAwaited ? leaving : this.time.leave(leaving)
  }

  #keep(session: SmtpSession): void {
    const { cache, options } = this.#context
    const { server, policy } = session
    session.endpointLabel ??= endpointLabel(this.#scope, server, this.#current, policy)
    const endpoint = session.endpointLabel
    const labels = this.#label === undefined ? [endpoint] : [this.#label, endpoint]
    // Without QUIT, as Postfix does: nobody waits for the reply (C-124).
    cache?.store(labels, session, options.cacheTimeLimitMs, (unused) => unused.connection.close())
  }
}
