import { VirtualClock } from '@posthouse/clock'
import fc from 'fast-check'
import { expect, it } from 'vitest'

import { DeliveryWatch } from './delivery-watch.ts'

const LIMIT_MS = 100
const MAX_MS = 250

const delivery = fc.record({
  beginMs: fc.nat(MAX_MS),
  takesMs: fc.integer({ min: 1, max: MAX_MS }).filter((ms) => ms !== LIMIT_MS),
})

it('S-90: gives up all that take longer than the limit, and no others', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(delivery, { maxLength: 12 }), async (deliveries) => {
      const clock = new VirtualClock()
      const givenUp: [at: number, givenUpMs: number][] = []
      const watch = new DeliveryWatch<number>(clock, LIMIT_MS, (at) => {
        givenUp.push([at, clock.now()])
      })
      for (const [at, { beginMs, takesMs }] of deliveries.entries()) {
        clock.after(beginMs, () => {
          const watched = watch.begin(at, clock.now())
          clock.after(takesMs, () => {
            expect(watch.end(watched)).toBe(takesMs < LIMIT_MS)
            expect(watch.end(watched)).toBe(false)
          })
        })
      }
      await clock.run(3 * MAX_MS)
      const late = deliveries.flatMap(({ beginMs, takesMs }, at) =>
        takesMs > LIMIT_MS ? [[at, beginMs + LIMIT_MS]] : [],
      )
      expect(givenUp.toSorted(([a], [b]) => a - b)).toEqual(late)
    }),
  )
})
