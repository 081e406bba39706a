import { VirtualClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { expect, it } from 'vitest'

import { CrashingFileSystem, DATA_LOSSES, type Disk } from '../test/crashing-file-system.ts'
import {
  ContentWriter,
  type MessageEnvelope,
  type MessageQueue,
  QueueFileError,
  QueueStore,
} from './index.ts'

// Lives of random work, each ended by a crash of the machine at a random change of its disk, each
// beginning with what the last one left. CRASH_SEED=7 runs one seed, CRASH_SEEDS=10000 so many.

const one = process.env['CRASH_SEED']
const first = Number(one ?? 1)
const count = one === undefined ? Number(process.env['CRASH_SEEDS'] ?? 200) : 1
const BATCH = 100
const LIVES = 4
const STEPS = 12
const MAX_CHANGES = 120
const START_MS = 1_795_190_416_303
const QUEUES: readonly MessageQueue[] = ['incoming', 'active', 'deferred', 'hold']
const ALL_HASHED = ['incoming', 'active', 'deferred', 'hold', 'defer', 'bounce']

/** A message that its client was told is queued. */
interface Kept {
  readonly text: string
  readonly envelope: MessageEnvelope
  queue: MessageQueue
  /** Offsets of recipients that are done, or may be. */
  readonly done: Set<number>
  /** Entries of its defer log that were acknowledged. */
  entries: string[]
}

const NEW_MESSAGE = {
  arrivalTimeMs: START_MS,
  sender: 'sender@example.org',
  attributes: [],
  recipients: ['a@example.net', 'b@example.net', 'c@example.net'].map((address) => ({
    address,
    original: address,
  })),
}

class Simulation {
  readonly #random: () => number
  readonly #ordering: 'journal' | 'none'
  readonly #hashed: readonly string[]
  readonly #longQueueIds: boolean
  readonly #clock = new VirtualClock(START_MS)
  readonly #kept = new Map<string, Kept>()
  /** Text by id of all messages that may be on the disk, removed and unanswered ones too. */
  readonly #texts = new Map<string, Set<string>>()
  /** Something is under way for them: one thing at a time, as the queue manager does it. */
  readonly #busy = new Set<string>()
  #serial = 0

  constructor(seed: number) {
    this.#random = prng(seed)
    this.#ordering = this.#chance(0.6) ? 'journal' : 'none'
    this.#hashed = this.#chance(0.5) ? ALL_HASHED : []
    this.#longQueueIds = this.#chance(0.5)
  }

  async run(): Promise<void> {
    const names = new Map([['/q', 1]])
    let disk: Disk = { names, modes: new Map(), data: new Map(), emptied: new Map() }
    for (let life = 0; life < LIVES; life++) {
      const files = new CrashingFileSystem(this.#ordering, this.#pick(MAX_CHANGES), disk)
      await Promise.race([this.#live(files), files.crashed])
      await new Promise((resolve) => setImmediate(resolve))
      const survivors = [...files.survivingNames()]
      const losses = Object.values(DATA_LOSSES)
      disk = files.withData(survivors[this.#pick(survivors.length)]!, this.#of(losses))
      await this.#clock.run(this.#clock.now() + 60_000)
      await this.#expectNothingLost(disk)
    }
  }

  async #live(files: CrashingFileSystem): Promise<void> {
    const store = await this.#open(files)
    this.#busy.clear()
    await store.removeUnfinished()
    await this.#find(store)
    for (let step = 0; step < STEPS; step++) {
      const tasks = Array.from({ length: 1 + this.#pick(3) }, () => this.#step(store))
      await Promise.all(tasks)
      if (this.#chance(0.1)) await this.#clock.run(this.#clock.now() + 2000) // Spare files go.
    }
    await store.close()
  }

  /** A crash may have undone moves. */
  async #find(store: QueueStore): Promise<void> {
    for (const queue of QUEUES) {
      for await (const { id } of store.scan(queue)) {
        const kept = this.#kept.get(id)
        if (kept !== undefined) kept.queue = queue
      }
    }
  }

  async #step(store: QueueStore): Promise<void> {
    const free = [...this.#kept].filter(([id]) => !this.#busy.has(id))
    const [id, kept] = this.#chance(0.35) ? [] : this.#of([...free, []])
    if (id === undefined || kept === undefined) return this.#commit(store)
    this.#busy.add(id)
    await this.#change(store, id, kept)
    this.#busy.delete(id)
  }

  #change(store: QueueStore, id: string, kept: Kept): Promise<void> {
    switch (this.#pick(7)) {
      case 0:
        return this.#append(store, id, kept)
      case 1:
        return this.#mark(store, id, kept)
      case 2:
      case 3:
        return this.#remove(store, id, kept)
      case 4:
        kept.entries = []
        return store.removeStatusLog('defer', id)
      default:
        return this.#move(store, id, kept)
    }
  }

  async #commit(store: QueueStore): Promise<void> {
    const draft = await store.create()
    if (this.#chance(0.15)) return draft.abort()
    const text = `message ${++this.#serial} `.repeat(1 + this.#pick(4) * this.#pick(300))
    this.#texts.set(draft.id, (this.#texts.get(draft.id) ?? new Set()).add(text))
    const queue = this.#of(['incoming', 'active', 'active', 'hold'] as const)
    const message = { ...NEW_MESSAGE, content: recordsOf(text) }
    let envelope: MessageEnvelope
    if (this.#chance(0.7)) envelope = await draft.commit(message, queue)
    else {
      draft.start(message)
      await draft.append(recordsOf(`first ${text}`))
      await draft.append(recordsOf(`second ${text}`))
      envelope = await draft.finish(message, queue)
    }
    this.#kept.set(draft.id, { text, envelope, queue, done: new Set(), entries: [] })
  }

  async #move(store: QueueStore, id: string, kept: Kept): Promise<void> {
    const from = kept.queue
    const to = this.#of(QUEUES.filter((queue) => queue !== from))
    kept.queue = to
    expect(await store.move(id, from, to, this.#chance(0.5) ? { modifiedMs: START_MS } : {})).toBe(
      true,
    )
  }

  async #append(store: QueueStore, id: string, kept: Kept): Promise<void> {
    const entry = `entry ${++this.#serial}\n`
    await store.appendStatusLog('defer', id, entry)
    kept.entries.push(entry)
  }

  async #mark(store: QueueStore, id: string, kept: Kept): Promise<void> {
    const { offset } = this.#of(kept.envelope.recipients)
    kept.done.add(offset)
    await store.markDone(id, kept.queue, [offset])
  }

  async #remove(store: QueueStore, id: string, kept: Kept): Promise<void> {
    this.#kept.delete(id)
    await store.remove(id, kept.queue)
    await store.removeStatusLog('defer', id)
  }

  async #expectNothingLost(disk: Disk): Promise<void> {
    const files = new CrashingFileSystem(this.#ordering, Number.POSITIVE_INFINITY, disk)
    const store = await this.#open(files)
    const found = new Set<string>()
    for (const queue of QUEUES) {
      for await (const { id } of store.scan(queue)) {
        expect(found, 'in one queue only').not.toContain(id)
        if (await this.#isWhole(store, id, queue)) found.add(id)
      }
    }
    for (const [id, { entries }] of this.#kept) {
      expect(found, 'acknowledged').toContain(id)
      const path = this.#hashed.length > 0 ? `/q/defer/${hashOf(disk, id)}${id}` : `/q/defer/${id}`
      const log = String(disk.data.get(disk.names.get(path) ?? 0) ?? '')
      for (const entry of entries) expect(log).toContain(entry)
    }
  }

  /** A ready file is a whole message that somebody sent, or known as damaged and unanswered. */
  async #isWhole(store: QueueStore, id: string, queue: MessageQueue): Promise<boolean> {
    const kept = this.#kept.get(id)
    try {
      const read = await store.readEnvelope(id, queue)
      const chunks: Uint8Array[] = []
      for await (const chunk of store.readContent(id, queue, read)) chunks.push(chunk)
      const text = Buffer.concat(chunks).toString()
      const known = kept === undefined ? this.#texts.get(id) : [kept.text]
      const whole = [...(known ?? [])].flatMap((one) => [
        `${one}\n`,
        `first ${one}\nsecond ${one}\n${one}\n`,
      ])
      expect(whole).toContain(text)
      const offsets = new Set(read.recipients.map(({ offset }) => offset))
      for (const { offset } of kept?.envelope.recipients ?? []) {
        if (!kept?.done.has(offset)) expect(offsets, 'never done').toContain(offset)
      }
      return true
    } catch (error) {
      if (!(error instanceof QueueFileError)) throw error
      expect(error.code).toBe('corrupt')
      expect(kept, 'acknowledged').toBeUndefined()
      return false
    }
  }

  #open(fileSystem: CrashingFileSystem): Promise<QueueStore> {
    return QueueStore.open({
      directory: '/q',
      hashQueueNames: this.#hashed,
      hashQueueDepth: 1,
      longQueueIds: this.#longQueueIds,
      contentCacheBytes: 1024 * 1024,
      clock: this.#clock,
      log: memoryLogger().logger,
      fileSystem,
    })
  }

  #pick(below: number): number {
    return Math.floor(this.#random() * below)
  }

  #of<Value>(values: readonly Value[]): Value {
    return values[this.#pick(values.length)]!
  }

  #chance(share: number): boolean {
    return this.#random() < share
  }
}

const batches = Array.from({ length: Math.ceil(count / BATCH) }, (_, at) => first + at * BATCH)

it.each(batches)(
  'F-10: no crash loses acknowledged mail, CRASH_SEED=%i and on',
  async (from) => {
    for (let seed = from; seed < Math.min(from + BATCH, first + count); seed++) {
      try {
        await new Simulation(seed).run()
      } catch (cause) {
        throw new Error(`CRASH_SEED=${seed}: ${String(cause)}`, { cause })
      }
    }
  },
  60_000,
)

function recordsOf(line: string): Uint8Array {
  const writer = new ContentWriter(2048, 0)
  writer.line(Buffer.from(line))
  return writer.finish()
}

/** The hash directory of a log, whatever the kind of id. */
function hashOf(disk: Disk, id: string): string {
  const path = [...disk.names.keys()].find(
    (name) => name.endsWith(`/${id}`) && /defer\//.test(name),
  )
  return path === undefined ? '' : `${path.split('/')[3]}/`
}

/** Mulberry32: small, and the same everywhere. */
function prng(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
