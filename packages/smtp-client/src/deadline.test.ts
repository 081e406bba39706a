import { VirtualClock } from '@posthouse/clock'
import { describe, expect, it } from 'vitest'

import { Deadline } from './deadline.ts'

function setUp() {
  const clock = new VirtualClock()
  const missed: number[] = []
  const deadline = new Deadline({ clock, minDataRate: 500 }, () => missed.push(clock.now()))
  return { clock, deadline, missed }
}

describe('Deadline', () => {
  it('C-37: each reply has its own', async () => {
    const { clock, deadline, missed } = setUp()
    deadline.awaitReply(1000)
    await clock.run(clock.now() + 900)
    deadline.awaitReply(1000)
    await clock.run(clock.now() + 900)
    expect(missed).toEqual([])
    await clock.run(clock.now() + 200)
    expect(missed).toEqual([1900])
  })

  it('C-37: content has one, which grows by what the server takes, up to the limit', async () => {
    const { clock, deadline, missed } = setUp()
    for (let piece = 0; piece < 3; piece++) {
      deadline.sent(piece === 0 ? 1_000_000 : 100) // 100 octets are worth 200 ms.
      deadline.awaitRoom(1000)
      await clock.run(clock.now() + 400)
      deadline.gotRoom()
    }
    await clock.run(clock.now() + 5000)
    expect(missed).toEqual([])
    deadline.awaitRoom(1000) // 1000 - 400 + 200 - 400 + 200 - 400
    await clock.run(clock.now() + 1000)
    expect(missed).toEqual([6400])
  })

  it('0 is no limit, nor is there one when nobody waits', async () => {
    const { clock, deadline, missed } = setUp()
    deadline.awaitReply(0)
    await clock.run(clock.now() + 1e6)
    deadline.awaitRoom(0)
    await clock.run(clock.now() + 1e6)
    deadline.awaitReply(10)
    deadline.stop()
    await clock.run(clock.now() + 1e6)
    expect(missed).toEqual([])
  })
})
