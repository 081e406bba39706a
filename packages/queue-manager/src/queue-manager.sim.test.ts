import type { Clock } from '@posthouse/clock'
import type { MessageEnvelope } from '@posthouse/queue-store'
import { expect, it } from 'vitest'

import { OPTIONS, SETTINGS, START_MS, World } from '../test/harness.ts'
import { prng } from '../test/prng.ts'
import type {
  DeliveryReport,
  DeliveryRequest,
  MessageStore,
  NoticeRequest,
  QueueManager,
  QueueManagerOptions,
} from './index.ts'

const firstSeed = Number(process.env['SIM_SEED'] ?? 1)
const seeds = Array.from({ length: process.env['SIM_SEED'] ? 1 : 60 }, (_, i) => firstSeed + i)

const TROUBLE_MS = 120_000
const MESSAGES = 40

/**
 * Random mail, moody destinations, a store that sometimes fails, a process that is killed or
 * stopped at any event, and queue managers that hand over to each other. After the trouble all is
 * well, and everybody must have their mail, or its sender know of the failure: once, or twice if
 * that was not on record when the process was killed.
 */
class Simulation {
  readonly #random: () => number
  readonly #world: World
  readonly #names: readonly string[]
  readonly #limit: number
  readonly #delivered = new Map<string, number>()
  readonly #allowed = new Map<string, number>()
  /** Recipients whose failure was told, and how often. */
  readonly #told = new Map<string, number>()
  #inHand = new Set<DeliveryRequest>()
  /** Grows with each process; what belongs to an earlier one is dead. */
  #process = 0
  #manager: QueueManager | undefined
  #handOver: Promise<void> | undefined
  #isStopping = false
  readonly #failures: unknown[] = []
  #sent = 0

  constructor(seed: number) {
    this.#random = prng(seed)
    this.#limit = this.#pick([1, 2, 5])
    this.#names = Array.from({ length: this.#pick([1, 3, 8]) }, (_, i) => `d${i}.test`)
    const settings = {
      ...SETTINGS,
      initial: this.#limit,
      limit: this.#limit,
      failedCohortLimit: this.#pick([0, 1, 3]),
      processLimit: this.#pick([1, 3, 100]),
      destinationRecipientLimit: this.#pick([0, 1, 2]),
      recipientLimit: this.#pick([0, 5, 20_000]),
      extraRecipientLimit: this.#pick([0, 4]),
      recipientRefillLimit: this.#pick([1, 5]),
    }
    const options: QueueManagerOptions = {
      ...OPTIONS,
      messageActiveLimit: this.#pick([1, 4, 1000]),
      messageRecipientLimit: this.#pick([5, 1000]),
      messageRecipientMinimum: this.#pick([1, 3]),
      scheduling: this.#pick(['qmgr', 'qmgr', 'oqmgr']),
      fudgeFactor: this.#pick([10, 100]),
      minimalBackoffMs: 5000,
      maximalBackoffMs: 20_000,
      queueRunDelayMs: this.#pick([3000, 10_000]),
      transport: () => settings,
    }
    this.#world = new World(() => expect.fail('not used'), options)
  }

  async run(): Promise<void> {
    const { clock } = this.#world
    await this.#boot()
    for (let i = 0; i < MESSAGES; i++) {
      clock.after(this.#random() * TROUBLE_MS, () => this.#arrive())
    }
    for (let i = 0; i < 4; i++) clock.after(this.#random() * TROUBLE_MS, () => this.#crash())
    clock.after(this.#random() * TROUBLE_MS, () => this.#restart())
    for (let i = 0; i < 8; i++) clock.after(this.#random() * TROUBLE_MS, () => this.#replace())
    await this.#world.run(TROUBLE_MS / 1000 + 6000)
    this.#check()
  }

  #check(): void {
    for (const failure of this.#failures) throw failure
    expect(this.#world.store.places(), 'the queue is empty').toEqual({})
    const served = new Set([...this.#delivered.keys(), ...this.#told.keys()])
    expect(served.size, 'everybody has their mail, or somebody knows why not').toBe(this.#sent)
    for (const [recipient, times] of this.#told) {
      expect(times, `failures of ${recipient}`).toBeLessThanOrEqual(1 + this.#process)
    }
    expect(
      this.#world.store.statusLogs
        .keys()
        .filter((key) => key.startsWith('bounce/'))
        .toArray(),
    ).toEqual([])
    for (const [recipient, times] of this.#delivered) {
      const most = 1 + (this.#allowed.get(recipient) ?? 0)
      expect(times, `copies for ${recipient}`).toBeLessThanOrEqual(most)
    }
    expect(this.#manager).toMatchObject({ messages: 0, recipients: 0 })
  }

  #arrive(): void {
    const most = this.#pick([5, 5, 5, 60])
    const recipients = Array.from({ length: 1 + Math.floor(this.#random() * most) }, () => {
      this.#sent += 1
      return `r${this.#sent}@${this.#pick(this.#names)}`
    })
    const queue = this.#random() < 0.5 ? 'active' : 'incoming'
    const envelope = this.#world.store.add({ recipients }, queue, this.#world.clock.now())
    // Some programs only send a trigger, and that may get lost.
    if (queue === 'active') this.#tellLater(envelope)
    else if (this.#random() < 0.6) this.#manager?.accept(envelope, queue)
    else this.#manager?.trigger(Buffer.from('I'))
  }

  /** What is found here must not pass for an agent that died. */
  #require(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.#failures.push(error)
    }
  }

  /**
   * I-6: whatever is sent, so much of it is in memory at most. The minimum of each message comes on
   * top of what was read of others before (S-59), so it is a sum, and no maximum.
   */
  #checkMemory(): void {
    const { messageActiveLimit, messageRecipientLimit, ...options } = this.#world.options
    if (options.scheduling === 'oqmgr') return
    const { recipientLimit, extraRecipientLimit } = options.transport('smtp')
    const slots = recipientLimit + extraRecipientLimit
    const least = options.messageRecipientMinimum * messageActiveLimit
    const most = Math.max(messageRecipientLimit, messageActiveLimit) + least + slots
    expect(this.#manager?.recipients ?? 0).toBeLessThanOrEqual(most)
  }

  /** Whoever commits a message to `active` is a moment later than a scan can be. */
  #tellLater(envelope: MessageEnvelope): void {
    const process = this.#process
    this.#world.clock.after(this.#random() * 30, () => {
      if (process === this.#process) this.#manager?.accept(envelope, 'active')
    })
  }

  /** As when a reload changes the options: then nobody may get a duplicate. */
  #replace(): void {
    const old = this.#manager
    if (old === undefined || this.#handOver !== undefined || this.#isStopping) return
    const scheduling = this.#pick(['qmgr', 'oqmgr'] as const)
    this.#world.options = { ...this.#world.options, scheduling }
    const next = this.#world.manager()
    this.#manager = next
    const handOver = old.handOverTo(next).then(() => {
      if (this.#handOver === handOver) this.#handOver = undefined
    })
    this.#handOver = handOver
  }

  #crash(): void {
    if (this.#manager === undefined) return
    this.#manager = undefined
    this.#handOver = undefined
    this.#process += 1
    for (const { recipients } of this.#inHand) {
      // The server may have it, though nobody was left to hear of it.
      for (const { address } of recipients)
        if (this.#random() < 0.5) this.#count(address, this.#delivered)
    }
    this.#inHand = new Set()
    for (const address of this.#unrecorded()) {
      this.#allowed.set(address, (this.#allowed.get(address) ?? 0) + 1)
    }
    this.#world.clock.after(this.#random() * 3000, () => void this.#boot())
  }

  /** Stops as on SIGTERM: then nobody may get a duplicate. */
  async #restart(): Promise<void> {
    const process = this.#process
    this.#isStopping = true
    await Promise.all([this.#manager?.drain(), this.#handOver])
    this.#isStopping = false
    if (this.#manager === undefined || process !== this.#process) return
    this.#manager = undefined
    this.#process += 1
    expect(this.#inHand.size).toBe(0)
    expect(this.#unrecorded(), 'drain records all').toEqual([])
    await this.#boot()
  }

  /** Who has a copy that the queue does not know of, nor was lost with an earlier process. */
  #unrecorded(): string[] {
    const listed = Array.from(this.#world.store.files.values(), ({ envelope }) => envelope)
    const todo = listed.flatMap(({ recipients }) => recipients.map(({ address }) => address))
    const copies = (counts: Map<string, number>, address: string) => counts.get(address) ?? 0
    return todo.filter((one) => copies(this.#delivered, one) > copies(this.#allowed, one))
  }

  async #boot(): Promise<void> {
    const process = this.#process
    const alive = () => process === this.#process
    const { clock } = this.#world
    const mortal: Clock = {
      now: () => clock.now(),
      after: (delayMs, fn) => clock.after(delayMs, () => alive() && fn()),
    }
    this.#world.ports = {
      clock: mortal,
      store: this.#storeOf(alive),
      notices: { has: () => true, send: (request) => this.#tell(request, alive) },
      agents: () =>
        this.#trouble && this.#random() < 0.02
          ? undefined
          : { deliver: (request) => this.#deliver(request, alive) },
    }
    const manager = this.#world.manager()
    this.#manager = manager
    await manager.start()
  }

  /** The store, slow and unreliable, and out of reach for a process that is dead. */
  #storeOf(alive: () => boolean): MessageStore {
    const { store } = this.#world
    const call = async <T>(operation: () => Promise<T>, mayFail = true): Promise<T> => {
      await this.#wait(this.#random() * 20, alive)
      if (mayFail && this.#trouble && this.#random() < 0.02) throw new Error('EIO')
      const result = await operation()
      await this.#wait(this.#random() * 20, alive)
      return result
    }
    return {
      scan: (queue) => store.scan(queue),
      watch: (queue, listener) => store.watch(queue, listener),
      move: (...args) => call(() => store.move(...args)),
      remove: (...args) => call(() => store.remove(...args)),
      readEnvelope: (...args) => call(() => store.readEnvelope(...args)),
      readRecipients: (...args) => call(() => store.readRecipients(...args)),
      // Its failure costs a duplicate, which this simulation could not tell from a bug.
      markDone: (...args) => call(() => store.markDone(...args), false),
      appendStatusLog: (...args) => call(() => store.appendStatusLog(...args)),
      readStatusLog: (...args) => call(() => store.readStatusLog(...args)),
      removeStatusLog: (...args) => call(() => store.removeStatusLog(...args)),
      noteSent: (...args) => call(() => store.noteSent(...args)),
    }
  }

  async #deliver(request: DeliveryRequest, alive: () => boolean): Promise<DeliveryReport> {
    this.#inHand.add(request)
    const same = Array.from(this.#inHand).filter(({ nexthop }) => nexthop === request.nexthop)
    const busy = this.#perMailbox(request) ? 1 : same.length
    const most = this.#handOver === undefined ? this.#limit : 2 * this.#limit
    this.#require(() => {
      expect(busy, 'concurrency of a destination').toBeLessThanOrEqual(most)
      this.#checkMemory()
    })
    await this.#wait(this.#random() * 2000, alive)
    this.#inHand.delete(request)
    const now = this.#world.clock.now()
    const moody = this.#trouble ? this.#random() : 1
    if (moody < 0.05) throw new Error('agent died')
    if (moody < 0.2) {
      const report = this.#world.outcomes(request, 'deferred')
      return { ...report, blame: { status: '4.4.1', reason: 'connection refused' } }
    }
    const outcomes = request.recipients.map(({ address }) => {
      const kind = moody < 0.7 ? this.#pick(['sent', 'deferred', 'bounced'] as const) : 'sent'
      if (kind === 'sent') this.#count(address, this.#delivered)
      return { kind, status: '2.0.0', text: kind, relay: 'none', doneMs: now }
    })
    return { outcomes }
  }

  /** As bounce(8): at once, or not at all, but the log may outlive the notification. */
  async #tell({ log, message }: NoticeRequest, alive: () => boolean): Promise<void> {
    const { statusLogs } = this.#world.store
    await this.#wait(this.#random() * 100, alive)
    if (this.#trouble && this.#random() < 0.05) throw new Error('EIO')
    const text = statusLogs.get(`${log}/${message.id}`) ?? ''
    const recipients = new Set(text.match(/(?<=^recipient=).*/gm))
    for (const address of recipients) this.#count(address, this.#told)
    await this.#wait(this.#random() * 100, alive)
    statusLogs.delete(`${log}/${message.id}`)
  }

  #perMailbox({ transport }: DeliveryRequest): boolean {
    return this.#world.options.transport(transport).destinationRecipientLimit === 1
  }

  /** Waits; for ever if the process dies meanwhile. */
  async #wait(ms: number, alive: () => boolean): Promise<void> {
    await this.#world.wait(ms)
    if (!alive()) await new Promise(() => {})
  }

  get #trouble(): boolean {
    return this.#world.clock.now() < START_MS + TROUBLE_MS
  }

  #count(address: string, counts: Map<string, number>): void {
    counts.set(address, (counts.get(address) ?? 0) + 1)
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)]!
  }
}

it.each(seeds)('O-19: everybody gets their mail, SIM_SEED=%i', async (seed) => {
  await new Simulation(seed).run()
})
