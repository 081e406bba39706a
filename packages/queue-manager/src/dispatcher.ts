import { type DeliveryOutcome, splitReason } from '@posthouse/delivery-status'
import type { Logger } from '@posthouse/mail-log'
import type {
  Activation,
  DeliveryResult,
  OpenOptions,
  SuspendedEntries,
  Suspension,
} from '@posthouse/scheduler'

import type { ActiveMessage, Target } from './active-message.ts'
import { Alarm } from './alarm.ts'
import { createScheduler, type Scheduling } from './create-scheduler.ts'
import { DeliveryJournal } from './delivery-journal.ts'
import { DeliveryWatch } from './delivery-watch.ts'
import type { QueueManagerOptions, TransportSettings } from './options.ts'
import type { DeliveryAgent, DeliveryReport, DeliveryRequest, QueueManagerPorts } from './ports.ts'
import { requestOf, type Selected } from './request.ts'
import { DISCARDED, isInternal, RequestGrouping } from './request-grouping.ts'
import type { Route } from './router.ts'
import { SchedulerClock } from './scheduler-clock.ts'

/** Who is told of the progress of deliveries. */
export interface DispatchEvents {
  /** Whether what becomes of a message is still up to us: false once another one has it. */
  isOurs(message: ActiveMessage): boolean
  /** Recipients ended, and their outcomes are recorded in the message; it may be over. */
  recipientsEnded(message: ActiveMessage): void
  /** The next recipients of a message are to be read, so many at most, and to be added. */
  readMore(message: ActiveMessage, limit: number): void
  /** A delivery went to an agent. */
  began(message: ActiveMessage): void
  /** It came back, and was recorded. */
  ended(message: ActiveMessage): void
  /** Something that had to wait for its time may start now. */
  timeCame(): void
  /** How many messages are in memory. */
  messages(): number
}

const UNAVAILABLE = { status: '4.3.0', reason: 'mail transport unavailable' }
const ANSWERED = { kind: 'answered' } as const
const LOST = { status: '4.3.0', reason: 'unknown mail transport error' }

/** Hands requests to delivery agents, when the scheduler says so, and records what comes back. */
export class Dispatcher {
  readonly #options: QueueManagerOptions
  readonly #ports: QueueManagerPorts
  readonly #events: DispatchEvents
  readonly #journal: DeliveryJournal
  readonly #scheduler: Scheduling
  readonly #time: SchedulerClock
  readonly #settings = new Map<string, TransportSettings>()
  readonly #grouping: RequestGrouping
  readonly #alarm: Alarm
  readonly #watch: DeliveryWatch<Selected>

  constructor(options: QueueManagerOptions, ports: QueueManagerPorts, events: DispatchEvents) {
    this.#options = options
    this.#ports = ports
    this.#events = events
    this.#journal = new DeliveryJournal(options, ports)
    this.#time = new SchedulerClock(() => ports.clock.now(), ports.log)
    this.#watch = new DeliveryWatch(ports.clock, options.daemonTimeoutMs, (delivery) =>
      this.#giveUp(delivery),
    )
    this.#alarm = new Alarm(ports.clock, () => events.timeCame())
    this.#scheduler = createScheduler(options, ports, {
      settingsOf: (transport) => this.#settingsOf(transport),
      messages: () => events.messages(),
    })
    this.#grouping = new RequestGrouping({
      recipientLimitOf: (transport) => this.#settingsOf(transport).destinationRecipientLimit,
      recipientDelimiter: options.recipientDelimiter,
      ignoresCase: options.scheduling === 'oqmgr',
    })
  }

  /** Recipients queued or in flight. */
  get recipients(): number {
    return this.#scheduler.recipients
  }

  /** How many recipients of the next message may be in memory; `others` are, and not queued yet. */
  firstBatch(others: number): number {
    return this.#scheduler.firstBatch(others)
  }

  /** Whether recipients in memory keep further messages out (S-12). */
  isFull(others: number): boolean {
    return this.#scheduler.isFull(others)
  }

  /** Gives all dead transports and destinations another chance (trigger `F`). */
  reviveAll(): void {
    this.#scheduler.reviveAll()
  }

  /** Ends the waiting for what has its time. */
  stop(): void {
    this.#alarm.clear()
    // Those in flight are waited for, and may still be given up.
  }

  /**
   * Queues the first recipients of a message. Those that cannot be tried end at once; look at
   * `activation.done` then.
   */
  open(message: ActiveMessage, routes: readonly Route[]): void {
    const { unread } = message
    const isSplit = this.#verp(message)
    const nowMs = this.#time.now()
    const options = unread === undefined && !isSplit ? undefined : optionsOf(unread, isSplit)
    message.activation = this.#scheduler.open(message, unread?.atMost ?? 0, nowMs, options)
    this.#add(message, message.activation, routes, nowMs)
    if (unread !== undefined) this.#scheduler.loaded(message.activation, unread.atMost, nowMs)
  }

  /** Queues recipients that `readMore` asked for; `unread` of the message tells what is left. */
  addMore(message: ActiveMessage, routes: readonly Route[]): void {
    const { activation, unread } = message
    if (activation === undefined) return
    const nowMs = this.#time.now()
    this.#add(message, activation, routes, nowMs)
    this.#scheduler.loaded(activation, unread?.atMost ?? 0, nowMs)
  }

  /** Starts every delivery that may start now, and has read what may be read. */
  handOut(): void {
    const nowMs = this.#time.now()
    for (;;) {
      const decision = this.#scheduler.next(nowMs)
      if (decision === undefined) break
      if (decision.kind === 'deliver') this.#deliver(decision)
      else this.#events.readMore(decision.activation.message, decision.limit)
    }
    const wakeMs = this.#scheduler.nextWakeMs()
    if (wakeMs !== undefined) this.#alarm.set(wakeMs, nowMs)
  }

  #add(
    message: ActiveMessage,
    activation: Activation<ActiveMessage, Target>,
    routes: readonly Route[],
    nowMs: number,
  ): void {
    for (const target of this.#grouping.targetsOf(routes)) {
      if (isInternal(target.transport) && this.#isServed(target.transport)) {
        this.#dispose(message, target)
        continue
      }
      const { transport, destination } = target
      if (message.envelope.flush) this.#scheduler.revive(transport, destination)
      const dead = this.#scheduler.add(activation, target, target, nowMs)
      if (dead !== undefined) this.#postpone(message, [target], dead)
    }
  }

  #deliver(delivery: Selected): void {
    const { activation, transport, recipients } = delivery
    const { message } = activation
    const { clock, log, agents } = this.#ports
    const agent = agents(transport)
    if (agent === undefined) {
      log.warning(`connect to transport private/${transport}: no delivery agent of this name`)
      this.#postpone(message, recipients, UNAVAILABLE)
      this.#conclude(delivery, { kind: 'unreachable', ...UNAVAILABLE })
      return
    }
    const handoffMs = clock.now()
    this.#events.began(message)
    const watched = this.#watch.begin(delivery, handoffMs)
    void attempt(agent, requestOf(delivery, handoffMs)).then(
      (report) => {
        if (!this.#watch.end(watched)) return // Given up, and told of.
        this.#answered(delivery, report, handoffMs)
        this.#events.ended(message)
      },
      (error: unknown) => {
        if (!this.#watch.end(watched)) return
        this.#died(delivery, error)
        this.#events.ended(message)
      },
    )
  }

  #answered(delivery: Selected, report: DeliveryReport, handoffMs: number): void {
    const { activation, transport, recipients } = delivery
    const { message } = activation
    const { outcomes } = report
    if (outcomes.length !== recipients.length) {
      const expected = `expected ${recipients.length} outcomes, got ${outcomes.length}`
      this.#died(delivery, new Error(expected))
      return
    }
    if (report.isCorrupt) message.isCorrupt = true
    const log = this.#ports.deliveryLog(transport)
    for (let i = 0; i < outcomes.length; i++) {
      const { recipient } = recipients[i]! // Same length.
      this.#journal.record(message, transport, { recipient, outcome: outcomes[i]!, log, handoffMs })
    }
    this.#conclude(delivery, resultOf(report))
  }

  #giveUp(delivery: Selected): void {
    const { activation, transport } = delivery
    this.#lost(delivery, `timeout receiving delivery status from transport: ${transport}`)
    this.#events.ended(activation.message)
  }

  #died(delivery: Selected, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.#lost(delivery, `no answer from transport ${delivery.transport}: ${reason}`)
  }

  /** The agent died, as far as can be told from here (S-69, S-84). */
  #lost(delivery: Selected, reason: string): void {
    const { message } = delivery.activation
    const { id } = message
    this.#ports.log.warning(`${id}: ${reason}`, { queueId: id, reason })
    this.#postpone(message, delivery.recipients, LOST)
    this.#conclude(delivery, { kind: 'lost' })
  }

  /** Ends a delivery whose outcomes are recorded, and all that it kills. */
  #conclude(delivery: Selected, result: DeliveryResult): void {
    const { message } = delivery.activation
    const died = this.#scheduler.finish(delivery, result, this.#time.now())
    if (died !== undefined && died.entries.length > 0) this.#deferAll(died, message)
    this.#events.recipientsEnded(message)
  }

  /** Defers all that waited for a destination, and tells so of every message but one. */
  #deferAll(died: SuspendedEntries<ActiveMessage, Target>, except: ActiveMessage): void {
    const messages = new Set<ActiveMessage>()
    for (const { activation, recipients } of died.entries) {
      const { message } = activation
      if (!this.#events.isOurs(message)) continue
      this.#postpone(message, recipients, died)
      messages.add(message)
    }
    messages.delete(except)
    for (const message of messages) this.#events.recipientsEnded(message)
  }

  /** Without its service, mail to `error` or `retry` waits as for any other transport. */
  #isServed(transport: string): boolean {
    return transport === DISCARDED || this.#ports.agents(transport) !== undefined
  }

  /** What the transports `error` and `retry` do: the next hop says what to say (S-95, S-25). */
  #dispose(message: ActiveMessage, target: Target): void {
    const { transport, nexthop } = target
    if (transport === DISCARDED) {
      const outcome = { kind: 'sent', status: '2.0.0', text: nexthop, isFinal: true } as const
      this.#recordAll(message, [target], { ...outcome, ...this.#nobody() }, this.#ports.log)
      return
    }
    this.#settingsOf(transport) // A transport that is used now.
    const isBounced = transport === 'error'
    const { status, text } = splitReason(nexthop, isBounced ? '5.0.0' : '4.0.0')
    const kind = isBounced ? 'bounced' : 'deferred'
    const log = this.#ports.deliveryLog(transport)
    this.#recordAll(message, [target], { kind, status, text, ...this.#nobody() }, log)
  }

  /** Defers recipients without an attempt, as the service `retry` if there is one (S-83, S-24). */
  #postpone(
    message: ActiveMessage,
    targets: readonly Target[],
    { status, reason: text }: Suspension,
  ): void {
    const { deliveryLog, log } = this.#ports
    const tagged = this.#isServed('retry') ? deliveryLog('retry') : log
    const outcome = { kind: 'deferred', status, text, ...this.#nobody() } as const
    this.#recordAll(message, targets, outcome, tagged)
  }

  #recordAll(
    message: ActiveMessage,
    targets: readonly Target[],
    outcome: DeliveryOutcome,
    log: Logger,
  ): void {
    for (const { transport, recipient } of targets) {
      this.#journal.record(message, transport, { recipient, outcome, log, handoffMs: undefined })
    }
  }

  /** What is said of an attempt that nobody was asked for. */
  #nobody(): { relay: string; doneMs: number } {
    return { relay: 'none', doneMs: this.#ports.clock.now() }
  }

  /** Whether each recipient goes alone, with a sender of its own (S-29). */
  #verp({ id, envelope }: ActiveMessage): boolean {
    if (envelope.verpDelimiters === undefined) return false
    if (envelope.sender !== '') return true
    this.#ports.log.warning(`${id}: ignoring VERP request for null sender`, { queueId: id })
    return false
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

function optionsOf(unread: unknown, isSplit: boolean): OpenOptions {
  return { isFirstAtHand: unread !== undefined, isSplit }
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
  if (blame === undefined) return ANSWERED
  if (outcomes.every(({ kind }) => kind !== 'deferred')) return { kind: 'neutral' }
  return { kind: 'blamed', ...blame }
}
