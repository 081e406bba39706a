/** What the model is told of the parameters of the transport. */
export interface PlainLimits {
  readonly slotCost: number
  readonly slotLoan: number
  readonly slotDiscount: number
  readonly minimumSlots: number
  readonly processLimit: number
  /** The window of each destination, which does not change. */
  readonly window: number
}

/** A job of the model: all of it is in memory from the start. */
export interface PlainJob {
  readonly name: string
  readonly activatedSec: number
  /** Destinations in turn, and how many requests wait for each. */
  peers: [destination: string, waiting: number][]
  readonly total: number
  selected: number
  level: number
  parent: PlainJob | undefined
  isBlocked: boolean
  /** Whom it preempted, and what came of it: the ledger of I-4. */
  readonly ledger: { readonly by: PlainJob; readonly need: number; used: number; isOver: boolean }[]
}

/**
 * The scheduler of qmgr(8) for one transport, written down from S-45 to S-56 as it stands there:
 * lists are arrays, everything is looked for, and a slot balance is worked out from the whole
 * history (I-4) whenever it is needed.
 */
export class PlainPreemption {
  readonly #limits: PlainLimits
  readonly #busy = new Map<string, number>()
  readonly #tags = new Set<string>()
  #inFlight = 0
  #list: PlainJob[] = []
  #current: PlainJob | undefined

  constructor(limits: PlainLimits) {
    this.#limits = limits
  }

  /** S-45, S-49. */
  arrive(name: string, destinations: readonly string[], nowMs: number): PlainJob {
    const peers = new Map<string, number>()
    for (const one of destinations) peers.set(one, (peers.get(one) ?? 0) + 1)
    const job: PlainJob = {
      name,
      activatedSec: Math.floor(nowMs / 1000),
      peers: [...peers],
      total: destinations.length,
      selected: 0,
      level: 0,
      parent: undefined,
      isBlocked: false,
      ledger: [],
    }
    const place = this.#list.findLastIndex((one) => {
      return one.level === 0 && one.activatedSec <= job.activatedSec
    })
    const at = this.#current === undefined ? -1 : this.#list.indexOf(this.#current)
    this.#list.splice(place + 1, 0, job)
    if (at < 0 || place + 1 <= at) this.#current = job
    return job
  }

  /** S-47. */
  next(nowMs: number): { job: PlainJob; destination: string } | undefined {
    if (this.#inFlight >= this.#limits.processLimit || !this.#isAnyReady()) return undefined
    if (this.#current !== undefined && this.#limits.slotCost >= 2) this.#preempt(nowMs)
    const from =
      this.#current === undefined ? [] : this.#list.slice(this.#list.indexOf(this.#current))
    for (const job of from) {
      if (job.isBlocked) continue
      const destination = this.#take(job)
      if (destination !== undefined) return { job, destination }
      job.isBlocked = true
      for (const [name] of job.peers) this.#tags.add(name)
    }
    this.#current = undefined
    return undefined
  }

  /** S-50. */
  finish(destination: string): void {
    this.#inFlight -= 1
    this.#busy.set(destination, (this.#busy.get(destination) ?? 0) - 1)
    if (!this.#tags.has(destination) || !this.#hasRoom(destination)) return
    this.#tags.delete(destination)
    if (!this.#waits(destination)) return
    for (const job of this.#list) job.isBlocked = false
    this.#current = this.#list[0]
  }

  /** I-4: selections, less what its direct preemptors needed, each times the cost. */
  balance(job: PlainJob): number {
    const spent = job.ledger.reduce(
      (sum, { need, used, isOver }) => sum + (isOver ? used : need),
      0,
    )
    return job.selected - this.#limits.slotCost * spent
  }

  #isAnyReady(): boolean {
    return this.#list.some(({ peers }) => peers.some(([name]) => this.#hasRoom(name)))
  }

  #hasRoom(destination: string): boolean {
    return (this.#busy.get(destination) ?? 0) < this.#limits.window
  }

  #waits(destination: string): boolean {
    return this.#list.some(({ peers }) => peers.some(([name]) => name === destination))
  }

  /** S-48, and the bookkeeping of S-47. */
  #take(job: PlainJob): string | undefined {
    const at = job.peers.findIndex(([name]) => this.#hasRoom(name))
    const peer = job.peers[at]
    if (peer === undefined) return undefined
    const [destination, waiting] = peer
    job.peers = [...job.peers.slice(at + 1), ...job.peers.slice(0, at)]
    if (waiting > 1) job.peers.push([destination, waiting - 1])
    job.selected += 1
    for (const entry of job.parent?.ledger ?? []) {
      if (entry.by === job && !entry.isOver) entry.used += 1
    }
    this.#busy.set(destination, (this.#busy.get(destination) ?? 0) + 1)
    this.#inFlight += 1
    this.#current = job
    if (job.peers.length === 0) this.#retire(job)
    return destination
  }

  /** S-51, S-49. */
  #retire(job: PlainJob): void {
    this.#leaveStack(job)
    const at = this.#list.indexOf(job)
    this.#list.splice(at, 1)
    if (this.#current === job) this.#current = this.#list[at]
  }

  /** S-52, S-53. */
  #preempt(nowMs: number): void {
    const current = this.#current!
    const { slotCost, slotLoan, slotDiscount, minimumSlots } = this.#limits
    const balance = this.balance(current)
    if (balance < 1 || current.total < minimumSlots * slotCost) return
    const budget = Math.trunc((current.total - current.selected + balance) / slotCost)
    const need = (job: PlainJob) => job.total - job.selected
    const score = (job: PlainJob) => (Math.floor(nowMs / 1000) - job.activatedSec + 1) / job.total
    let best: PlainJob | undefined
    for (const job of this.#list.slice(this.#list.indexOf(current) + 1)) {
      if (job.isBlocked || this.#children(job).length > 0) continue
      if (need(job) <= budget && (best === undefined || score(job) > score(best))) best = job
    }
    if (best === undefined) return
    const slots = Math.trunc(balance / slotCost) + slotLoan
    if (100 * slots < need(best) * (100 - slotDiscount)) return
    this.#leaveStack(best)
    this.#list.splice(this.#list.indexOf(best), 1)
    this.#list.splice(this.#list.indexOf(current), 0, best)
    best.level = current.level + 1
    best.parent = current
    current.ledger.push({ by: best, need: need(best), used: 0, isOver: false })
    this.#current = best
  }

  /** S-54: its children go to its parent, whose debts they are not. */
  #leaveStack(job: PlainJob): void {
    for (const entry of job.parent?.ledger ?? []) if (entry.by === job) entry.isOver = true
    for (const child of this.#children(job)) child.parent = job.parent
    job.parent = undefined
    job.level = 0
  }

  #children(job: PlainJob): PlainJob[] {
    return this.#list.filter(({ parent }) => parent === job)
  }
}
