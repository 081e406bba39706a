import { expect, it } from 'vitest'

import { type PlainJob, PlainPreemption } from '../test/plain-preemption.ts'
import { create, type Mail, nextDelivery } from '../test/sequence.ts'
import { prng, World } from '../test/world.ts'
import type { Activation } from './index.ts'

const RUNS = 2000
const CHUNK = 100
const only = process.env['SIM_SEED']
const chunks = only
  ? [[Number(only)]]
  : Array.from({ length: RUNS / CHUNK }, (_, chunk) =>
      Array.from({ length: CHUNK }, (_, i) => chunk * CHUNK + i + 1),
    )

/** Both get the same mail, and must do the same with it. */
function run(seed: number): void {
  const random = prng(seed)
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!
  const window = pick([1, 2, 5, 1000])
  const limits = {
    slotCost: pick([0, 2, 3, 5, 10]),
    slotLoan: pick([0, 3, 5]),
    slotDiscount: pick([0, 50, 100]),
    minimumSlots: pick([0, 1, 3]),
    processLimit: pick([1, 1, 3, 10]),
  }
  const world = new World()
  const scheduler = create({ ...limits, initial: window, limit: window })
  const plain = new PlainPreemption({ ...limits, window })
  const jobs = new Map<Activation<Mail, string>, PlainJob>()
  const handOut = () => {
    for (;;) {
      const one = nextDelivery(scheduler, world.nowMs)
      const expected = plain.next(world.nowMs)
      const name = one && `${one.activation.message.name} to ${one.destination}`
      const right = expected && `${expected.job.name} to ${expected.destination}`
      if (name !== right) expect(name).toBe(right)
      if (one === undefined) return
      checkLedgers()
      world.at(world.nowMs + pick([500, 1000, 3000]), () => {
        scheduler.finish(one, { kind: 'neutral' }, world.nowMs)
        plain.finish(one.destination)
        handOut()
      })
    }
  }
  const checkLedgers = () => {
    for (const [{ done, firstJob }, job] of jobs) {
      const balance = plain.balance(job)
      // Asked a million times: only what is wrong is told to `expect`, which takes its time.
      if (!done && firstJob?.available !== balance) {
        expect(firstJob?.available, 'I-4').toBe(balance)
      }
      const spent = job.selected - balance
      if (spent > job.total) expect(spent, 'I-3').toBeLessThanOrEqual(job.total)
    }
  }
  for (let i = pick([2, 5, 15]); i > 0; i--) {
    const name = `m${i}`
    const size = pick([1, 1, 2, 3, 5, 10, 20, 60])
    const hosts = pick([1, 3, 1000])
    const atMs = Math.floor(random() * pick([1, 5000, 30_000]))
    const to = Array.from({ length: size }, () => `d${Math.floor(random() * hosts)}`)
    // A message may be known for a while before something of it comes to this transport.
    const openMs = Math.max(0, atMs - pick([0, 0, 1000, 5000]))
    world.at(atMs, () => {
      const activation = scheduler.open({ name, to: [] }, 0, openMs)
      jobs.set(activation, plain.arrive(name, to, openMs))
      for (const destination of to) {
        scheduler.add(activation, { transport: 'smtp', destination }, destination, atMs)
      }
      handOut()
    })
  }
  world.run()
  expect(scheduler).toMatchObject({ size: 0, busy: 0, recipients: 0 })
}

// Of one run alone: SIM_SEED=n.
it.each(chunks)('S-45 to S-56, I-3, I-4: goes as a plain model does, seeds from %i', (...seeds) => {
  for (const seed of seeds) {
    try {
      run(seed)
    } catch (error) {
      throw new Error(`SIM_SEED=${seed}`, { cause: error })
    }
  }
})
