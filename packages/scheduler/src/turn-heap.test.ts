import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { TurnHeap } from './turn-heap.ts'

it('S-64: the head is who waits longest, whoever leaves, comes back or takes a turn', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('toggle', 'turn'), fc.nat({ max: 29 })), {
    minLength: 100,
    maxLength: 400,
  })
  fc.assert(
    fc.property(steps, (all) => {
      const heap = new TurnHeap<{ turn: number; place: number }>()
      // Shuffled, so that the heap is not in order of arrival.
      const takers = Array.from({ length: 30 }, (_, i) => ({ turn: (i * 7) % 30, place: -1 }))
      let lastTurn = takers.length
      for (const [step, i] of all) {
        const taker = takers[i]!
        if (step === 'toggle' && taker.place < 0) heap.add(taker)
        else if (step === 'toggle') heap.remove(taker)
        else if (taker.place >= 0) heap.moveToTail(taker, ++lastTurn)
        const waiting = takers.filter(({ place }) => place >= 0).sort((a, b) => a.turn - b.turn)
        expect(heap.size).toBe(waiting.length)
        expect(heap.head()).toBe(waiting[0])
      }
    }),
  )
})
