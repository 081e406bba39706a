import type { Socket } from 'node:net'

import type { Clock } from '@posthouse/clock'
import type { MailServer } from '@posthouse/mx-lookup'

import { type ConnectContext, connectFrom, type Unreachable } from './connect-from.ts'
import { Connection, type ConnectionEvents } from './connection.ts'
import type { DeliveryTime } from './delivery-time.ts'
import { type DiscardList, discardList, NO_FEATURES, parseEhlo } from './ehlo.ts'
import { ConversationError, TableError } from './errors.ts'
import {
  conversationFailure,
  type Failure,
  hostText,
  localDataError,
  oneLine,
  refusal,
  refusedTls,
  relayText,
} from './failure.ts'
import { parameterNames } from './lmtp.ts'
import type { SmtpClientOptions } from './options.ts'
import { pixWorkarounds } from './pix-workarounds.ts'
import type { SmtpReply } from './reply.ts'
import type { SessionNotice } from './request.ts'
import type { Authenticator } from './sasl/authenticate.ts'
import { quit, SmtpSession } from './session.ts'
import type { RequireTlsCheck } from './tls/require-tls-check.ts'
import type { TlsEngine } from './tls/tls-engine.ts'
import { isMandatory } from './tls/tls-level.ts'
import type { TlsPolicy } from './tls/tls-policy.ts'

/** What a handshake needs to know of the client. */
export interface HandshakeContext extends ConnectContext {
  readonly discard: DiscardList
  readonly tls: TlsEngine | undefined
  readonly sasl: Authenticator | undefined
  readonly clock: Clock
}

/** What a handshake needs to know of the delivery. */
export interface HandshakeTerms {
  readonly queueId: string
  readonly time: DeliveryTime
  /** Undefined: not known. */
  readonly arrivalTimeMs: number | undefined
  /** Internal form. */
  readonly sender: string
  /** The next hop of the request: all its destinations, as written. */
  readonly request: string
  /** The destination as written. */
  readonly nexthop: string
  /** Whether no other server of the destination is preferred to this one (C-55). */
  readonly bestPreference: boolean
  readonly needsSmtputf8: boolean
  /** How to protect the connection; undefined: not at all. */
  readonly policy: TlsPolicy | undefined
  /** The domain, or address, of the destination, without brackets and port. */
  readonly domain: string
  /** For mail that asks for REQUIRETLS; undefined: for other mail. */
  readonly requireTls: RequireTlsCheck | undefined
}

/** A session that is ready for MAIL, or why there is none. */
export type HandshakeResult =
  | { readonly kind: 'ready'; readonly session: SmtpSession }
  | ({ readonly kind: 'unreachable'; readonly session: SmtpSession } & Unreachable)
  | {
      readonly kind: 'failed'
      readonly session: SmtpSession
      readonly failure: Failure
      /** Whether TLS, or a connection with TLS, broke: without it there might be a session. */
      readonly hasTlsFailed: boolean
      readonly notice: SessionNotice | undefined
    }

// Own names are looked for where this host could be listening for mail (C-46, C-55).
const MAIL_PORT = 25

/** Connects, and says hello: greeting, EHLO, HELO or LHLO, and what follows from the reply. */
export async function openSession(
  context: HandshakeContext,
  server: MailServer,
  terms: HandshakeTerms,
): Promise<HandshakeResult> {
  const { options, clock, log } = context
  // Its age counts from here (C-114).
  const session = new SmtpSession(server, terms, options, clock)
  session.assign(terms.queueId)
  const socket = await connectFrom(context, server)
  if ('status' in socket) return { kind: 'unreachable', session, ...socket }
  terms.time.spendOn(session)
  session.isVerbose = await isDebugPeer(options, server, terms.domain)
  const events = session.connectionEvents(log, options.helpfulWarnings)
  session.connection = converse(context, socket, events)
  return shakeHands(context, session, terms)
}

/** Whether `debug_peer_list` has a server, by its name and address, or the destination. */
async function isDebugPeer(
  { isDebugPeer: isListed }: SmtpClientOptions,
  { name, address }: MailServer,
  domain: string,
): Promise<boolean> {
  return (await isListed({ name, address })) || (await isListed({ name: domain, address }))
}

function converse(context: HandshakeContext, socket: Socket, events: ConnectionEvents): Connection {
  const { clock, options } = context
  const { replyLineLimit, minDataRate } = options
  const terms = minDataRate === undefined ? undefined : { clock, minDataRate }
  return new Connection(socket, replyLineLimit, events, terms)
}

async function shakeHands(
  context: HandshakeContext,
  session: SmtpSession,
  terms: HandshakeTerms,
): Promise<HandshakeResult> {
  const { server } = session
  const handshake = new Handshake(context, session, terms)
  try {
    const failure = await handshake.run()
    if (failure === undefined) return { kind: 'ready', session }
    if (failure.errorClass !== undefined) session.noteError(failure.errorClass)
    const { hasTlsFailed } = handshake
    if (!hasTlsFailed) await quit(session.connection, context.options, false)
    return { kind: 'failed', session, failure, hasTlsFailed, notice: session.notice }
  } catch (error) {
    session.connection.destroy()
    if (!(error instanceof ConversationError)) throw error
    const failure = conversationFailure(server, error.code, handshake.phase)
    const hasTlsFailed = session.protection !== undefined
    return { kind: 'failed', session, failure, hasTlsFailed, notice: session.notice }
  }
}

class Handshake {
  readonly #context: HandshakeContext
  readonly #session: SmtpSession
  readonly #terms: HandshakeTerms
  #timeoutMs: number
  phase = 'receiving the initial server greeting'
  /** After a TLS handshake that failed: the connection is closed. */
  hasTlsFailed = false

  constructor(context: HandshakeContext, session: SmtpSession, terms: HandshakeTerms) {
    this.#context = context
    this.#session = session
    this.#terms = terms
    this.#timeoutMs = context.options.heloTimeoutMs
  }

  /** @throws {ConversationError} */
  async run(): Promise<Failure | undefined> {
    try {
      return await this.#run()
    } catch (error) {
      if (!(error instanceof TableError)) throw error
      return localDataError(this.#session.server)
    }
  }

  async #run(): Promise<Failure | undefined> {
    const { tls } = this.#context
    if (tls?.options.wrapperMode && this.#terms.policy !== undefined) {
      const failure = await this.#startTls(tls, this.#terms.policy)
      if (failure !== undefined) return failure
    }
    const { sasl } = this.#context
    const failure = (await this.#greet()) ?? (await this.#secure())
    if (failure !== undefined || sasl === undefined) return failure
    return sasl.run(this.#session, this.#terms, () => this.#read())
  }

  async #greet(): Promise<Failure | undefined> {
    const greeting = await this.#read()
    const refused = this.#judgeGreeting(greeting)
    if (refused !== undefined) return refused
    const { server } = this.#session
    const pix = await pixWorkarounds(this.#context, server, this.#terms, greeting.text)
    this.#session.delaysDot = pix.delayDotCrlf
    const isExtended = !pix.disableEsmtp && this.#sendsEhlo(greeting)
    const failure = this.#isLmtp || isExtended ? await this.#ehlo() : await this.#helo()
    return failure ?? this.#judgeFeatures()
  }

  /** STARTTLS, if the policy wants it, and another EHLO or LHLO (C-62 to C-64). */
  async #secure(): Promise<Failure | undefined> {
    const { tls, log } = this.#context
    const { policy } = this.#terms
    const { server, connection, features, protection } = this.#session
    if (protection !== undefined) return undefined
    const isWanted = policy !== undefined && policy.level !== 'none' && !policy.isAvoided
    if (!isWanted || !features.starttls || tls === undefined) {
      const isNoted = features.starttls && tls?.options.noteStarttlsOffer
      if (isNoted) log.info(`Host offered STARTTLS: [${server.name}]`)
      const text = `TLS is required, but was not offered by host ${hostText(server)}`
      return this.#stayInPlaintext({ kind: 'host', status: '4.7.4', text })
    }
    this.phase = 'receiving the STARTTLS response'
    this.#timeoutMs = tls.options.starttlsTimeoutMs
    connection.send('STARTTLS\r\n')
    const reply = await this.#read()
    const isRefused = reply.code < 200 || reply.code > 299
    if (isRefused) return this.#stayInPlaintext(refusedTls(server, reply), reply)
    const failure = await this.#startTls(tls, policy)
    return failure ?? (await this.#ehlo()) ?? this.#judgeFeatures()
  }

  /** @returns the failure, if that is not put up with. @param refusal of STARTTLS. */
  #stayInPlaintext(failure: Failure, refusal?: SmtpReply): Failure | undefined {
    const { policy, requireTls } = this.#terms
    const { server } = this.#session
    const { level } = policy ?? { level: 'none' }
    const isRequired = isMandatory(level)
    this.#session.stayInPlaintext(!isRequired)
    const demanded = requireTls?.inPlaintext(level, server, refusal)
    return demanded ?? (isRequired ? failure : undefined)
  }

  async #startTls(tls: TlsEngine, policy: TlsPolicy): Promise<Failure | undefined> {
    const { options, log } = this.#context
    const session = this.#session
    const { nexthop: destination, domain: nexthop, queueId } = this.#terms
    const peer = { server: session.server, destination, nexthop, queueId }
    const started = await tls.start(session.connection.detach(), policy, peer)
    if (started.kind === 'failed') {
      this.hasTlsFailed = true
      const kind = isMandatory(policy.level) ? 'host' : 'message'
      return { kind, status: '4.7.5', text: 'Cannot start TLS: handshake failure' }
    }
    const events = session.connectionEvents(log, options.helpfulWarnings)
    const connection = converse(this.#context, started.socket, events)
    session.protect(connection, started.protection)
    const { isAcceptable, summary } = started.protection
    const demanded = this.#terms.requireTls?.withCertificate(summary[0], session.server)
    if (demanded !== undefined || isAcceptable) return demanded
    return { kind: 'host', status: '4.7.5', text: 'Server certificate not verified' }
  }

  #judgeGreeting(greeting: SmtpReply): Failure | undefined {
    const { options, log } = this.#context
    const { server } = this.#session
    const { queueId } = this.#terms
    const replyClass = Math.floor(greeting.code / 100)
    if (replyClass === 5 && options.skip5xxGreeting) {
      return refusal(server, greeting, `4${greeting.status.slice(1)}`)
    }
    if (replyClass !== 2) return refusal(server, greeting)

    const name = words(greeting)[0] ?? ''
    if (this.#isOwnName(name)) {
      const relay = relayText(server)
      log.warning(`host ${relay} greeted me with my own hostname ${name}`, { queueId, relay })
    }
    return undefined
  }

  #sendsEhlo(greeting: SmtpReply): boolean {
    const { sendEhlo } = this.#context.options
    if (sendEhlo !== 'when-announced') return sendEhlo === 'always'
    return words(greeting).some((word) => word.toUpperCase() === 'ESMTP')
  }

  get #isLmtp(): boolean {
    return this.#context.options.lmtp !== undefined
  }

  /** EHLO, or in LMTP LHLO, which has nothing to fall back to (RFC 2033 4.1). */
  async #ehlo(): Promise<Failure | undefined> {
    const { options, log } = this.#context
    const { server, connection } = this.#session
    const verb = this.#isLmtp ? 'LHLO' : 'EHLO'
    this.phase = `performing the ${verb} handshake`
    this.#timeoutMs = options.heloTimeoutMs
    connection.send(`${verb} ${options.heloName}\r\n`)
    const reply = await this.#read()
    const isAccepted = reply.code >= 200 && reply.code <= 299
    if (!isAccepted && (this.#isLmtp || reply.code === 421)) return refusal(server, reply)
    if (!isAccepted) return this.#helo()

    const discard = await this.#discardList()
    if (discard === undefined) return localDataError(server)
    const features = parseEhlo(reply.text, discard.keywords, (argument) =>
      log.warning(`bad EHLO SIZE limit "${argument}" from ${relayText(server)}`),
    )
    if (discard.logText !== undefined) log.info(discard.logText)
    if (this.#isOwnName(features.name)) {
      return this.#loopFailure(features.name)
    }
    if (features.smtputf8 && !features.eightBitMime) {
      log.info(`host ${hostText(server)} offers SMTPUTF8 support, but not 8BITMIME`)
    }
    const eightBitMime = features.eightBitMime || features.smtputf8
    const requireTls = features.requireTls && this.#session.protection !== undefined
    this.#session.features = { ...features, eightBitMime, requireTls }
    return undefined
  }

  /** The keywords to overlook for this server; undefined if that cannot be found out. */
  async #discardList(): Promise<DiscardList | undefined> {
    const { discard, log } = this.#context
    const { discardEhloKeywordMaps: maps } = this.#context.options
    if (maps === undefined) return discard
    const { address } = this.#session.server
    try {
      const found = await maps(address)
      return found === undefined ? discard : discardList(found.split(/[\s,]+/))
    } catch {
      // The table has said why.
      const { queueId } = this.#terms
      const nameOf = parameterNames(this.#context.options.lmtp)
      const name = nameOf('smtp_discard_ehlo_keyword_address_maps')
      const text = `${name} map lookup error for ${address}`
      log.warning(`${queueId}: ${text}`, { queueId })
      return undefined
    }
  }

  async #helo(): Promise<Failure | undefined> {
    const { server, connection } = this.#session
    this.phase = 'performing the HELO handshake'
    connection.send(`HELO ${this.#context.options.heloName}\r\n`)
    const reply = await this.#read()
    this.#session.features = NO_FEATURES
    return reply.code >= 200 && reply.code <= 299 ? undefined : refusal(server, reply)
  }

  #judgeFeatures(): Failure | undefined {
    const { server, features, protection } = this.#session
    const { needsSmtputf8, requireTls } = this.#terms
    if (!needsSmtputf8 || features.smtputf8) {
      return protection && requireTls?.withFeatures(features.requireTls, server)
    }
    const text =
      'message requires SMTPUTF8, but no server was found that supports SMTPUTF8. ' +
      `The last attempted server was ${hostText(server)}`
    return { kind: 'unsupported', status: '5.6.7', text }
  }

  #loopFailure(name: string): Failure {
    const { request, bestPreference } = this.#terms
    const { relay } = this.#session
    this.#context.log.warning(`host ${relay} replied to HELO/EHLO with my own hostname ${name}`)
    const status = bestPreference ? '5.4.6' : '4.4.6'
    return { kind: 'host', status, text: `mail for ${request} loops back to myself` }
  }

  /** Whether this host talks to itself, where that would be a mistake. */
  #isOwnName(name: string): boolean {
    if (this.#isLmtp || this.#session.server.port !== MAIL_PORT) return false
    return name.toLowerCase() === this.#context.options.myhostname.toLowerCase()
  }

  #read(): SmtpReply | Promise<SmtpReply> {
    return this.#session.connection.read(this.#timeoutMs)
  }
}

/** The words after the code; of all lines, since any may say ESMTP (C-47). */
function words(greeting: SmtpReply): string[] {
  return oneLine(greeting)
    .slice(4)
    .split(' ')
    .filter((word) => word !== '')
}
