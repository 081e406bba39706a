import { Candidates } from './candidates.ts'
import { type Job, StackPlace } from './job.ts'
import type { JobList } from './job-list.ts'

/** When a small job may go before a large one (S-52). */
export interface PreemptionOptions {
  /**
   * `default_delivery_slot_cost`: of how many entries of a large job one may go to others; 0 and 1
   * mean none.
   */
  readonly slotCost: number
  /** `default_delivery_slot_loan`: slots that a job gives before it has earned them. */
  readonly slotLoan: number
  /** `default_delivery_slot_discount`: percent of the slots needed that may still be missing. */
  readonly slotDiscount: number
  /** `default_minimum_delivery_slots`: who cannot ever earn as many is not preempted. */
  readonly minimumSlots: number
}

/**
 * Lets small jobs go before large ones. A large job earns slots with its own entries, and a job
 * that goes before it takes as many as it has entries, so it is delayed by 1/cost at most (I-1).
 *
 * Source: S-52 to S-54.
 */
export class Preemption<M, R> {
  readonly #options: PreemptionOptions
  readonly #list: JobList<M, R>
  readonly candidates: Candidates<M, R>

  constructor(options: PreemptionOptions, list: JobList<M, R>) {
    this.#options = options
    this.#list = list
    this.candidates = new Candidates(list)
  }

  get isOn(): boolean {
    return this.#options.slotCost >= 2
  }

  /** Lets the best job go before the current one; returns it, if there is one that may. */
  test(current: Job<M, R>, nowMs: number): Job<M, R> | undefined {
    const { slotCost, slotLoan, slotDiscount, minimumSlots } = this.#options
    if (current.available < 1 || current.most < minimumSlots * slotCost) return undefined
    const budget = Math.floor((current.read - current.selected + current.available) / slotCost)
    if (budget < 1) return undefined
    // The best is chosen first and may then have to wait: a smaller one does not slip in instead,
    // or the medium-sized would wait for ever.
    const best = this.candidates.best(current, budget, nowMs)
    if (best === undefined) return undefined
    const slots = Math.floor(current.available / slotCost) + slotLoan
    if (100 * slots < best.needed * (100 - slotDiscount)) return undefined
    this.#preempt(best, current)
    return best
  }

  /** Takes a job off the stack, and settles what it really needed with the one it preempted. */
  leaveStack(job: Job<M, R>): void {
    const { stack } = job
    if (stack === undefined) return
    job.stack = undefined
    const { parent } = stack
    if (parent !== undefined && parent === stack.preempted) {
      parent.available -= stack.used * this.#options.slotCost
    }
    parent?.stack?.children?.delete(job)
    if (stack.children === undefined) return
    for (const child of stack.children) {
      if (child.stack !== undefined) child.stack.parent = parent
      parent?.stack?.adopt(child)
    }
  }

  #preempt(job: Job<M, R>, current: Job<M, R>): void {
    this.leaveStack(job)
    this.#list.moveInFront(job, current)
    current.stack ??= new StackPlace()
    current.stack.adopt(job)
    job.stack = new StackPlace()
    job.stack.parent = job.stack.preempted = current
    job.stack.level = current.stack.level + 1
    job.stack.used = -job.needed
    current.available -= job.needed * this.#options.slotCost
    this.candidates.update(job)
  }
}
