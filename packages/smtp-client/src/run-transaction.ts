import type { Clock } from '@posthouse/clock'
import type { Logger } from '@posthouse/mail-log'

import { checkedContent } from './checked-content.ts'
import { mailCommand, needsConversion, rcptCommand } from './commands.ts'
import { ContentInspector } from './content-checks.ts'
import { ConversationError, isEndOfSession, TableError } from './errors.ts'
import {
  conversationFailure,
  type Failure,
  hostText,
  localDataError,
  oneLine,
  rejection,
} from './failure.ts'
import type { GenericMapping } from './generic-mapping.ts'
import type { SmtpClientOptions } from './options.ts'
import type { AttemptFacts, Outcomes } from './outcomes.ts'
import type { SmtpReply } from './reply.ts'
import type { SmtpDelivery } from './request.ts'
import { ContentError, sendContent } from './send-content.ts'
import type { SmtpSession } from './session.ts'
import { MimeNestingError, sevenBitContent } from './seven-bit-content.ts'
import {
  type AwaitedCommand,
  type OpeningCommand,
  type Step,
  Transaction,
  type Verdict,
} from './transaction.ts'
import { xforwardCommands } from './xforward.ts'

/** What a transaction works with. */
export interface TransactionContext {
  readonly options: SmtpClientOptions
  /** With the addresses that go out (C-172). */
  readonly delivery: SmtpDelivery
  readonly outcomes: Outcomes
  /** Of addresses in headers. */
  readonly mapping: GenericMapping | undefined
  readonly clock: Clock
  readonly log: Logger
}

/** How a transaction left its session. */
export type SessionEnd =
  /** As it was before: to be kept, or ended with QUIT or without, as the caller sees fit. */
  | 'open'
  /** Nothing was sent in this transaction. */
  | 'unused'
  /** QUIT was sent. */
  | 'quit'
  /** Lost, or in the middle of a message: fit for nothing but to be closed. */
  | 'broken'

const PHASES: Readonly<Record<AwaitedCommand, string>> = {
  'opening RSET command': 'sending RSET',
  'XFORWARD name/address command': 'sending XFORWARD name/address',
  'XFORWARD helo/protocol command': 'sending XFORWARD protocol/helo_name',
  'MAIL FROM command': 'sending MAIL FROM',
  'RCPT TO command': 'sending RCPT TO',
  'DATA command': 'sending DATA command',
  'end of DATA command': 'sending end of data -- message may be sent more than once',
  'final RSET command': 'sending final RSET',
}

/**
 * Sends one message to the open recipients in a session, and records what becomes of them. In a
 * session that was kept, `revive` comes first.
 */
export class TransactionRun {
  readonly session: SmtpSession
  readonly #context: TransactionContext
  readonly #indexes: readonly number[]
  // Positions in `#indexes` that something was decided about in this session. Who was rejected
  // softly while other servers remain is open, but must not be taken for delivered when the message
  // is (C-85).
  #decided: boolean[] = []
  readonly #mayKeep: boolean
  #final = false
  #finalIfBroken = false
  #hasBroken = false
  #transaction: Transaction | undefined
  #setupDoneMs: number | undefined
  #sendingContent = false

  /** @param mayKeep The session may be kept for another delivery if nothing speaks against it. */
  constructor(context: TransactionContext, session: SmtpSession, mayKeep: boolean) {
    this.session = session
    this.#context = context
    this.#indexes = context.outcomes.openIndexes()
    this.#mayKeep = mayKeep
  }

  /**
   * Finds out with RSET whether a kept session is still good (C-121). A server that takes commands
   * in groups gets the first of the transaction with it. False: the session is closed, and nothing
   * happened to any recipient, since no content was sent.
   */
  async revive(): Promise<boolean> {
    const { delivery, options } = this.#context
    const { connection } = this.session
    this.session.reassign(delivery.queueId)
    try {
      if (!connection.failed) {
        this.#transaction = this.#begin(true)
        const step = this.#transaction.next()
        connection.send(step.kind === 'send' ? step.text : 'RSET\r\n')
        const pending = connection.read(options.rsetTimeoutMs)
        const reply = pending instanceof Promise ? await pending : pending
        this.#transaction.reply(reply)
        if (reply.code >= 200 && reply.code <= 299) return true
      }
    } catch (error) {
      // Nothing but the question was asked, so nothing failed: another session will do.
      if (!isEndOfSession(error)) throw error
    }
    connection.destroy()
    return false
  }

  /** Whether the conversation broke in the middle of the transaction. */
  get hasBroken(): boolean {
    return this.#hasBroken
  }

  /**
   * @param final No other server will be tried for recipients that stay open (C-28).
   * @param finalIfBroken The same, if the conversation breaks: there may be another way (C-97).
   */
  run(final: boolean, finalIfBroken: boolean): SessionEnd | Promise<SessionEnd> {
    const { clock } = this.#context
    this.#final = final
    this.#finalIfBroken = finalIfBroken
    this.#setupDoneMs = clock.now()
    if (this.#transaction !== undefined) return this.#converse(this.#transaction)
    const obstacle = this.#sizeObstacle()
    if (obstacle !== undefined) {
      this.#fail(obstacle)
      return this.#completed('unused')
    }
    const { protection } = this.session
    const mustWait = protection !== undefined && this.#context.options.tls?.blockEarlyMailReply
    return mustWait ? this.#waitAndConverse() : this.#converse(this.#begin(false))
  }

  async #waitAndConverse(): Promise<SessionEnd> {
    return (await this.#answersTooEarly()) ? 'open' : this.#converse(this.#begin(false))
  }

  /** Whether there is a reply to a MAIL command that was not sent, maybe sent before TLS (C-65). */
  async #answersTooEarly(): Promise<boolean> {
    const { connection, server } = this.session
    const { clock, log } = this.#context
    // What has come in one piece with the last reply is not here before the next turn.
    await new Promise<void>((resolve) => clock.after(0, resolve))
    if (!connection.hasUnread) return false
    log.warning(`server ${hostText(server)} violates smtp_tls_block_early_mail_reply policy`)
    this.session.spoil()
    this.#fail({ kind: 'host', status: '4.7.0', text: 'unexpected server message' })
    return true
  }

  #begin(resetFirst: boolean): Transaction {
    const { delivery, options } = this.#context
    const { features } = this.session
    const rcpts = this.#indexes.map((index) =>
      rcptCommand(delivery.recipients[index]!, delivery, features, options),
    )
    const probe = delivery.isProbe ? options.addressVerifyTarget : undefined
    const dummyAuth = options.sasl?.dummyMailAuth && this.session.hasLoggedIn ? ' AUTH=<>' : ''
    const asksTls = this.session.requireTls !== undefined
    const mail = mailCommand(delivery, features, options, asksTls) + dummyAuth
    const isLmtp = options.lmtp !== undefined
    const commands = { mail, rcpts, probe, isLmtp, xforward: this.#xforward() }
    const keep = (): boolean => this.#mayKeep && this.session.reusable
    return new Transaction(commands, features.pipelining, keep, resetFirst)
  }

  #xforward(): OpeningCommand[] | undefined {
    const { delivery, options } = this.#context
    const { xforward } = this.session.features
    if (!options.sendXforward || xforward.length === 0) return undefined
    return delivery.origin && xforwardCommands(xforward, delivery.origin())
  }

  /** The message is worth more than what is known of it. */
  #noteRefusal(reply: SmtpReply, command: AwaitedCommand): void {
    if (reply.code >= 200 && reply.code <= 299) return
    const { log, delivery } = this.#context
    const { queueId } = delivery
    const { relay } = this.session
    const text = `host ${relay} said: ${oneLine(reply)} (in reply to ${command})`
    log.warning(text, { queueId, relay })
  }

  async #converse(transaction: Transaction): Promise<SessionEnd> {
    const { connection } = this.session
    try {
      for (;;) {
        // Of a revived session the first commands are out already.
        let command = transaction.expecting
        for (; command !== undefined; command = transaction.expecting) {
          const pending = connection.read(this.#timeoutMs(command))
          const reply = pending instanceof Promise ? await pending : pending
          if (command.startsWith('XFORWARD')) this.#noteRefusal(reply, command)
          this.#apply(transaction.reply(reply))
        }
        const step = transaction.next()
        if (step.kind === 'done') return this.#completed(step.end)
        const sending = this.#send(step)
        const early = sending instanceof Promise ? await sending : sending
        if (early === undefined) continue
        await this.#applyEarly(early, transaction)
        return this.#completed('broken')
      }
    } catch (error) {
      this.session.spoil()
      this.#recordBreak(error, transaction.expecting)
      return 'broken'
    }
  }

  #completed(end: SessionEnd): SessionEnd {
    this.#context.outcomes.completeSession()
    return end
  }

  /** Takes replies that are here although the connection is lost. @throws {ConversationError} */
  async #applyEarly(first: SmtpReply, transaction: Transaction): Promise<void> {
    let reply: SmtpReply | undefined = first
    for (; reply !== undefined; reply = await this.session.connection.peek()) {
      if (transaction.expecting === undefined) return
      this.#apply(transaction.reply(reply))
    }
    // LMTP: there were not enough for all recipients.
    if (this.#undecided().length > 0) throw new ConversationError('lost')
  }

  #send(step: Exclude<Step, { kind: 'done' }>): Promise<SmtpReply | undefined> | undefined {
    if (step.kind === 'content' && !step.empty) return this.#sendContent(step.trailer)
    this.session.connection.send(step.kind === 'send' ? step.text : step.trailer)
    return undefined
  }

  /** Gives the reply of a server that did not wait for the end of the message (C-88). */
  #sendContent(trailer: string): Promise<SmtpReply | undefined> | undefined {
    const { connection } = this.session
    const { delivery, options, log } = this.#context
    const { contentSize, queueId } = delivery
    const { contentLineLimit: lineLimit, dataXferTimeoutMs: timeoutMs } = options
    const sent = (broke: boolean): undefined => {
      this.#sendingContent = false
      connection.noteSent(trailer)
      if (!broke) return
      const text = `${queueId}: breaking line > ${lineLimit} bytes with <CR><LF>SPACE`
      log.info(text, { queueId })
    }
    this.#sendingContent = true
    const content = this.#content()
    const pause = this.session.delaysDot ? this.#pause : undefined
    const plan = { content, contentSize, lineLimit, trailer, pause, timeoutMs }
    const sending = sendContent(connection, plan)
    if (sending instanceof Promise) return sending.then(sent, (error) => this.#early(error))
    return sent(sending)
  }

  readonly #pause = (): Promise<void> => {
    const { clock, options } = this.#context
    return new Promise((resolve) => void clock.after(options.pixDelayMs, resolve))
  }

  #content(): SmtpDelivery['content'] {
    const { delivery, options, mapping, log } = this.#context
    const { content, queueId } = delivery
    const { contentChecks, mimeLimits, replyLineLimit: lineLengthLimit } = options
    const isConverted = needsConversion(delivery, this.session.features, options)
    const limits = { ...mimeLimits, lineLengthLimit }
    if (contentChecks === undefined && mapping === undefined) {
      return isConverted ? sevenBitContent(content, limits) : content
    }
    const inspector = contentChecks && new ContentInspector(contentChecks, queueId, log)
    return checkedContent(content, { inspector, mapping }, limits, isConverted)
  }

  async #early(error: unknown): Promise<SmtpReply> {
    const isLost = error instanceof ConversationError && error.code === 'lost'
    const early = isLost ? await this.session.connection.peek() : undefined
    if (early === undefined) throw error
    this.session.spoil()
    return early
  }

  #apply(verdict: Verdict | undefined): void {
    if (verdict === undefined) return
    const { reply, recipient, command } = verdict
    if (verdict.kind === 'delivered') {
      const served = this.#decide(recipient)
      this.#context.outcomes.deliver(served, reply.status, oneLine(reply), this.#facts())
      return
    }
    const failure = rejection(this.session.server, reply, command)
    if (failure.errorClass !== undefined) this.session.noteError(failure.errorClass)
    this.#fail(failure, recipient)
  }

  #undecided(): number[] {
    return this.#indexes.filter((_, at) => this.#decided[at] === undefined)
  }

  /** Decides about one recipient of the transaction, or all that nothing decided about. */
  #decide(recipient: number | undefined): number[] {
    if (recipient !== undefined) {
      this.#decided[recipient] = true
      return [this.#indexes[recipient]!]
    }
    const undecided = this.#undecided()
    this.#decided = this.#indexes.map(() => true)
    return undecided
  }

  #recordBreak(error: unknown, awaited: AwaitedCommand | undefined): void {
    const { server } = this.session
    this.#final = this.#finalIfBroken
    this.#hasBroken = true
    if (error instanceof ConversationError) {
      const phase =
        this.#sendingContent || awaited === undefined ? 'sending message body' : PHASES[awaited]
      this.#fail(conversationFailure(server, error.code, phase))
    } else if (error instanceof TableError) {
      this.session.noteError('data')
      this.#fail(localDataError(server))
    } else if (error instanceof ContentError && error.cause instanceof MimeNestingError) {
      this.#fail({ kind: 'message', status: '5.6.0', text: error.cause.message })
    } else if (error instanceof ContentError) {
      const { log, delivery } = this.#context
      const cause = error.cause instanceof Error ? error.cause.message : String(error.cause)
      const { queueId } = delivery
      if (!(error.cause instanceof TableError)) {
        log.warning(`${queueId}: ${error.message}: ${cause}`, { queueId, reason: cause })
      }
      this.session.noteError('data')
      this.#fail(localDataError(server))
    } else {
      this.session.connection.destroy()
      throw error
    }
  }

  #fail(failure: Failure, recipient?: number): void {
    this.#context.outcomes.fail(this.#decide(recipient), failure, this.#facts())
  }

  #facts(): AttemptFacts {
    const { server, relay, uses, features } = this.session
    const { clock, options } = this.#context
    return {
      relay,
      serverName: server.name,
      uses,
      setupDoneMs: this.#setupDoneMs,
      doneMs: clock.now(),
      final: this.#final,
      isFinalDelivery: options.finalDelivery,
      dsn: features.dsn,
    }
  }

  #sizeObstacle(): Failure | undefined {
    const { contentSize } = this.#context.delivery
    const { sizeLimit } = this.session.features
    // A reused session is not asked again: what it announced is long past (C-119).
    if (contentSize === undefined || sizeLimit === 0 || this.session.uses > 1) return undefined
    if (contentSize <= sizeLimit) return undefined
    const host = hostText(this.session.server)
    const text = `message size ${contentSize} exceeds size limit ${sizeLimit} of server ${host}`
    return { kind: 'message', status: '5.3.4', text }
  }

  #timeoutMs(command: AwaitedCommand): number {
    const { options } = this.#context
    switch (command) {
      case 'XFORWARD name/address command':
      case 'XFORWARD helo/protocol command':
        return options.xforwardTimeoutMs
      case 'MAIL FROM command':
        return options.mailTimeoutMs
      case 'RCPT TO command':
        return options.rcptTimeoutMs
      case 'DATA command':
        return options.dataInitTimeoutMs
      case 'end of DATA command':
        return options.dataDoneTimeoutMs
      case 'opening RSET command':
      case 'final RSET command':
        return options.rsetTimeoutMs
    }
  }
}
