import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { type QueuedTurnTaker, TurnQueue } from './turn-queue.ts'

function taker(turn: number): QueuedTurnTaker {
  return { turn, place: -1, ahead: undefined, behind: undefined }
}

it('S-64: the head is who waits longest, whoever leaves, comes back or takes a turn', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('toggle', 'turn'), fc.nat({ max: 29 })), {
    minLength: 100,
    maxLength: 400,
  })
  fc.assert(
    fc.property(steps, (all) => {
      const queue = new TurnQueue<QueuedTurnTaker>()
      // Shuffled, so that some come back to an old place.
      const takers = Array.from({ length: 30 }, (_, i) => taker((i * 7) % 30))
      let lastTurn = takers.length
      for (const [step, i] of all) {
        const one = takers[i]!
        if (step === 'toggle' && one.place < 0) queue.add(one)
        else if (step === 'toggle') queue.remove(one)
        else if (one.place >= 0) queue.moveToTail(one, ++lastTurn)
        const waiting = takers.filter(({ place }) => place >= 0).sort((a, b) => a.turn - b.turn)
        expect(queue.isEmpty).toBe(waiting.length === 0)
        expect(queue.head()).toBe(waiting[0])
      }
    }),
  )
})
