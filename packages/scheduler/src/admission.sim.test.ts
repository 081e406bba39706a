import { expect, it } from 'vitest'

import { arrive, create, nextDelivery } from '../test/sequence.ts'
import { World } from '../test/world.ts'
import { type ScannedQueue, ScanTurns } from './index.ts'

interface Load {
  /** Deferred messages, all of them due. */
  readonly backlog: number
  readonly activeLimit: number
  readonly processes: number
  /** A new message comes so often. */
  readonly everyMs: number
  readonly horizonMs: number
}

/** S-98: one recipient each, next hops of their own, a second for each delivery. */
function run({ backlog, activeLimit, processes, everyMs, horizonMs }: Load) {
  const world = new World()
  const scheduler = create({ processLimit: processes })
  const turns = new ScanTurns()
  const incoming: number[] = [] // When they came.
  let deferred = backlog
  let active = 0
  let messages = 0
  const delays: number[] = []
  let deferredDone = 0
  const take = (queue: ScannedQueue): boolean => {
    const cameMs = queue === 'incoming' ? incoming.shift() : undefined
    if (queue === 'incoming' ? cameMs === undefined : deferred === 0) return false
    if (queue === 'deferred') deferred -= 1
    active += 1
    messages += 1
    arrive(scheduler, cameMs === undefined ? '' : String(cameMs), [`d${messages}`], world.nowMs)
    return true
  }
  const admit = () => {
    while (active < activeLimit && incoming.length + deferred > 0) {
      while (!turns.tried(take(turns.turn), active < activeLimit));
    }
  }
  const deliver = () => {
    for (;;) {
      const one = nextDelivery(scheduler, world.nowMs)
      if (one === undefined) return
      if (world.nowMs + 1000 > horizonMs) continue // Nobody sees it end.
      world.at(world.nowMs + 1000, () => {
        scheduler.finish(one, { kind: 'answered' }, world.nowMs)
        active -= 1
        const { name } = one.activation.message
        if (name === '') deferredDone += 1
        else delays.push((world.nowMs - Number(name)) / 1000)
        handOut()
      })
    }
  }
  const handOut = () => {
    deliver()
    admit()
    deliver()
  }
  for (let atMs = 500; atMs <= horizonMs; atMs += everyMs) {
    world.at(atMs, () => {
      incoming.push(atMs)
      handOut()
    })
  }
  world.at(0, handOut)
  world.run()
  const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length
  const [least, most] = [Math.min(...delays), Math.max(...delays)]
  return { least, mean: Number(mean.toFixed(3)), most, done: delays.length, deferredDone }
}

it.each<[Load, ReturnType<typeof run>]>([
  [
    { backlog: 10_000, activeLimit: 100, processes: 10, everyMs: 1000, horizonMs: 200_000 },
    { least: 10.5, mean: 10.5, most: 10.5, done: 190, deferredDone: 1810 },
  ],
  [
    { backlog: 10_000, activeLimit: 100, processes: 10, everyMs: 200, horizonMs: 200_000 },
    { least: 10.1, mean: 10.499, most: 10.9, done: 948, deferredDone: 1052 },
  ],
  [
    { backlog: 1_000_000, activeLimit: 20_000, processes: 100, everyMs: 100, horizonMs: 1_000_000 },
    { least: 200, mean: 200.45, most: 200.9, done: 7996, deferredDone: 92_004 },
  ],
])('O-15, S-13: new mail waits for what is active, not for the backlog: %j', (load, expected) => {
  expect(run(load)).toEqual(expected)
})
