import { type DeliveryOutcome, splitReason } from '@posthouse/delivery-status'
import { isAscii, isValidUtf8Text } from '@posthouse/mail-address'
import type { Logger } from '@posthouse/mail-log'
import {
  type DeliveryResult,
  RoundRobinScheduler,
  type Selection,
  type Suspension,
} from '@posthouse/scheduler'

import type { ActiveMessage, Request } from './active-message.ts'
import { DeliveryJournal } from './delivery-journal.ts'
import type { QueueManagerOptions, TransportSettings } from './options.ts'
import type { DeliveryAgent, DeliveryReport, DeliveryRequest, QueueManagerPorts } from './ports.ts'
import { DISCARDED, groupRequests, isInternal } from './request-grouping.ts'
import type { Route } from './router.ts'
import { verpSender } from './verp.ts'

/** Who is told of the progress of deliveries. */
export interface DispatchEvents {
  /** Whether what becomes of a message is still up to us: false once another one has it. */
  isOurs(message: ActiveMessage): boolean
  /** A request ended, and its outcomes are recorded in the message. */
  requestEnded(message: ActiveMessage, recipients: number): void
  /** A delivery went to an agent. */
  began(message: ActiveMessage): void
  /** It came back, and was recorded. */
  ended(message: ActiveMessage): void
}

const RECIPIENT_IS_UTF8 = 8 // F-34
const UNAVAILABLE = { status: '4.3.0', reason: 'mail transport unavailable' }
const LOST = { status: '4.3.0', reason: 'unknown mail transport error' }

/** Hands requests to delivery agents, when the scheduler says so, and records what comes back. */
export class Dispatcher {
  readonly #options: QueueManagerOptions
  readonly #ports: QueueManagerPorts
  readonly #events: DispatchEvents
  readonly #journal: DeliveryJournal
  readonly #scheduler: RoundRobinScheduler<Request>
  readonly #settings = new Map<string, TransportSettings>()

  constructor(options: QueueManagerOptions, ports: QueueManagerPorts, events: DispatchEvents) {
    this.#options = options
    this.#ports = ports
    this.#events = events
    this.#journal = new DeliveryJournal(options, ports)
    this.#scheduler = new RoundRobinScheduler(
      {
        destinationRetryMs: options.minimalBackoffMs,
        transportRetryMs: options.transportRetryMs,
        maxDestinations: 2 * options.messageRecipientLimit,
      },
      (transport) => this.#settingsOf(transport),
    )
  }

  /** Gives all dead transports and destinations another chance (trigger `F`). */
  reviveAll(): void {
    this.#scheduler.reviveAll()
  }

  /** Queues all recipients of a message; at least one. Those that cannot be tried end at once. */
  add(message: ActiveMessage, routes: readonly Route[]): void {
    const requests = groupRequests(message, routes, {
      recipientLimitOf: (transport) => this.#settingsOf(transport).destinationRecipientLimit,
      recipientDelimiter: this.#options.recipientDelimiter,
      senderFor: this.#verp(message),
    })
    message.pending = requests.length
    for (const request of requests) {
      if (isInternal(request.transport)) this.#dispose(request)
      else this.#schedule(request)
    }
  }

  /** Starts every delivery that may start now. */
  handOut(): void {
    const { clock } = this.#ports
    for (;;) {
      const selection = this.#scheduler.next(clock.now())
      if (selection === undefined) return
      this.#deliver(selection)
    }
  }

  #schedule(request: Request): void {
    const { transport, queueName, message } = request
    if (message.envelope.flush) this.#scheduler.revive(transport, queueName)
    const dead = this.#scheduler.add(transport, queueName, request, this.#ports.clock.now())
    if (dead !== undefined) this.#defer(request, dead)
  }

  #deliver(selection: Selection<Request>): void {
    const { job: request, transport } = selection
    const { clock, log, agents } = this.#ports
    const agent = agents(transport)
    if (agent === undefined) {
      log.warning(`connect to transport private/${transport}: no delivery agent of this name`)
      this.#record(request, 'deferred', UNAVAILABLE)
      this.#conclude(selection, { kind: 'unreachable', ...UNAVAILABLE })
      return
    }
    const handoffMs = clock.now()
    this.#events.began(request.message)
    const ended = (): void => this.#events.ended(request.message)
    void attempt(agent, this.#requestOf(request, selection, handoffMs)).then(
      (report) => {
        this.#answered(selection, report, handoffMs)
        ended()
      },
      (error: unknown) => {
        this.#lost(selection, error)
        ended()
      },
    )
  }

  #requestOf(request: Request, { reuse }: Selection<Request>, handoffMs: number): DeliveryRequest {
    const { message, transport, nexthop, sender, recipients } = request
    const { envelope } = message
    const utf8 = recipients.some(({ address }) => !isAscii(address) && isValidUtf8Text(address))
    return {
      queueId: envelope.id,
      transport,
      nexthop,
      sender,
      recipients,
      contentOffset: envelope.contentOffset,
      dataSize: envelope.dataSize,
      contentLength: envelope.contentLength,
      encoding: envelope.encoding,
      sendOptions: envelope.sendOptions | (utf8 ? RECIPIENT_IS_UTF8 : 0),
      arrivalTimeMs: envelope.arrivalTimeMs,
      activeTimeMs: message.activeMs,
      handoffMs,
      reuse,
    }
  }

  #answered(selection: Selection<Request>, report: DeliveryReport, handoffMs: number): void {
    const { job: request, transport } = selection
    const { outcomes } = report
    if (outcomes.length !== request.recipients.length) {
      const expected = `expected ${request.recipients.length} outcomes, got ${outcomes.length}`
      this.#lost(selection, new Error(expected))
      return
    }
    if (report.isCorrupt) request.message.isCorrupt = true
    const log = this.#ports.deliveryLog(transport)
    for (const [i, recipient] of request.recipients.entries()) {
      this.#journal.record(request, recipient, outcomes[i]!, log, handoffMs) // Same length.
    }
    this.#conclude(selection, resultOf(report))
  }

  /** The agent died, as far as can be told from here (S-69, S-84). */
  #lost(selection: Selection<Request>, error: unknown): void {
    const { job: request, transport } = selection
    const reason = error instanceof Error ? error.message : String(error)
    const { id } = request.message
    const text = `${id}: no answer from transport ${transport}: ${reason}`
    this.#ports.log.warning(text, { queueId: id, reason })
    this.#record(request, 'deferred', LOST)
    this.#conclude(selection, { kind: 'lost' })
  }

  /** Ends a selected request whose outcomes are recorded, and all that it kills. */
  #conclude(selection: Selection<Request>, result: DeliveryResult): void {
    const died = this.#scheduler.finish(selection, result, this.#ports.clock.now())
    for (const request of died?.jobs ?? []) {
      if (!this.#events.isOurs(request.message)) continue
      this.#defer(request, died!) // It has jobs, so it is.
    }
    this.#end(selection.job)
  }

  /** Defers recipients without an attempt (S-83). */
  #defer(request: Request, suspension: Suspension): void {
    this.#record(request, 'deferred', suspension)
    this.#end(request)
  }

  /** What the transports `error` and `retry` do: the next hop says what to say (S-95, S-25). */
  #dispose(request: Request): void {
    if (request.transport === DISCARDED) {
      const outcome = { kind: 'sent', status: '2.0.0', text: request.nexthop } as const
      this.#recordAll(request, { ...outcome, ...this.#nobody(), isFinal: true }, this.#ports.log)
      this.#end(request)
      return
    }
    const bounced = request.transport === 'error'
    const { status, text } = splitReason(request.nexthop, bounced ? '5.0.0' : '4.0.0')
    this.#record(request, bounced ? 'bounced' : 'deferred', { status, reason: text })
    this.#end(request)
  }

  /** Records the same for all recipients, without an agent. */
  #record(
    request: Request,
    kind: 'deferred' | 'bounced',
    { status, reason: text }: Suspension,
  ): void {
    this.#recordAll(request, { kind, status, text, ...this.#nobody() }, this.#ports.errorLog)
  }

  #recordAll(request: Request, outcome: DeliveryOutcome, log: Logger): void {
    for (const recipient of request.recipients) {
      this.#journal.record(request, recipient, outcome, log, undefined)
    }
  }

  /** What is said of an attempt that nobody was asked for. */
  #nobody(): { relay: string; doneMs: number } {
    return { relay: 'none', doneMs: this.#ports.clock.now() }
  }

  #end({ message, recipients }: Request): void {
    message.pending -= 1
    this.#events.requestEnded(message, recipients.length)
  }

  /** S-29. */
  #verp({ id, envelope }: ActiveMessage): ((recipient: string) => string) | undefined {
    const { verpDelimiters, sender } = envelope
    if (verpDelimiters === undefined) return undefined
    if (sender === '') {
      this.#ports.log.warning(`${id}: ignoring VERP request for null sender`, { queueId: id })
      return undefined
    }
    return (recipient) => verpSender(sender, recipient, verpDelimiters)
  }

  #settingsOf(transport: string): TransportSettings {
    let settings = this.#settings.get(transport)
    if (settings === undefined) {
      settings = this.#options.transport(transport)
      this.#settings.set(transport, settings)
    }
    return settings
  }
}

/** An agent that throws is no worse than one that rejects. */
function attempt(agent: DeliveryAgent, request: DeliveryRequest): Promise<DeliveryReport> {
  try {
    return agent.deliver(request)
  } catch (error) {
    return Promise.reject(error)
  }
}

/** What an answer says of the destination (S-69). */
function resultOf({ outcomes, blame }: DeliveryReport): DeliveryResult {
  if (blame === undefined) return { kind: 'answered' }
  if (outcomes.every(({ kind }) => kind !== 'deferred')) return { kind: 'neutral' }
  return { kind: 'blamed', ...blame }
}
