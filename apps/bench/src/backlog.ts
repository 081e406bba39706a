// How long fresh mail is under way while many deferred messages are in the queue.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { submitMessage } from '@posthouse/qmqp-client'

import { BusyServer } from './busy-server.ts'
import { countUntried, deferredFiles, fillDeferredQueue, retryIn } from './deferred-backlog.ts'
import { freePort } from './free-port.ts'
import { FreshMail, type Latencies } from './fresh-mail.ts'
import { waitForPort } from './load.ts'
import type { MailSystem } from './mail-system.ts'
import { postfixIsInstalled, startPostfix } from './postfix.ts'
import { startPosthouse } from './posthouse.ts'
import { treeUsage } from './process-tree.ts'

const { values } = parseArgs({
  options: {
    backlog: { type: 'string', default: '200000' },
    fresh: { type: 'string', default: '400' },
    interval: { type: 'string', default: '50' },
    systems: { type: 'string', default: postfixIsInstalled() ? 'posthouse,postfix' : 'posthouse' },
  },
})
const backlog = Number(values.backlog)
const fresh = Number(values.fresh)
const intervalMs = Number(values.interval)
// In seconds from the start.
const BACKLOGS = [
  ['none due', 3600],
  ['all due at once', -60],
] as const

// A start looks at every file.
const START_PATIENCE_MS = 300_000

type Start = () => Promise<MailSystem>

const directory = mkdtempSync(join(tmpdir(), 'posthouse-backlog-'))
chmodSync(directory, 0o755) // Postfix's daemons are not root.
const mail = new FreshMail()
const sinkPort = await mail.listen()
const dead = await BusyServer.listen()
const deadRoute = `transport_maps = inline:{ {dead.test = smtp:[127.0.0.1]:${dead.port}} }\n`
console.log(
  `${fresh} messages, one each ${intervalMs} ms, to a destination that is up; beside them ` +
    `${backlog} deferred messages for one that is down`,
)
try {
  for (const name of values.systems.split(',')) await compare(await starterOf(name))
} finally {
  mail.close()
  dead.close()
  rmSync(directory, { recursive: true, maxRetries: 3 })
}

async function starterOf(name: string): Promise<Start> {
  const port = await freePort()
  const home = join(directory, name)
  const owner = postfixIsInstalled() ? 'postfix' : ''
  return name === 'postfix'
    ? () => startPostfix(home, port, sinkPort, deadRoute)
    : () => startPosthouse(home, port, sinkPort, owner, deadRoute)
}

async function compare(start: Start): Promise<void> {
  let queueDirectory = ''
  const empty = await during(start, async (system) => {
    queueDirectory = system.queueDirectory
    await mail.measure(system.qmqpPort, 1, 0) // Not more: the others start cold, too.
    const latencies = await mail.measure(system.qmqpPort, fresh, intervalMs)
    const megabytes = memoryOf(system)
    await deferOne(system)
    return { name: system.name, latencies, megabytes }
  })
  const { name: system, latencies: ofEmpty } = empty
  console.log(`${formatLatencies(`${system}, empty queue`, ofEmpty)}; ${empty.megabytes} MB`)
  const files = fillDeferredQueue(queueDirectory, backlog)
  for (const [when, seconds] of BACKLOGS) {
    retryIn(files, seconds)
    dead.takeClients()
    const startMs = performance.now()
    const { waited, latencies, megabytes, left } = await during(start, async (system) => {
      await mail.measure(system.qmqpPort, 1, 0)
      const waited = (performance.now() - startMs) / 1000
      const latencies = await mail.measure(system.qmqpPort, fresh, intervalMs)
      const megabytes = memoryOf(system)
      return { waited, latencies, megabytes, left: countUntried(files) }
    })
    const name = `${system}, ${backlog} deferred, ${when}`
    const ratio = median(latencies) / median(ofEmpty)
    console.log(
      `${formatLatencies(name, latencies)}; ${ratio.toFixed(2)} times that of an empty queue; ` +
        `first mail ${waited.toFixed(1)} s after the start; ${megabytes} MB; ` +
        `${dead.takeClients()} sessions with the one that is down, ${left} messages still due`,
    )
  }
}

/** Of all its processes, pages that they share counted once. */
function memoryOf({ processId }: MailSystem): number {
  return Math.round(treeUsage(processId).memoryBytes / 2 ** 20)
}

async function during<Result>(
  start: Start,
  work: (system: MailSystem) => Promise<Result>,
): Promise<Result> {
  const system = await start()
  try {
    await waitForPort(system.qmqpPort, START_PATIENCE_MS)
    return await work(system)
  } finally {
    await system.stop()
  }
}

/** Has it keep a message for the destination that is down, for copies of it. */
async function deferOne({ qmqpPort, queueDirectory }: MailSystem): Promise<void> {
  const content = Buffer.from(`Subject: bench\n\n${'Sixteen letters.\n'.repeat(50)}`)
  const message = { sender: 's@example.org', recipients: ['late@dead.test'], content }
  const reply = await submitMessage({ host: '127.0.0.1', port: qmqpPort }, message)
  if (reply.kind !== 'accepted') throw new Error(`not accepted: ${reply.text}`)
  while (deferredFiles(queueDirectory).length === 0) await sleep(50)
}

function formatLatencies(name: string, latencies: Latencies): string {
  const at = (share: number) =>
    (latencies[Math.floor(share * (latencies.length - 1))] ?? 0).toFixed(1)
  return `${name}: median ${at(0.5)} ms, 90 % ${at(0.9)} ms, worst ${at(1)} ms`
}

function median(latencies: Latencies): number {
  return latencies[Math.floor(latencies.length / 2)] ?? 0
}
