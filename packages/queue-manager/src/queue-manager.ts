import type { EnvelopeRecipient, MessageEnvelope } from '@posthouse/queue-store'
import { Inflow, readTrigger, type ScannedQueue } from '@posthouse/scheduler'

import { ActiveMessage } from './active-message.ts'
import { Admission } from './admission.ts'
import { AttemptEnd } from './attempt-end.ts'
import { DeferredQueue } from './deferred-queue.ts'
import { announce } from './delivery-journal.ts'
import { Dispatcher } from './dispatcher.ts'
import { firstPart, MessageReader } from './message-reader.ts'
import { type QueueManagerOptions, saneOptions } from './options.ts'
import type { QueueManagerPorts } from './ports.ts'
import { type Route, Router } from './router.ts'
import { Work } from './work.ts'

const HOLD_MS = 5
const KNOWN_PER_ACTIVE = 10 // Deferred messages to know of, for each that may be active.

/**
 * Sees to it that queued mail is delivered: qmgr(8), or oqmgr(8) with its scheduling.
 *
 * Takes messages into the active queue (from `accept` and from scans of incoming and deferred),
 * groups their recipients, hands them to delivery agents as the concurrency windows allow, and
 * brings the queue up to date afterwards. One per queue directory.
 *
 * Memory is bounded by the limits on messages and recipients: of a message with many, only some are
 * read at a time. Failures of the store, the resolver or an agent are logged and leave the mail in
 * the queue. A bug shows as an unhandled rejection, which ends the process; the next start takes
 * the mail back.
 *
 * Source: spec/queue-manager.md. The README says what is not there yet.
 */
export class QueueManager {
  /** Tells who receives mail when to slow down. */
  readonly inflow: Inflow
  readonly #options: QueueManagerOptions
  readonly #ports: QueueManagerPorts
  readonly #router: Router
  readonly #admission: Admission
  readonly #deferred: DeferredQueue
  readonly #end: AttemptEnd
  readonly #dispatcher: Dispatcher
  readonly #reader: MessageReader
  readonly #active = new Map<string, ActiveMessage | undefined>() // Undefined: on its way in.
  readonly #held: MessageEnvelope[] = []
  /** Found by `start`: who committed them may not have called `accept` yet. */
  readonly #takenBack = new Set<string>()
  #started = false
  #draining = false
  #admitting = false
  /** Things under way that `drain` must wait for. */
  readonly #work = new Work((id) => this.#handOver(id))
  #probes = 0 // Messages that are address probes.
  #resolving = 0 // Recipients of which it is not known yet where they go.
  #cancelTimer: (() => void) | undefined
  #next: QueueManager | undefined

  constructor(options: QueueManagerOptions, ports: QueueManagerPorts) {
    this.#options = saneOptions(options, ports.log)
    this.#ports = ports
    this.#router = new Router(this.#options, ports, () => this.#probes)
    const known = this.#options.messageActiveLimit * KNOWN_PER_ACTIVE
    this.#deferred = new DeferredQueue(ports, known)
    this.#end = new AttemptEnd(this.#options, this.#deferred, ports)
    this.#reader = new MessageReader(ports, this.#end, this.#options.minimalBackoffMs)
    this.#admission = new Admission(
      {
        hasRoom: () => this.#hasRoom(),
        has: (id) => this.#active.has(id),
        admit: (id, from, overrideDefer) => this.#admit(id, from, overrideDefer),
      },
      this.#deferred,
      ports,
    )
    this.inflow = new Inflow(this.#options.inflowTokens, () => this.#admission.backlog)
    this.#dispatcher = new Dispatcher(this.#options, ports, {
      isOurs: ({ id }) => !this.#draining || this.#isWorkedOn(id),
      recipientsEnded: (message) => this.#progress(message),
      readMore: (message, limit) => void this.#readMore(message, limit),
      began: (message) => this.#work.begin(message),
      ended: (message) => this.#work.end(message),
      timeCame: () => this.#pump(),
      messages: () => this.#active.size,
    })
  }

  /** Messages in memory. */
  get messages(): number {
    return this.#active.size
  }

  /** Recipients in memory. */
  get recipients(): number {
    return this.#resolving + this.#dispatcher.recipients
  }

  /**
   * Takes back what was active when the last process ended, then scans incoming and deferred, and
   * deferred again every `queue_run_delay` (S-3, S-41). Call it once, before new mail comes in.
   * Rejects with the error of the store if the queue `active` cannot be read.
   */
  start(): Promise<void> {
    return this.#start(() => false)
  }

  async #start(isTaken: (id: string) => boolean): Promise<void> {
    for await (const { id } of this.#ports.store.scan('active')) {
      if (isTaken(id) || this.#isWorkedOn(id)) continue
      this.#takenBack.add(id)
      await this.#end.takeBack(id)
    }
    await this.#deferred.watch()
    if (this.#draining) {
      this.#deferred.close()
      return
    }
    this.#started = true
    this.#admission.request('incoming', { start: true })
    this.#queueRun()
  }

  /**
   * Takes a message that was just committed. It is delivered at once, without being read back, if
   * there is room and none waits before it; else a scan of incoming will find it.
   *
   * @param queue Where it was committed to. `active` saves a rename, since it is where the message
   * goes, unless there is no room for it.
   * @param isOneOfMany More is being received: it may wait for that, for up to 5 ms. Receiving goes
   * ahead then, while disk and peers answer, and deliveries that start together cost less.
   */
  accept(
    envelope: MessageEnvelope,
    queue: 'incoming' | 'active' = 'incoming',
    isOneOfMany = false,
  ): void {
    const { id } = envelope
    if (this.#next !== undefined) {
      this.#next.accept(envelope, queue, isOneOfMany)
      return
    }
    if (this.#takenBack.has(id) || this.#active.has(id)) return // A scan was faster.
    // What is in `active` when the queue manager stops, the next one takes back.
    if (this.#draining && queue === 'active') return
    if (!this.#started || this.#draining || this.#admission.backlog || !this.#hasRoom()) {
      if (queue === 'active') this.#spawn(this.#leave(id), id)
      else this.#leaveInIncoming()
      return
    }
    this.#active.set(id, undefined)
    if (queue === 'incoming') this.#spawn(this.#acceptNow(envelope, queue), id)
    else if (isOneOfMany) this.#hold(envelope)
    else void this.#acceptNow(envelope, queue)
  }

  /** What other programs send to wake the queue manager: bytes of S-36; others are ignored. */
  trigger(requests: Uint8Array): void {
    const { flush, incoming, deferred } = readTrigger(requests)
    if (flush) this.#dispatcher.reviveAll()
    this.#admission.request('incoming', incoming)
    this.#admission.request('deferred', deferred)
    this.#pump()
  }

  /**
   * Stops: no new delivery starts. Resolves when those in flight have ended and their results are
   * in the queue. What was not tried stays in `active`, where the next start finds it.
   */
  async drain(): Promise<void> {
    this.#draining = true
    this.#cancelTimer?.()
    this.#dispatcher.stop()
    await this.#work.idle()
    await this.#admission.stop()
    this.#deferred.close()
  }

  /**
   * Stops, and starts `next` in its place, for other options: `next` gets what waits here at once,
   * and each message that is worked on as soon as that has ended. Until then a destination may have
   * the deliveries of both. Resolves when nothing is left here; rejects as `start` does.
   *
   * @param next Not started, on the same store. What `accept` is told is passed on.
   */
  async handOverTo(next: QueueManager): Promise<void> {
    this.#next = next
    for (const id of this.#active.keys()) if (!this.#isWorkedOn(id)) this.#active.delete(id)
    this.#end.takeStranded() // In `active`, `next` finds them.
    const drained = this.drain()
    await next.#start((id) => this.#isWorkedOn(id))
    await drained
    next.#leaveInIncoming() // Something may have been put there behind its back.
  }

  /** Nothing is under way for a message: the next queue manager may have what is left of it. */
  #handOver(id: string): void {
    if (this.#next === undefined || this.#isWorkedOn(id)) return
    const isLeft = this.#active.delete(id) || this.#end.forgetStranded(id)
    if (isLeft) this.#next.#spawn(this.#next.#leave(id), id)
  }

  #isWorkedOn(id: string): boolean {
    return this.#work.has(id) || (this.#active.get(id)?.underWay ?? 0) > 0
  }

  /** Starts whatever may start now. */
  #pump(): void {
    if (!this.#started || this.#draining) return
    this.#dispatcher.handOut()
    this.#fill()
  }

  /** Has the scans fill what room there is. */
  #fill(): void {
    if (this.#admitting || !this.#admission.running || !this.#hasRoom()) return
    this.#admitting = true
    this.#spawn(this.#admitWhileRoom())
  }

  async #admitWhileRoom(): Promise<void> {
    while (this.#admission.running && this.#hasRoom() && !this.#draining) {
      await this.#admission.pass()
    }
    this.#admitting = false
  }

  #hasRoom(): boolean {
    if (this.#active.size >= this.#options.messageActiveLimit) return false
    return !this.#dispatcher.isFull(this.#resolving)
  }

  #queueRun(): void {
    this.#admission.request('deferred', { start: true })
    if (this.#admission.takeSkippedIncoming()) this.#admission.request('incoming', { start: true })
    this.#cancelTimer = this.#ports.clock.after(this.#options.queueRunDelayMs, () => {
      this.#takenBack.clear()
      for (const id of this.#end.takeStranded()) this.#spawn(this.#end.retry(id), id)
      this.#queueRun()
    })
    this.#pump()
  }

  async #leave(id: string): Promise<void> {
    await this.#end.takeBack(id)
    this.#leaveInIncoming()
  }

  #leaveInIncoming(): void {
    this.#admission.leave()
    this.#pump()
  }

  #hold(envelope: MessageEnvelope): void {
    if (this.#held.push(envelope) > 1) return
    this.#ports.clock.after(HOLD_MS, () => {
      const held = this.#held.splice(0)
      if (this.#draining) return // They are in `active`: the next queue manager takes them back.
      for (const one of held) this.#activate(one, false)
    })
  }

  /** What it rejects with is a bug, and not for who calls `accept` to catch. */
  async #acceptNow(envelope: MessageEnvelope, queue: 'incoming' | 'active'): Promise<void> {
    const isThere = queue === 'active' || (await this.#enter(envelope.id, queue))
    if (isThere) this.#activate(envelope, false)
  }

  async #admit(id: string, from: ScannedQueue, overrideDefer: boolean): Promise<boolean> {
    this.#active.set(id, undefined)
    this.#work.begin(id)
    const isThere = await this.#enter(id, from)
    if (isThere && from === 'incoming') this.inflow.giveBack()
    if (isThere) await this.#takeIn(id, overrideDefer)
    this.#work.end(id)
    return isThere
  }

  async #takeIn(id: string, overrideDefer: boolean): Promise<void> {
    const limit = this.#dispatcher.firstBatch(this.#resolving)
    const envelope = await this.#reader.read(id, limit)
    if (envelope === undefined) {
      this.#release(id)
      return
    }
    const isOver = envelope.isForceExpired === true && (await this.#end.hasDeferLog(envelope))
    if (!isOver) await this.#reader.forgetDeferLog(id)
    this.#activate(envelope, overrideDefer, isOver ? 'over' : 'read')
  }

  /** Renames a file into `active`; false if that failed, and the file is where it was, or gone. */
  async #enter(id: string, from: ScannedQueue): Promise<boolean> {
    try {
      // Somebody else may have taken or removed it: that needs no words.
      if (await this.#ports.store.move(id, from, 'active')) return true
    } catch (error) {
      const problem = `cannot move from queue "${from}" to queue "active"`
      this.#ports.log.warning(`${id}: ${problem}: ${reason(error)}`, { queueId: id })
      if (from === 'incoming') this.#admission.skip()
    }
    this.#release(id)
    return false
  }

  /**
   * The file is in `active`, its envelope in memory: resolves its recipients, and queues them. A
   * table may be slow to answer, which holds up this message only, and when it is too late nothing
   * is done: in `active`, the next queue manager finds the message.
   *
   * @param kind `read` from its file: there may be a bounce log. `over`: it is not tried any more.
   */
  #activate(
    envelope: MessageEnvelope,
    overrideDefer: boolean,
    kind: 'new' | 'read' | 'over' = 'new',
  ): void {
    if (this.#draining) return
    const part = firstPart(envelope, this.#dispatcher.firstBatch(this.#resolving))
    const message = new ActiveMessage(part, this.#ports.clock.now(), overrideDefer)
    message.hasBounceLog = kind !== 'new'
    message.deferred = kind === 'over'
    message.hasTraceLog ||= part.isDelaySent === true && this.#options.confirmDelayCleared
    // Of a message that is redirected, or not tried any more, no one else is of interest (S-21).
    if (kind !== 'over' && part.redirect === undefined) message.unread = part.unread
    this.#active.set(envelope.id, message)
    if (message.isMtaProbe) this.#probes += 1
    announce(envelope, this.#options.infoLogAddressFormat, this.#ports.log)
    const routes = kind === 'over' ? [] : this.#routesOf(message, part.recipients)
    if (routes instanceof Promise) void routes.then((late) => this.#open(message, late))
    else this.#open(message, routes)
  }

  #open(message: ActiveMessage, routes: readonly Route[]): void {
    if (this.#draining) return
    this.#dispatcher.open(message, routes)
    if (message.isOver) this.#finish(message)
    this.#pump()
  }

  /** The scheduler wants more recipients of a message. Too late, nothing is done, as above. */
  async #readMore(message: ActiveMessage, limit: number): Promise<void> {
    const recipients = await this.#reader.readMore(message, limit)
    const asked = this.#draining ? [] : this.#routesOf(message, recipients)
    const routes = asked instanceof Promise ? await asked : asked
    if (this.#draining) return
    this.#dispatcher.addMore(message, routes)
    this.#progress(message)
  }

  /** Counts those that are waited for, or mail that comes meanwhile finds room it has not. */
  #routesOf(
    message: ActiveMessage,
    recipients: readonly EnvelopeRecipient[],
  ): Route[] | Promise<Route[]> {
    const asked = this.#router.routesOf(message, recipients)
    if (!(asked instanceof Promise)) return asked
    this.#resolving += recipients.length
    return asked.then((routes) => {
      this.#resolving -= recipients.length
      return routes
    })
  }

  /** Recipients of a message ended: they may have been the last. */
  #progress(message: ActiveMessage): void {
    if (message.isOver) this.#finish(message)
    else this.#spawn(this.#mark(message), message)
    this.#pump()
  }

  #mark(message: ActiveMessage): Promise<void> {
    const writing = this.#end.mark(message)
    message.marking = message.marking?.then(() => writing) ?? writing
    return message.marking
  }

  #finish(message: ActiveMessage): void {
    this.#work.begin(message)
    void this.#end.end(message).then(() => {
      this.#release(message.id)
      this.#work.end(message)
    })
  }

  #release(id: string): void {
    if (this.#active.get(id)?.isMtaProbe) this.#probes -= 1
    this.#active.delete(id)
    if (!this.#draining) this.#fill()
  }

  /** Lets a task run on its own. What it rejects with is a bug, and nobody's to catch. */
  #spawn(task: Promise<void>, of?: ActiveMessage | string): void {
    this.#work.begin(of)
    void task.then(() => this.#work.end(of))
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
