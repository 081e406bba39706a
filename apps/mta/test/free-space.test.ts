import { VirtualClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { describe, expect, it } from 'vitest'

import { FreeSpace, type FreeSpaceOptions } from '../src/free-space.ts'

const SHORT = { kind: 'temporary', text: 'Error: insufficient system storage' }
const STORE = { isWaitingForDisk: false }

function scene(options: Partial<FreeSpaceOptions>) {
  const clock = new VirtualClock(0)
  const log = memoryLogger()
  const disk = { bsize: 4096, bavail: 11, looks: 0 }
  const blocksOf = async () => {
    disk.looks += 1
    return disk
  }
  const space = new FreeSpace({
    directory: '/q',
    minFreeBytes: 10 * 4096 + 4095,
    messageSizeLimit: 0,
    clock,
    log: log.logger,
    blocksOf,
    ...options,
  })
  return { clock, log, disk, space }
}

describe('queue_minfree', () => {
  it('F-19: counts whole blocks, turns clients away at the limit, and takes mail again', async () => {
    const { clock, disk, space, log } = scene({})
    expect(await space.refusal(STORE)).toBeUndefined()
    disk.bavail = 10
    await clock.run(1000)
    expect(await space.refusal(STORE)).toEqual(SHORT)
    disk.bavail = 11
    await clock.run(2000)
    expect(await space.refusal(STORE)).toBeUndefined()
    expect(log.lines).toEqual([
      'warning: not enough free space in mail queue: 40960 bytes <= queue_minfree (45055 bytes)',
      'enough free space in mail queue again',
    ])
  })

  it('looks once a second, however many ask, and never if there is no limit', async () => {
    const { clock, disk, space } = scene({})
    await Promise.all([space.refusal(STORE), space.refusal(STORE)])
    await clock.run(999)
    expect(space.refusal(STORE)).toBeUndefined()
    expect(disk.looks).toBe(1)
    await clock.run(1000)
    await space.refusal(STORE)
    expect(disk.looks).toBe(2)
    const unlimited = scene({ minFreeBytes: 0 })
    expect(unlimited.space.refusal(STORE)).toBeUndefined()
    expect(unlimited.disk.looks).toBe(0)
  })

  it('lets mail in where nobody can tell', async () => {
    const blocksOf = () => Promise.reject(new Error('EIO: statfs'))
    const { space, log } = scene({ blocksOf })
    expect(await space.refusal(STORE)).toBeUndefined()
    expect(log.lines).toEqual(['warning: cannot tell the free space of /q: Error: EIO: statfs'])
  })

  it('F-10: has nobody wait beside one who waits for a file to be made', () => {
    const reply = scene({ minFreeBytes: 0 }).space.refusal({ isWaitingForDisk: true })
    expect(reply).toEqual({ kind: 'temporary', text: 'Error: queue file write error' })
  })

  it('F-19: warns of a limit that a message may exceed', () => {
    const { log } = scene({ minFreeBytes: 1000, messageSizeLimit: 700 })
    expect(log.lines).toEqual([
      'warning: queue_minfree(1000) should be at least 1.5*message_size_limit(700)',
    ])
    expect(scene({ minFreeBytes: 1500, messageSizeLimit: 1000 }).log.lines).toEqual([])
  })
})
