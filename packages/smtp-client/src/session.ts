import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'
import type { MailServer } from '@posthouse/mx-lookup'

import type { Connection, ConnectionEvents } from './connection.ts'
import { NO_FEATURES, type ServerFeatures } from './ehlo.ts'
import { isEndOfSession } from './errors.ts'
import { relayText, type SessionErrorClass } from './failure.ts'
import { parameterNames } from './lmtp.ts'
import type { SmtpClientOptions } from './options.ts'
import { filteredLine } from './reply-filter.ts'
import type { SessionNotice } from './request.ts'
import { SessionTranscript } from './session-transcript.ts'
import type { RequireTlsCheck } from './tls/require-tls-check.ts'
import type { Protection } from './tls/tls-engine.ts'
import { type TlsState, tlsFeature } from './tls/tls-feature.ts'
import type { TlsPolicy } from './tls/tls-policy.ts'

/** When a session may be used again (C-114), and when it is told of (C-110). */
type SessionOptions = Pick<
  SmtpClientOptions,
  'reuseTimeLimitMs' | 'reuseCountLimit' | 'notifyClasses' | 'replyFilter' | 'lmtp'
>

/**
 * A conversation with one server, over one or more deliveries. Made by SmtpClient; to anybody else
 * it is an opaque thing to be kept in a session cache.
 */
export class SmtpSession {
  readonly server: MailServer
  /** `name[address]:port` of the server. */
  readonly relay: string
  readonly policy: TlsPolicy | undefined
  /** For mail that asks for REQUIRETLS; undefined: for other mail. */
  readonly requireTls: RequireTlsCheck | undefined
  readonly #clock: Clock
  readonly #options: SessionOptions
  readonly #expiresMs: number
  #connection: Connection | undefined
  #features = NO_FEATURES
  #protection: Protection | undefined
  #tlsState: TlsState = 'undecided'
  /** Whether we have logged in. */
  hasLoggedIn = false
  /** Whether all that is said is logged, but for the content. */
  isVerbose = false
  /** By which it is kept for deliveries to its server; undefined until it is kept. */
  endpointLabel: string | undefined
  /** Whether a firewall needs a pause before the last dot of messages (C-51). */
  delaysDot = false
  #uses = 1
  #unfit = false
  #isGivenUp = false
  #queueId = ''
  /** Of the delivery of now; undefined: nobody would be told. */
  #transcript: SessionTranscript | undefined
  #mustTell = false

  /** @param terms by which it is made; without a policy it has no TLS. */
  constructor(
    server: MailServer,
    { policy, requireTls }: Pick<SmtpSession, 'policy' | 'requireTls'>,
    options: SessionOptions,
    clock: Clock,
  ) {
    this.server = server
    this.relay = relayText(server)
    this.policy = policy
    this.requireTls = requireTls
    this.#clock = clock
    this.#options = options
    this.#expiresMs = clock.now() + options.reuseTimeLimitMs
    this.#record()
  }

  /** Deliveries in this session, the present one included. */
  get uses(): number {
    return this.#uses
  }

  get features(): ServerFeatures {
    return this.#features
  }

  set features(features: ServerFeatures) {
    this.#features = features
  }

  get connection(): Connection {
    return this.#connection! // Every session that leaves the handshake's hands has one.
  }

  set connection(connection: Connection) {
    this.#connection = connection
    if (this.#isGivenUp) connection.giveUp()
  }

  /** The time of the delivery is over: whatever is waited for in this session has failed. */
  giveUp(): void {
    this.#isGivenUp = true
    this.#connection?.giveUp()
  }

  /** How the connection is protected; undefined while it is in plaintext. */
  get protection(): Protection | undefined {
    return this.#protection
  }

  /** How that was settled, as `tls=` shows it. */
  get tlsFeature(): string {
    const feature = tlsFeature(this.policy, this.#tlsState)
    return this.requireTls === undefined ? feature : `${feature}/${this.requireTls.feature}`
  }

  /** The conversation goes on in plaintext, or ends because it may not. */
  stayInPlaintext(isAllowed: boolean): void {
    this.#tlsState = isAllowed ? 'plaintext' : 'violated'
  }

  /** From here on, the conversation goes over another connection, with TLS. */
  protect(connection: Connection, protection: Protection): void {
    this.connection = connection
    this.#protection = protection
    this.#tlsState = protection.isAcceptable ? 'secured' : 'violated'
    this.#features = NO_FEATURES
  }

  /** Whether sessions like this one are kept at all: with TLS only if that is wanted (C-128). */
  get mayBeKept(): boolean {
    return this.#protection === undefined || this.policy?.connectionReuse === true
  }

  /** Whether the session may serve another delivery after this one (C-114). */
  get reusable(): boolean {
    const { reuseCountLimit } = this.#options
    if (!this.mayBeKept || this.#unfit || this.connection.failed || this.expired) return false
    return reuseCountLimit === 0 || this.#uses - 1 < reuseCountLimit
  }

  /** Past its time: ended with QUIT, since nothing else is wrong with it (C-86). */
  get expired(): boolean {
    return this.#clock.now() >= this.#expiresMs
  }

  /** Something happened that forbids another delivery (C-93). */
  get unfit(): boolean {
    return this.#unfit
  }

  /** Forbids reuse. */
  spoil(): void {
    this.#unfit = true
  }

  /** Something was out of order: it forbids reuse, and the postmaster may want to know. */
  noteError(errorClass: SessionErrorClass): void {
    this.spoil()
    if (this.#options.notifyClasses.has(errorClass)) this.#mustTell = true
  }

  /** What the postmaster is to be told; undefined: nothing (C-110). */
  get notice(): SessionNotice | undefined {
    const transcript = this.#transcript
    if (!this.#mustTell || transcript === undefined) return undefined
    return { relay: this.relay, transcript: transcript.lines }
  }

  #record(): void {
    const isWanted = this.#options.notifyClasses.size > 0
    this.#transcript = isWanted ? new SessionTranscript() : undefined
  }

  /** Who is served now, for log lines. */
  assign(queueId: string): void {
    this.#queueId = queueId
  }

  /** Gives the session to one more delivery; whether it is still good is not known yet (C-121). */
  reassign(queueId: string): void {
    this.assign(queueId)
    this.#record() // The next delivery's notice has nothing of this one.
    this.#uses++
    if (this.#protection !== undefined) this.#tlsState = 'undecided' // As in Postfix.
  }

  #hear(line: string, log: Logger): void {
    this.#transcript?.received(line)
    if (this.isVerbose) this.#tell(log, '<', [line])
  }

  #tell(log: Logger, direction: '<' | '>', lines: readonly string[]): void {
    const { relay } = this
    const queueId = this.#queueId
    for (const line of lines) log.info(`${direction} ${relay}: ${line}`, { queueId, relay })
  }

  /** What becomes log lines of this session (C-39, C-42, C-43), and part of its transcript. */
  connectionEvents(log: Logger, helpfulWarnings: boolean): ConnectionEvents {
    const { replyFilter } = this.#options
    const isHeard = this.#transcript !== undefined || this.isVerbose
    const recording = isHeard && {
      sent: (text: string) => {
        this.#transcript?.sent(text)
        if (this.isVerbose) this.#tell(log, '>', text.split('\r\n').slice(0, -1))
      },
      // What a filter makes of a line is not what the server said.
      ...(replyFilter === undefined && { line: (line: string) => this.#hear(line, log) }),
    }
    const filtering = replyFilter && {
      filter: (line: string) => {
        this.#hear(line, log)
        const replaced = (text: string): void => this.#transcript?.replaced(text)
        return filteredLine(line, replyFilter, this.server, this.#queueId, log, replaced)
      },
    }
    return {
      ...recording,
      ...filtering,
      tooLong: (text) => {
        const { relay } = this
        log.warning(`${relay}: ${text}`, { queueId: this.#queueId, relay })
      },
      garbage: (line) => {
        this.noteError('protocol')
        if (!this.#features.pipelining) return
        const { relay } = this
        const queueId = this.#queueId
        const start = line.slice(0, 100)
        const { lmtp } = this.#options
        const protocol = lmtp === undefined ? 'ESMTP' : 'LMTP'
        const text = `${queueId}: non-${protocol} response from ${relay}: ${start}`
        log.warning(text, { queueId, relay })
        if (!helpfulWarnings) return
        const name = parameterNames(lmtp)('smtp_discard_ehlo_keyword_address_maps')
        log.warning(
          'to prevent loss of mail, turn off command pipelining for ' +
            `${this.server.address} with the ${name} parameter`,
        )
      },
    }
  }
}

/** Ends a conversation politely (C-87). The outcome of the delivery does not depend on it. */
export async function quit(
  connection: Connection,
  options: Pick<SmtpClientOptions, 'skipQuitResponse' | 'quitTimeoutMs'>,
  quitSent: boolean,
): Promise<void> {
  if (!quitSent) connection.send('QUIT\r\n')
  if (!options.skipQuitResponse) {
    try {
      await connection.read(options.quitTimeoutMs)
    } catch (error) {
      if (!isEndOfSession(error)) throw error
    }
  }
  connection.close()
}
