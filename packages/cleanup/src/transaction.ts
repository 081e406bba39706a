import assert from 'node:assert'
import type { Later } from '@posthouse/lookup-table'
import { type NewContent, QueueFileError } from '@posthouse/queue-store'

import type { AddressMapping, Warn } from './address-mapping.ts'
import { type CleanupOrigin, clientAttributes, isClient, shownOrigin } from './client.ts'
import { RefusalError } from './errors.ts'
import { type InspectedMessage, Inspection } from './inspection.ts'
import { andThen } from './later.ts'
import type { CleanupMessage, CleanupPorts, MessageDraft, Submission } from './ports.ts'
import { receivedHeader } from './received-header.ts'
import { receivedRecipient } from './received-recipient.ts'
import {
  isUtf8Address,
  mappedEnvelope,
  type ReceivedEnvelope,
  type RecipientContext,
  type StoredEnvelope,
  storedEnvelope,
  withCopies,
} from './recipients.ts'
import { type CleanupRejection, type CleanupResult, rejection } from './result.ts'
import { type ContentContext, type StoredContent, storedContent } from './stored-content.ts'

/** What all transactions of a `Cleanup` work with. */
export interface TransactionContext extends ContentContext, RecipientContext {
  readonly ports: CleanupPorts
  /** `MAILER-DAEMON`, completed, in lower case: as a sender it is the null sender. */
  readonly nullSender: string
  /** Empty: none. */
  readonly alwaysBcc: string
  /** Undefined: no maps. */
  readonly mapping: AddressMapping | undefined
}

/** A message that is ready to be stored. */
interface Prepared {
  readonly kind: 'prepared'
  readonly message: NewContent
  readonly isHeld: boolean
}

type Outcome = Prepared | { readonly kind: 'discarded' } | CleanupRejection

const NO_SUBMISSION: Submission = {
  fullName: '',
  lateRecipients: [],
  leadingAttributes: [],
  attributes: [],
  sendOptions: 0,
}

// Postfix finds that a file is too large when it writes so many bytes: what comes before, beyond
// the limit, is looked at, and may be refused for something else.
const WRITE_BYTES = 4096

// Bits of F-34.
const SMTPUTF8_REQUIRED = 1
const UTF8_HEADER = 2
const UTF8_SENDER = 4
const TLS_REQUIRED_NO = 16
const REQUIRETLS = 32

/** A queue id that waits for its message. Ends with one call of `submit` or `abort`. */
export class CleanupTransaction {
  readonly #context: TransactionContext
  readonly #origin: CleanupOrigin
  readonly #draft: MessageDraft
  #isOpen = true

  /** Made by `Cleanup.open`. */
  constructor(context: TransactionContext, origin: CleanupOrigin, draft: MessageDraft) {
    this.#context = context
    this.#origin = origin
    this.#draft = draft
  }

  /** The queue id, known before the message is. */
  get id(): string {
    return this.#draft.id
  }

  /**
   * Stores the message. `queued` means durable: the queue file is complete, flushed to stable
   * storage and marked ready.
   *
   * @throws what `rewrite`, a map that is broken (not one that cannot answer now) or a broken store
   * throw; the queue file is then removed.
   */
  async submit(message: CleanupMessage): Promise<CleanupResult> {
    this.#end()
    let outcome: Outcome
    try {
      const preparing = this.#prepare(message)
      outcome = preparing instanceof Promise ? await preparing : preparing
    } catch (error) {
      outcome = await this.#rejectionOf(error)
    }
    if (outcome.kind !== 'prepared') return this.#remove(outcome)
    const { isHeld } = outcome
    const queue = isHeld ? 'hold' : this.#context.ports.queue
    try {
      const envelope = await this.#draft.finish(outcome.message, queue)
      return { kind: isHeld ? 'held' : 'queued', envelope }
    } catch (error) {
      if (!(error instanceof QueueFileError)) throw error
      return this.#refuse(this.#fileRejection(error))
    }
  }

  /** Gives the queue id up: the client went away or broke the protocol. */
  async abort(): Promise<void> {
    this.#end()
    await this.#draft.abort()
    this.#logRemoved('canceled')
  }

  async #rejectionOf(error: unknown): Promise<CleanupRejection> {
    if (error instanceof RefusalError) return this.#tableRejection(error)
    if (error instanceof QueueFileError) return this.#fileRejection(error)
    await this.#draft.abort()
    throw error
  }

  async #remove(outcome: Exclude<Outcome, Prepared>): Promise<CleanupResult> {
    await this.#draft.abort()
    if (outcome.kind === 'rejected') return this.#refuse(outcome)
    this.#logRemoved('discarded')
    return { kind: 'discarded', id: this.id }
  }

  #end(): void {
    assert(this.#isOpen, 'expected one call of submit or abort')
    this.#isOpen = false
  }

  #prepare(message: CleanupMessage): Later<Outcome> {
    const { mapping, alwaysBcc } = this.#context
    const sender = this.#sender(message.sender)
    const verpDelimiters = this.#verpDelimiters(message)
    const received = receivedEnvelope(sender, message)
    if (mapping !== undefined) {
      return this.#mapEnvelope(received, mapping).then((envelope) =>
        this.#withContent(message, envelope, verpDelimiters),
      )
    }
    const envelope = storedEnvelope(received, this.#context, alwaysBcc)
    return this.#withContent(message, envelope, verpDelimiters)
  }

  async #mapEnvelope(received: ReceivedEnvelope, mapping: AddressMapping): Promise<StoredEnvelope> {
    const { sender } = received
    const mapped = sender && (await mapping.map(sender, 'envelope_sender', this.#warn))
    return mappedEnvelope({ ...received, sender: mapped }, this.#context, mapping, this.#warn)
  }

  #withContent(
    message: CleanupMessage,
    envelope: StoredEnvelope,
    verpDelimiters: string | undefined,
  ): Later<Outcome> {
    const { mapping, log, options } = this.#context
    const { submission = NO_SUBMISSION, arrivalTimeMs } = message
    const origin = shownOrigin(this.#origin, options.clientPortLogging)
    const inspection = new Inspection(this.#inspected(envelope, origin), log)
    const task = {
      text: message.content,
      received: this.#receivedHeader(message),
      facts: {
        queueId: this.id,
        createTimeMs: this.#draft.createTimeMs,
        arrivalTimeMs,
        sender: envelope.sender,
        fullName: submission.fullName,
        requiresTls: (submission.sendOptions & REQUIRETLS) !== 0,
      },
      isRemote: isRemote(submission),
      inspection,
      mapping,
      warn: this.#warn,
      maxBytes: this.#start(message, envelope, verpDelimiters, origin),
      store: this.#store,
    }
    return andThen(storedContent(task, this.#context), (content) =>
      this.#withInspection(message, envelope, content, inspection),
    )
  }

  #withInspection(
    message: CleanupMessage,
    envelope: StoredEnvelope,
    content: StoredContent,
    inspection: Inspection,
  ): Later<Outcome> {
    if (inspection.isDiscarded) return { kind: 'discarded' }
    const { rejection: refused, isHeld, copies } = inspection
    // Zero recipients are refused last, and always_bcc does not help.
    if (refused !== undefined) return refused
    if (envelope.last === undefined) return rejection('rcpt')
    return andThen(this.#withCopies(envelope, copies), (complete) => {
      const stored = this.#newContent(message, complete, content, inspection)
      return { kind: 'prepared', message: stored, isHeld }
    })
  }

  /**
   * Begins the queue file. If the envelope is too large, the content is not looked at.
   *
   * @returns how many bytes of records of the content are looked at.
   */
  #start(
    { arrivalTimeMs, submission = NO_SUBMISSION }: CleanupMessage,
    { sender, recipients }: StoredEnvelope,
    verpDelimiters: string | undefined,
    origin: string,
  ): number {
    const { contentFilter, delayWarningTimeMs, messageSizeLimit } = this.#context.options
    const { leadingAttributes, fullName, attributes } = submission
    const isWarned = delayWarningTimeMs > 0 && sender !== ''
    const client = clientAttributes(this.#origin, origin)
    const room = this.#draft.start({
      arrivalTimeMs,
      leadingAttributes,
      fullName,
      sender,
      attributes: attributes.length === 0 ? client : [...client, ...attributes],
      recipients,
      maxFileBytes: Math.max(messageSizeLimit, 0),
      verpDelimiters,
      contentFilter,
      warningTimeMs:
        submission.warningTimeMs ?? (isWarned ? arrivalTimeMs + delayWarningTimeMs : undefined),
    })
    const maxBytes = room + WRITE_BYTES - (messageSizeLimit % WRITE_BYTES)
    if (maxBytes < 0) throw new QueueFileError('too-large', 'expected a shorter envelope')
    return maxBytes
  }

  readonly #store = (records: Uint8Array): Promise<void> => this.#draft.append(records)

  #receivedHeader({ recipients, arrivalTimeMs }: CleanupMessage): string {
    const { options, dates } = this.#context
    const date = dates.header(arrivalTimeMs)
    return receivedHeader({ origin: this.#origin, queueId: this.id, recipients, date }, options)
  }

  #inspected({ sender, last }: StoredEnvelope, origin: string): InspectedMessage {
    const addressFormat = this.#context.options.infoLogAddressFormat
    const protocol = isClient(this.#origin) ? 'QMQP' : undefined
    return { queueId: this.id, origin, protocol, sender, lastRecipient: last, addressFormat }
  }

  /** Maps what BCC actions named, as automatic copies are. */
  #withCopies(envelope: StoredEnvelope, addresses: readonly string[]): Later<StoredEnvelope> {
    if (addresses.length === 0) return envelope
    const { mapping, options, rewrite } = this.#context
    if (mapping !== undefined) {
      const mapped = Promise.all(addresses.map((address) => mapping.bcc(address, this.#warn)))
      return mapped.then((copies) => withCopies(envelope, copies, options))
    }
    const copies = addresses.map(rewrite).map((one) => ({ original: one, addresses: [one] }))
    return withCopies(envelope, copies, options)
  }

  #newContent(
    message: CleanupMessage,
    { sender, late, extra, expanded }: StoredEnvelope,
    content: StoredContent,
    { filter, redirect }: Inspection,
  ): NewContent {
    const { formatExpanded } = this.#context.ports
    return {
      lateRecipients: late,
      extraRecipients: extra,
      content: content.content,
      text: content.text,
      sendOptions: this.#sendOptions(content, sender, message),
      filter,
      redirect,
      encoding: content.is8bit ? '8bit' : encodingOf(message.submission),
      messageId: content.messageId,
      traceLog: expanded.length > 0 ? formatExpanded?.(expanded) : undefined,
    }
  }

  #sender(received: string): string {
    if (received === '') return ''
    const sender = this.#context.rewrite(received)
    return sender.toLowerCase() === this.#context.nullSender ? '' : sender
  }

  // The server has checked them already, but with the filter of its own configuration.
  #verpDelimiters({ verpDelimiters }: CleanupMessage): string | undefined {
    if (verpDelimiters === undefined) return undefined
    const { options, log } = this.#context
    const allowed = [...verpDelimiters].every((one) => options.verpDelimiterFilter.includes(one))
    if (verpDelimiters.length === 2 && allowed) return verpDelimiters
    const text = `${this.id}: ignoring bad VERP request: "${verpDelimiters}"`
    log.warning(text, { queueId: this.id })
    return undefined
  }

  /** */
  #sendOptions(content: StoredContent, sender: string, message: CleanupMessage): number {
    const { smtputf8, smtputf8Autodetect } = this.#context.options
    const asked = message.submission?.sendOptions ?? 0
    const options =
      asked | (content.tlsRequiredNo ? TLS_REQUIRED_NO : 0) | (content.requiresTls ? REQUIRETLS : 0)
    if (!smtputf8) return options
    const isUtf8Sender = isUtf8Address(sender)
    const isUtf8 =
      isUtf8Sender || content.hasNonAsciiHeader || (smtputf8Autodetect && hasUtf8Recipient(message))
    return (
      options |
      (smtputf8Autodetect && isUtf8 ? SMTPUTF8_REQUIRED : 0) |
      (content.hasNonAsciiHeader ? UTF8_HEADER : 0) |
      (isUtf8Sender ? UTF8_SENDER : 0)
    )
  }

  /** A warning of this message. */
  readonly #warn: Warn = (text) => {
    this.#context.log.warning(`${this.id}: ${text}`, { queueId: this.id })
  }

  #tableRejection(error: RefusalError): CleanupRejection {
    const { log } = this.#context
    for (const warning of error.warnings) log.warning(warning, { queueId: this.id })
    this.#warn(error.message)
    return error.rejection
  }

  #fileRejection(error: QueueFileError): CleanupRejection {
    const { log } = this.#context
    const queueId = this.id
    if (error.code === 'too-large') {
      log.warning(`${queueId}: queue file size limit exceeded`, { queueId })
      log.warning('mail_stream_cleanup: close error', { queueId })
      return rejection('size')
    }
    log.warning(`${queueId}: ${error.message}`, { queueId })
    return rejection('write')
  }

  #refuse(refused: CleanupRejection): CleanupRejection {
    this.#logRemoved('canceled')
    return refused
  }

  #logRemoved(event: 'canceled' | 'discarded'): void {
    const queueId = this.id
    this.#context.log.info(`${queueId}: removed (${event})`, { event, queueId })
  }
}

function receivedEnvelope(
  sender: string,
  { recipients, submission = NO_SUBMISSION }: CleanupMessage,
): ReceivedEnvelope {
  return { sender, recipients, late: submission.lateRecipients }
}

function hasUtf8Recipient({ recipients, submission = NO_SUBMISSION }: CleanupMessage): boolean {
  const all = [...recipients, ...submission.lateRecipients]
  return all.some((one) => isUtf8Address(receivedRecipient(one).address))
}

function isRemote({ leadingAttributes, attributes }: Submission): boolean {
  const isContext = ([name]: readonly [string, string]) => name === 'rewrite_context'
  const context = leadingAttributes.find(isContext) ?? attributes.find(isContext)
  return context?.[1] === 'remote'
}

/** What the sender said of the content. Of several, the last counts (F-39). */
function encodingOf(submission: Submission | undefined): '7bit' | '8bit' | undefined {
  const encoding = submission?.attributes.findLast(([name]) => name === 'encoding')?.[1]
  return encoding === '7bit' || encoding === '8bit' ? encoding : undefined
}
