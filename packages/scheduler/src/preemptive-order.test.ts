import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { create } from '../test/sequence.ts'
import type { Activation } from './index.ts'

type Message = Activation<{ name: string; to: string[] }, string>

/** S-28 and S-48 with plain arrays: what waits of each message, by destination, in turn. */
class Model {
  readonly #limit: number
  readonly #messages = new Map<Message, [destination: string, batches: string[][]][]>()

  constructor(limit: number) {
    this.#limit = limit
  }

  add(message: Message, destination: string, recipient: string): void {
    const peers = this.#messages.get(message) ?? []
    this.#messages.set(message, peers)
    const batches = peers.find(([name]) => name === destination)?.[1]
    const last = batches?.at(-1)
    if (last !== undefined && last.length < this.#limit) last.push(recipient)
    else if (batches !== undefined) batches.push([recipient])
    else peers.push([destination, [[recipient]]])
  }

  /** The first message that has something, oldest first. */
  take(order: readonly Message[]): string | undefined {
    for (const message of order) {
      const peers = this.#messages.get(message) ?? []
      const [destination, batches] = peers.shift() ?? []
      if (destination === undefined || batches === undefined) continue
      const taken = batches.shift()
      if (batches.length > 0) peers.push([destination, batches])
      return `${message.message.name} ${destination} ${taken?.join()}`
    }
    return undefined
  }

  drop(destination: string): string[] {
    return Array.from(this.#messages.values()).flatMap((peers) => {
      const at = peers.findIndex(([name]) => name === destination)
      return at < 0 ? [] : peers.splice(at, 1).flatMap(([, batches]) => batches.flat())
    })
  }
}

const MESSAGES = 4
const step = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      message: fc.nat({ max: MESSAGES - 1 }),
      // So many that a job looks its peers up in a map, and so few that they share destinations.
      destination: fc.nat({ max: 11 }),
    }),
  },
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('take' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

it('S-28, S-48, S-79: batches and turns are those of a plain model, in whatever order', () => {
  const check = (steps: readonly Step[], limit: number) => {
    const scheduler = create({
      slotCost: 0,
      destinationRecipientLimit: limit,
      initial: 1000,
      limit: 0,
      failedCohortLimit: 0.0001, // The first failure kills.
    })
    const messages = Array.from({ length: MESSAGES }, (_, i) => {
      return scheduler.open({ name: `m${i}`, to: [] }, 0, 1000 * i)
    })
    const model = new Model(limit)
    let nowMs = 1000 * MESSAGES
    for (const [i, one] of steps.entries()) {
      if (one.kind === 'add') {
        const message = messages[one.message]!
        const destination = `d${one.destination}`
        scheduler.add(message, { transport: 'smtp', destination }, `r${i}`, nowMs)
        model.add(message, destination, `r${i}`)
        continue
      }
      const begun = scheduler.next(nowMs)
      const delivery = begun?.kind === 'deliver' ? begun : undefined
      const { name } = delivery?.activation.message ?? {}
      const said = delivery && `${name} ${delivery.destination} ${delivery.recipients.join()}`
      expect(said).toBe(model.take(messages))
      if (delivery === undefined) continue
      const blamed = { kind: 'blamed', status: '4.4.1', reason: 'refused' } as const
      const result = one.kind === 'take' ? ({ kind: 'neutral' } as const) : blamed
      const died = scheduler.finish(delivery, result, nowMs)
      if (one.kind === 'take') continue
      const dropped = died?.entries.flatMap(({ recipients }) => recipients) ?? []
      expect(dropped.toSorted()).toEqual(model.drop(delivery.destination).toSorted())
      nowMs += 300_000 // It is forgiven.
    }
  }
  const steps = fc.array(step, { minLength: 100, maxLength: 300, size: 'max' })
  fc.assert(fc.property(steps, fc.integer({ min: 1, max: 4 }), check), { numRuns: 500 })
})
