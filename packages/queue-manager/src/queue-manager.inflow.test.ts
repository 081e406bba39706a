import { expect, it } from 'vitest'

import { World } from '../test/harness.ts'

it('S-14: a queue manager without room gives a token for each message it takes in', async () => {
  const here: World = new World(
    async (request) => {
      await here.wait(10_000)
      return here.outcomes(request)
    },
    { inflowTokens: 2, messageActiveLimit: 1 },
  )
  const manager = here.manager()
  await manager.start()
  const receive = async () => {
    const isFree = manager.inflow.take()
    manager.accept(here.store.add({ recipients: ['a@x'] }))
    await here.run(0)
    return isFree ? '+' : '-'
  }
  const received = async (count: number) => {
    let said = ''
    for (let at = 0; at < count; at++) said += await receive()
    return said
  }
  // The first becomes active, the second waits, and only then there is a backlog.
  expect(await received(5)).toBe('+++--')
  await here.run(10) // One leaves, another becomes active.
  expect(await received(2)).toBe('+-')
  await here.run(100)
  expect(await received(2)).toBe('++')
})
