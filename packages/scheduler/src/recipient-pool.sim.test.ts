import { expect, it } from 'vitest'

import { create, type Mail, OPTIONS } from '../test/sequence.ts'
import { prng, World } from '../test/world.ts'
import type { Activation, Decision } from './index.ts'

const RUNS = 2000
const CHUNK = 100
const only = process.env['SIM_SEED']
const chunks = only
  ? [[Number(only)]]
  : Array.from({ length: RUNS / CHUNK }, (_, chunk) =>
      Array.from({ length: CHUNK }, (_, i) => chunk * CHUNK + i + 1),
    )

/** The most slots that are lent on any transport. */
function mostLent(active: Iterable<Activation<Mail, string>>): number {
  const lent = new Map<unknown, number>()
  for (const { firstJob } of active) {
    for (let job = firstJob; job !== undefined; job = job.sibling) {
      lent.set(job.order, (lent.get(job.order) ?? 0) + job.slots)
    }
  }
  return Math.max(0, ...lent.values())
}

function run(seed: number): void {
  const random = prng(seed)
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!
  const world = new World()
  const activeLimit = pick([1, 3, 10])
  const options = {
    messageRecipientLimit: pick([1, 20, 100]),
    messageRecipientMinimum: pick([1, 3, 10]),
  }
  const limits = {
    recipientLimit: pick([0, 5, 30, 100]),
    extraRecipientLimit: pick([0, 1, 10, 40]),
    recipientRefillLimit: pick([1, 5, 20]),
    recipientRefillDelayMs: pick([1000, 5000]),
    slotCost: pick([0, 2, 5]),
    processLimit: pick([1, 3, 10]),
    destinationRecipientLimit: pick([1, 2]),
  }
  const transports = ['smtp', 'relay'].slice(0, pick([1, 2]))
  const scheduler = create(limits, { ...OPTIONS, ...options })
  const active = new Set<Activation<Mail, string>>()
  const { recipientLimit, extraRecipientLimit } = limits
  const { messageRecipientLimit, messageRecipientMinimum } = options
  // The first batch of a message fills what the recipients in memory leave of their limit; what
  // comes after it, the minimum of other messages and all slots, goes on top of that.
  const most =
    messageRecipientLimit +
    messageRecipientMinimum * activeLimit +
    transports.length * (recipientLimit + extraRecipientLimit)

  const destination = () => `d${Math.floor(random() * 5)}`
  const read = ({ activation, limit }: Extract<Decision<Mail, string>, { kind: 'read' }>) => {
    for (const transport of activation.message.to.splice(0, limit)) {
      scheduler.add(activation, { transport, destination: destination() }, transport, world.nowMs)
    }
    scheduler.loaded(activation, activation.message.to.length, world.nowMs)
  }
  const check = () => {
    // Asked at each step: only what is wrong is told to `expect`, which takes its time.
    const { recipients } = scheduler
    if (recipients > most) expect(recipients, 'I-6').toBeLessThanOrEqual(most)
    const lent = mostLent(active)
    const lendable = recipientLimit + extraRecipientLimit
    if (lent > lendable) expect(lent, 'I-5').toBeLessThanOrEqual(lendable)
  }
  const handOut = () => {
    for (let one = scheduler.next(world.nowMs); one; one = scheduler.next(world.nowMs)) {
      if (one.kind === 'read') {
        read(one)
        continue
      }
      const delivery = one
      world.at(world.nowMs + pick([300, 1000]), () => {
        scheduler.finish(delivery, { kind: 'neutral' }, world.nowMs)
        if (delivery.activation.done) active.delete(delivery.activation)
        handOut()
      })
    }
    check()
  }
  const open = (size: number): Activation<Mail, string> => {
    const to = Array.from({ length: size }, () => pick(transports))
    const activation = scheduler.open({ name: 'm', to }, size, world.nowMs)
    active.add(activation)
    handOut()
    return activation
  }
  for (let left = pick([3, 10, 20]); left > 0; left--) {
    const size = pick([1, 2, 10, 50, 200])
    const atMs = Math.floor(random() * pick([1, 20_000]))
    const tryOpen = () => {
      if (active.size < activeLimit) open(size)
      else world.at(world.nowMs + 1000, tryOpen)
    }
    world.at(atMs, tryOpen)
  }
  // All slots are back in their pools: who comes next, and is large, gets them all.
  world.at(10_000_000, () => {
    expect(active.size, 'all is over').toBe(0)
    for (const transport of transports) {
      const last = scheduler.open({ name: 'last', to: [] }, 9, world.nowMs, { isFirstAtHand: true })
      scheduler.add(last, { transport, destination: 'd' }, 'r', world.nowMs)
      expect(last.firstJob?.slots, 'I-5: none is lost').toBe(recipientLimit)
    }
  })
  world.run()
}

// Of one run alone: SIM_SEED=n.
it.each(chunks)(
  'I-5, I-6: slots and recipients keep to their limits, seeds from %i',
  (...seeds) => {
    for (const seed of seeds) {
      try {
        run(seed)
      } catch (error) {
        throw new Error(`SIM_SEED=${seed}`, { cause: error })
      }
    }
  },
)
