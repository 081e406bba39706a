import type { MessageQueue } from '@posthouse/queue-store'
import { expect, it } from 'vitest'

import { SETTINGS, START_MS, World } from '../test/harness.ts'
import type { MemoryStore } from '../test/memory-store.ts'
import { prng } from '../test/prng.ts'
import type { MessageStore, QueueManager } from './index.ts'

const firstSeed = Number(process.env['SIM_SEED'] ?? 1)
const seeds = Array.from({ length: process.env['SIM_SEED'] ? 1 : 40 }, (_, i) => firstSeed + i)

const INTERVAL_S = 20
const RUNS = 40
const FILES = 40

/** What happens in an interval between queue runs. */
type Happening =
  | { readonly what: (typeof STAMPED)[number]; readonly id: string; readonly stampS: number }
  | { readonly what: 'held' | 'released' | 'requeued' | 'removed'; readonly id: string }
  | { readonly what: 'trigger'; readonly bytes: string }
  | { readonly what: 'restart' | 'reload' | 'trouble' }

const STAMPED = ['new', 'copied', 'copied unseen', 'lost', 'touched', 'touched often'] as const
const TRIGGERS = ['D', 'FADI', 'A', 'F', 'DA', 'I'] as const

/** The same history in two worlds: who is delivered to, and when, has to be the same in both. */
class History {
  readonly settings: { activeLimit: number; minimalS: number; maximalS: number }
  readonly #random: () => number
  readonly #happenings: Happening[][]
  #ids = 0

  constructor(seed: number) {
    this.#random = prng(seed)
    this.settings = {
      activeLimit: this.#pick([1, 2, 3, 100]),
      minimalS: this.#pick([1, 5, 30]),
      maximalS: this.#pick([40, 300]),
    }
    const count = (): number => Math.floor(this.#random() * 4)
    this.#happenings = Array.from({ length: RUNS }, () =>
      Array.from({ length: count() }, () => this.#happening()),
    )
  }

  async play(isWatched: boolean): Promise<Played> {
    const { activeLimit, minimalS, maximalS } = this.settings
    const attempts: string[] = []
    const world: World = new World(
      (request) => {
        const { queueId } = request
        attempts.push(`${world.clock.now()} ${queueId}`)
        // Of chance, but the same in both worlds whatever the order.
        const isLucky = prng(hash(`${world.clock.now()} ${queueId}`))() < 0.1
        return world.outcomes(request, isLucky ? 'sent' : 'deferred')
      },
      {
        messageActiveLimit: activeLimit,
        minimalBackoffMs: minimalS * 1000,
        maximalBackoffMs: maximalS * 1000,
        queueRunDelayMs: INTERVAL_S * 1000,
        transport: () => ({ ...SETTINGS, destinationRecipientLimit: 1 }),
      },
    )
    const { store } = world
    world.ports = { store: isWatched ? delayed(world) : unwatched(store) }
    for (let i = 0; i < FILES; i++) add(world, `D${i}`, (i * 37) % 200)
    let manager = world.manager()
    await manager.start()
    for (const happenings of this.#happenings) {
      for (const happening of happenings) {
        manager = await happen(happening, world, manager)
        await world.run(1) // What is changed during a scan, a scan may see or not.
      }
      await world.run(INTERVAL_S - happenings.length)
    }
    store.failing.clear()
    await world.run(2 * maximalS)
    await manager.drain()
    const scans = store.calls.filter((call) => call === 'scan deferred').length
    const left = Array.from(store.files, ([id, { queue, modifiedMs }]) => [id, queue, modifiedMs])
    return { attempts: attempts.toSorted(), left: left.toSorted(), scans }
  }

  #happening(): Happening {
    this.#ids += 1
    const id = this.#random() < 0.9 ? `D${Math.floor(this.#random() * FILES)}` : `N${this.#ids}`
    const stampS = Math.floor(this.#random() * RUNS * INTERVAL_S)
    const one = this.#random()
    if (one < 0.2) return { what: 'new', id: `N${this.#ids}`, stampS }
    if (one < 0.3) return { what: 'copied', id: `N${this.#ids}`, stampS }
    if (one < 0.33) return { what: 'copied unseen', id: `N${this.#ids}`, stampS }
    if (one < 0.5) return { what: 'touched', id, stampS }
    if (one < 0.8) return { what: this.#pick(['held', 'released', 'requeued', 'removed']), id }
    if (one < 0.82) return { what: 'touched often', id, stampS }
    if (one < 0.9) return { what: 'trigger', bytes: this.#pick(TRIGGERS) }
    if (one < 0.92) return { what: 'lost', id: `N${this.#ids}`, stampS }
    return { what: this.#pick(['restart', 'reload', 'trouble', 'trouble']) }
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)]!
  }
}

interface Played {
  readonly attempts: readonly string[]
  readonly left: readonly unknown[]
  readonly scans: number
}

async function happen(one: Happening, world: World, manager: QueueManager): Promise<QueueManager> {
  const { store, clock } = world
  switch (one.what) {
    case 'new':
      manager.accept(
        store.add({ id: one.id, recipients: ['r@x.test'] }, 'active', clock.now()),
        'active',
      )
      break
    case 'copied':
      add(world, one.id, one.stampS)
      break
    case 'copied unseen':
      store.unseen(() => add(world, one.id, one.stampS))
      break
    case 'touched':
      change(store, one.id, 'deferred', { modifiedMs: START_MS + one.stampS * 1000 })
      break
    case 'touched often':
      for (let i = 0; i < 1500; i++) {
        change(store, one.id, 'deferred', { modifiedMs: START_MS + one.stampS * 1000 + i })
      }
      change(store, 'D1', 'deferred', { modifiedMs: clock.now() })
      break
    case 'held':
      change(store, one.id, 'deferred', { queue: 'hold' })
      break
    case 'released':
      change(store, one.id, 'hold', { queue: 'deferred' })
      break
    case 'requeued':
      change(store, one.id, 'deferred', { queue: 'incoming', modifiedMs: clock.now() })
      manager.trigger(Buffer.from('I'))
      break
    case 'removed':
      if (store.files.get(one.id)?.queue === 'deferred') await store.remove(one.id, 'deferred')
      break
    case 'trigger':
      manager.trigger(Buffer.from(one.bytes))
      break
    case 'lost':
      store.unseen(() => add(world, one.id, one.stampS))
      store.missed = false
      store.lose()
      break
    case 'trouble':
      // Not of moves into the queue: those are tried again at a queue run, which may see it or not.
      for (const call of ['move D3 deferred', 'move D7 deferred', 'readEnvelope D2']) {
        if (!store.failing.delete(call)) store.failing.add(call)
      }
      break
    default:
      return another(one.what, world, manager)
  }
  return manager
}

async function another(
  what: 'restart' | 'reload',
  world: World,
  manager: QueueManager,
): Promise<QueueManager> {
  const next = world.manager()
  if (what === 'reload') await manager.handOverTo(next)
  else {
    await manager.drain()
    await next.start()
  }
  return next
}

function add({ store }: World, id: string, stampS: number): void {
  store.add({ id, recipients: ['r@x.test'] }, 'deferred', START_MS + stampS * 1000)
}

function change(
  store: MemoryStore,
  id: string,
  from: MessageQueue,
  changes: Parameters<MemoryStore['change']>[1],
): void {
  if (store.files.get(id)?.queue === from) store.change(id, changes)
}

/** A store that tells of changes a moment later, as the system does. */
function delayed({ store, clock }: World): MessageStore {
  const later = (tell: () => void): void => void clock.after(1, tell)
  return {
    ...unwatched(store),
    watch: (queue, { changed, lost }) =>
      store.watch(queue, {
        changed: (id) => later(() => changed(id)),
        lost: () => later(lost),
      }),
  }
}

function unwatched(store: MemoryStore): MessageStore {
  return {
    scan: (...args) => store.scan(...args),
    move: (...args) => store.move(...args),
    remove: (...args) => store.remove(...args),
    readEnvelope: (...args) => store.readEnvelope(...args),
    readRecipients: (...args) => store.readRecipients(...args),
    markDone: (...args) => store.markDone(...args),
    noteSent: (...args) => store.noteSent(...args),
    appendStatusLog: (...args) => store.appendStatusLog(...args),
    readStatusLog: (...args) => store.readStatusLog(...args),
    removeStatusLog: (...args) => store.removeStatusLog(...args),
  }
}

it.each(seeds)(
  'S-10, S-41: takes what a scan of all files would take, SIM_SEED=%i',
  async (seed) => {
    const history = new History(seed)
    const scanned = await history.play(false)
    const indexed = await history.play(true)
    expect(indexed.attempts).toEqual(scanned.attempts)
    expect(indexed.left).toEqual(scanned.left)
    expect(scanned.attempts.length).toBeGreaterThan(FILES)
    expect(indexed.scans).toBeLessThan(scanned.scans)
  },
)

/** A number for a text. */
function hash(text: string): number {
  let sum = 0
  for (const char of text) sum = (Math.imul(sum, 31) + char.charCodeAt(0)) | 0
  return sum
}
