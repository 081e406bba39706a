import { expect, it } from 'vitest'

import { MemoryStore } from '../test/memory-store.ts'
import { ActiveMessage } from './active-message.ts'

it('S-88: a recipient that has no record in the file is never marked', () => {
  const message = new ActiveMessage(new MemoryStore().add({ recipients: ['a@x'] }), 0, false)
  for (const offset of [-1, 0, 50, 60]) message.markLater(offset)
  expect(message.takeUnmarked()).toEqual([50, 60])
  expect(message.takeUnmarked()).toEqual([])
})
