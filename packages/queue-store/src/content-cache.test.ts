import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { ContentCache } from './content-cache.ts'

const IDS = ['A', 'B', 'C']
const MAX_BYTES = 4000

const step = fc.record({
  id: fc.constantFrom(...IDS),
  length: fc.option(fc.integer({ min: 1, max: MAX_BYTES / 2 }), { nil: undefined, freq: 2 }),
})

it('keeps what was put in last, no more than there is room for, and nothing that was deleted', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const cache = new ContentCache(MAX_BYTES)
      const lengths = new Map<string, number>()
      for (const { id, length } of steps) {
        if (length === undefined) {
          const wasKept = cache.get(id) !== undefined
          expect(cache.delete(id)).toBe(wasKept ? lengths.get(id) : undefined)
          expect(cache.get(id)).toBeUndefined()
        } else if (cache.fits(length)) {
          cache.set(id, Buffer.alloc(length), 0)
          lengths.set(id, length)
          expect(cache.get(id)?.text).toHaveLength(length)
        }
        const kept = IDS.map((id) => cache.get(id)).filter((cached) => cached !== undefined)
        expect(kept.reduce((bytes, { text }) => bytes + text.length, 0)).toBeLessThan(MAX_BYTES)
      }
    }),
  )
})

it('keeps a text while others that fit beside it come and go', () => {
  const cache = new ContentCache(MAX_BYTES)
  cache.set('A', Buffer.alloc(500), 0)
  for (let round = 0; round < 100; round++) {
    cache.set('B', Buffer.alloc(500), 0)
    cache.set('B', Buffer.alloc(700), 0)
    cache.delete('B')
  }
  expect(cache.get('A')).toBeDefined()
})

it('keeps nothing without room', () => {
  expect(new ContentCache(0).fits(0)).toBe(false)
})
