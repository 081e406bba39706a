import { describe, expect, it } from 'vitest'

import { World } from '../test/harness.ts'
import { Inflow } from './inflow.ts'

const takeAll = (inflow: Inflow, count: number) =>
  Array.from({ length: count }, () => (inflow.take() ? '+' : '-')).join('')

describe('S-14: Inflow', () => {
  it('never runs out of tokens while nothing waits in incoming', () => {
    const inflow = new Inflow(2, () => false)
    expect(takeAll(inflow, 5)).toBe('+++++')
  })

  it('has as many tokens as there are, and gives out what came back, but no more', () => {
    const inflow = new Inflow(3, () => true)
    expect(takeAll(inflow, 5)).toBe('+++--')
    inflow.giveBack()
    expect(takeAll(inflow, 2)).toBe('+-')
    for (let at = 0; at < 5; at++) inflow.giveBack()
    expect(takeAll(inflow, 4)).toBe('+++-')
  })

  it('is full again once nothing waits, whatever became of tokens', () => {
    let hasBacklog = true
    const inflow = new Inflow(2, () => hasBacklog)
    expect(takeAll(inflow, 3)).toBe('++-')
    hasBacklog = false
    expect(takeAll(inflow, 1)).toBe('+')
    hasBacklog = true
    expect(takeAll(inflow, 2)).toBe('+-')
  })
})

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
