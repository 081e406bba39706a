// What a long deferred queue costs: the start, a queue run, memory, and the delay of new mail.
// npm run bench --workspace @posthouse/queue-manager -- [messages] [directory]
// Real files, removed at the end. New mail comes at 50 a second and is delivered at once.
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

import { type Clock, systemClock as clock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { nodeQueueTree, repairQueue } from '@posthouse/postsuper'
import { type MessageStore, QueueManager } from '@posthouse/queue-manager'
import {
  ContentWriter,
  encodeShortId,
  type NewMessage,
  QueuePaths,
  QueueStore,
} from '@posthouse/queue-store'
import { OPTIONS } from '../test/harness.ts'

const [count = '50000', parent = '.'] = process.argv.slice(2)
const messages = Number(count)
const MAIL_INTERVAL_MS = 20
const FUTURE_S = 3600
const QUEUE_RUN_DELAY_MS = 3_600_000
const BASE_S = Math.floor(Date.now() / 1000)

const directory = mkdtempSync(join(parent, 'deferred-queue-bench-'))
const hashing = { directory, hashQueueNames: ['deferred', 'defer'], hashQueueDepth: 1 }
const { logger: log } = memoryLogger()
const store = await QueueStore.open({
  ...hashing,
  longQueueIds: false,
  contentCacheBytes: 1e6,
  clock,
  log,
})
const born = new Map<string, number>()
let delays: number[] = []

try {
  console.log(`${messages} deferred messages`)
  await fill()
  await measure()
} finally {
  await store.close()
  rmSync(directory, { recursive: true })
}

async function measure(): Promise<void> {
  await structureCheck()
  const scans = observedScans()
  const manager = queueManager(scans)
  const before = process.memoryUsage().rss
  await phase('start, first scan', manager, async () => {
    await manager.start()
    await scans.ended()
  })
  const grown = (process.memoryUsage().rss - before) / 2 ** 20
  console.log(`memory: ${grown.toFixed(0)} MB more than before the start`)
  await phase('5 s without a scan', manager, () => sleep(5000))
  await phase('scan of all files (trigger D)', manager, async () => {
    manager.trigger(Buffer.from('D'))
    await scans.ended()
  })
  await phase('5 s with 10 queue runs', manager, async () => {
    for (let i = 0; i < 10; i++) {
      scans.queueRun()
      await sleep(500)
    }
  })
  console.log(`scans of all files: ${scans.count()}, 2 of them asked for`)
  await manager.drain()
}

/** What a start does first, before mail can come (F-22). */
async function structureCheck(): Promise<void> {
  const startMs = performance.now()
  let most = process.memoryUsage().rss
  const before = most
  const pause = async () => {
    most = Math.max(most, process.memoryUsage.rss())
  }
  const reasonOf = String
  const tree = nodeQueueTree
  const ports = { tree, now: Date.now, reasonOf, say: console.log, pause }
  await repairQueue({ ...hashing, longQueueIds: false }, ports)
  const seconds = (performance.now() - startMs) / 1000
  const grown = (most - before) / 2 ** 20
  console.log(`structure check: ${seconds.toFixed(2)} s, at most ${grown.toFixed(0)} MB`)
}

/** Does something while new mail comes, and prints what both took. */
async function phase(
  name: string,
  manager: QueueManager,
  work: () => Promise<void>,
): Promise<void> {
  delays = []
  const loop = monitorEventLoopDelay({ resolution: 1 })
  loop.enable()
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  let isOver = false
  const mail = comingMail(manager, () => isOver)
  await work()
  const seconds = (performance.now() - startMs) / 1000
  const { user, system } = process.cpuUsage(cpu)
  isOver = true
  await mail
  loop.disable()
  delays.sort((a, b) => a - b)
  const at = (share: number) => (delays[Math.floor(share * (delays.length - 1))] ?? 0).toFixed(1)
  console.log(
    `${name}: ${seconds.toFixed(2)} s, CPU ${((user + system) / 1e6).toFixed(2)} s; ` +
      `event loop late by ${(loop.percentile(99) / 1e6).toFixed(1)} ms (99 %), ` +
      `${(loop.max / 1e6).toFixed(1)} ms (worst); ` +
      `delay of new mail: ${at(0.5)} ms (median), ${at(0.99)} ms (99 %), ${at(1)} ms (worst)`,
  )
}

async function comingMail(manager: QueueManager, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const startMs = performance.now()
    const draft = await store.create()
    born.set(draft.id, startMs)
    manager.accept(await draft.commit(message(), 'active'), 'active')
    await sleep(MAIL_INTERVAL_MS)
  }
}

function queueManager(ports: { store: MessageStore; clock: Clock }): QueueManager {
  return new QueueManager(
    { ...OPTIONS, queueRunDelayMs: QUEUE_RUN_DELAY_MS },
    {
      ...ports,
      log,
      deliveryLog: () => log,
      agents: () => ({
        deliver: async ({ queueId, recipients }) => {
          delays.push(performance.now() - (born.get(queueId) ?? 0))
          born.delete(queueId)
          const sent = { kind: 'sent', status: '2.0.0', text: '250 Ok', relay: 'b.test' } as const
          return { outcomes: recipients.map(() => ({ ...sent, doneMs: clock.now() })) }
        },
      }),
      resolve: (_, recipient) => ({
        kind: 'route',
        transport: 'smtp',
        nexthop: 'b.test',
        recipient,
      }),
      rewrite: (address) => address,
      notices: { has: () => false, send: () => Promise.reject(new Error('not reached')) },
    },
  )
}

/** The store and a clock, the end of the next scan of deferred, and queue runs at will. */
function observedScans() {
  let ended = (): void => undefined
  let queueRun = (): void => undefined
  let count = 0
  async function* scan(
    queue: Parameters<MessageStore['scan']>[0],
  ): ReturnType<MessageStore['scan']> {
    yield* store.scan(queue)
    if (queue !== 'deferred') return
    count += 1
    ended()
  }
  const after: Clock['after'] = (delayMs, fn) => {
    if (delayMs !== QUEUE_RUN_DELAY_MS) return clock.after(delayMs, fn)
    queueRun = fn
    return () => undefined
  }
  return {
    store: { ...methodsOf(store), scan },
    clock: { now: clock.now, after },
    ended: () => new Promise<void>((resolve) => (ended = resolve)),
    queueRun: () => queueRun(),
    count: () => count,
  }
}

function methodsOf(of: QueueStore): Omit<MessageStore, 'scan'> {
  return {
    move: of.move.bind(of),
    remove: of.remove.bind(of),
    readEnvelope: of.readEnvelope.bind(of),
    readRecipients: of.readRecipients.bind(of),
    markDone: of.markDone.bind(of),
    appendStatusLog: of.appendStatusLog.bind(of),
    readStatusLog: of.readStatusLog.bind(of),
    noteSent: of.noteSent.bind(of),
    removeStatusLog: of.removeStatusLog.bind(of),
    watch: of.watch.bind(of),
  }
}

/** Deferred messages that are not due: files of their own, with the content of one. */
async function fill(): Promise<void> {
  const { id } = await (await store.create()).commit(message(), 'incoming')
  const paths = new QueuePaths(hashing)
  const first = paths.file('incoming', id)
  const content = readFileSync(first)
  const made = join(directory, 'new')
  for (let i = 0; i < messages; i++) {
    writeFileSync(made, content, { mode: 0o700 })
    const second = BASE_S + FUTURE_S + (i % 4000)
    utimesSync(made, second, second)
    const name = encodeShortId((i * 7919) % 1_000_000, lstatSync(made).ino)
    if (i < 5000)
      for (const one of paths.hashDirectories('deferred', name)) mkdirSync(one, { recursive: true })
    renameSync(made, paths.file('deferred', name))
  }
  unlinkSync(first)
}

function message(): NewMessage {
  const content = new ContentWriter(2048, 1000)
  content.text(Buffer.from(`Subject: bench\n\n${'Sixteen letters.\n'.repeat(50)}`))
  return {
    arrivalTimeMs: clock.now(),
    sender: 'a@a.test',
    attributes: [],
    recipients: [{ address: 'b@b.test', original: 'b@b.test' }],
    content: content.finish(),
  }
}
