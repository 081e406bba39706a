import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { orderSrvRecords } from './srv-order.ts'

function record(priority: number, weight: number, name = `${priority}/${weight}`) {
  return { priority, weight, name }
}

describe('orderSrvRecords', () => {
  it('C-34: by priority, whatever the weights and the random numbers', () => {
    const numbers = fc.infiniteStream(fc.double({ min: 0, max: 0.999_999, noNaN: true }))
    const records = fc.array(fc.record({ priority: fc.nat(3), weight: fc.nat(65_535) }))
    fc.assert(
      fc.property(records, numbers, (list, stream) => {
        const ordered = orderSrvRecords(list, () => stream.next().value as number)
        expect(new Set(ordered)).toEqual(new Set(list))
        const priorities = ordered.map(({ priority }) => priority)
        expect(priorities).toEqual(priorities.toSorted((a, b) => a - b))
      }),
    )
  })

  it('RFC 2782: among equals, the chance to be first is in proportion to the weight', () => {
    let seed = 1
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed / 2_147_483_647
    }
    const first = new Map<string, number>()
    for (let round = 0; round < 10_000; round++) {
      const [one] = orderSrvRecords([record(0, 10), record(0, 30), record(0, 60)], random)
      first.set(one!.name, (first.get(one!.name) ?? 0) + 1)
    }
    for (const [name, expected] of [
      ['0/10', 1000],
      ['0/30', 3000],
      ['0/60', 6000],
    ] as const) {
      expect(Math.abs(first.get(name)! - expected)).toBeLessThan(250)
    }
  })

  it('RFC 2782: weight 0 has a small chance to be first', () => {
    const records = [record(0, 9), record(0, 0)]
    expect(orderSrvRecords(records, () => 0).map(({ name }) => name)).toEqual(['0/0', '0/9'])
    expect(orderSrvRecords(records, () => 0.1).map(({ name }) => name)).toEqual(['0/9', '0/0'])
  })
})
