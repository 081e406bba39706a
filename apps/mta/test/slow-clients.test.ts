import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'

import { afterEach, describe, expect, it } from 'vitest'

import { masterCfFor } from '../harness/configuration.ts'
import { peersInstalled } from '../harness/peers.ts'
import { Scene } from '../harness/scene.ts'

const SLOW_CLIENTS = 2000
const SILENT_CLIENTS = 200 // Of these, those that stop in the end.
const LOAD_MS = 3000
const MAX_GROWTH_KB = 150_000
const STEP_MS = 20
const TICK_MS = 10 // Of Linux, for processor time.
const BEGINNING = '1000000:900000:Subject: '

let scene: Scene | undefined
const clients: Socket[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await scene?.close()
})

/** What `options` say of the QMQP service, which may have that many processes. */
async function openScene(processLimit: number, options: string): Promise<Scene> {
  const service = `n - n - ${processLimit} qmqpd ${options}`
  return Scene.open({
    masterCf: (port) => masterCfFor(port).replace('n - n - - qmqpd', service),
  })
}

async function connectAll(port: number, count: number): Promise<Socket[]> {
  const added = Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    return socket
  })
  clients.push(...added)
  await Promise.all(added.map((socket) => once(socket, 'connect')))
  return added
}

interface Load {
  /** Messages that were accepted in three seconds, sent by ten clients side by side. */
  readonly accepted: number
  /** Processor time of the program for each: other programs on this machine matter less to it. */
  readonly cpuMs: number
}

async function load(scene: Scene): Promise<Load> {
  const { processId } = scene.posthouse
  const cpuBefore = cpuMsOf(processId)
  const deadline = performance.now() + LOAD_MS
  let accepted = 0
  const client = async () => {
    while (performance.now() < deadline) {
      const verdict = await scene.submit(['r@example.net'])
      expect(verdict.kind, verdict.text).toBe('accepted')
      accepted++
    }
  }
  await Promise.all(Array.from({ length: 10 }, client))
  return { accepted, cpuMs: (cpuMsOf(processId) - cpuBefore) / accepted }
}

function cpuMsOf(processId: number): number {
  const fields = readFileSync(`/proc/${processId}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

function residentKb(processId: number): number {
  const status = readFileSync(`/proc/${processId}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1])
}

const linesOf = ({ posthouse }: Scene, pattern: RegExp) =>
  posthouse.log.filter((line) => pattern.test(line)).length

it('Q-351, Q-353: 2000 clients that trickle keep nobody from sending, and end', async () => {
  scene = await openScene(2500, '-o qmqpd_timeout=5s -o daemon_timeout=25s')
  await load(scene) // The first messages are slower.
  const alone = await load(scene)
  const residentBefore = residentKb(scene.posthouse.processId)

  const opened = /: client=/
  const openedBefore = linesOf(scene, opened)
  const slow = await connectAll(scene.port, SLOW_CLIENTS)
  for (const client of slow) client.write(BEGINNING)
  const trickling = setInterval(() => {
    for (const client of slow) client.write('x')
  }, 1000)
  try {
    // Lines of the load before may still come.
    const areServed = expect.poll(() => linesOf(scene!, opened))
    await areServed.toBeGreaterThanOrEqual(openedBefore + SLOW_CLIENTS)
    const beside = await load(scene)
    const growth = residentKb(scene.posthouse.processId) - residentBefore
    expect(slow.filter(({ destroyed }) => destroyed)).toHaveLength(0)
    const percent = (ratio: number) => `${Math.round(100 * ratio)} %`
    console.log(
      `${beside.accepted} messages beside ${SLOW_CLIENTS} slow clients, ${alone.accepted} without`,
      `(${percent(beside.accepted / alone.accepted)}); processor time for each:`,
      `${beside.cpuMs.toFixed(2)} and ${alone.cpuMs.toFixed(2)} ms`,
      `(${percent(beside.cpuMs / alone.cpuMs)}); memory grew by ${Math.round(growth / 1000)} MB`,
    )
    expect(growth).toBeLessThan(MAX_GROWTH_KB)

    slow.splice(0, SILENT_CLIENTS)
    const silent = /read\/write timeout while receiving message content$/
    await expect.poll(() => linesOf(scene!, silent)).toBe(SILENT_CLIENTS)
    const cut = /fatal: watchdog timeout$/
    const others = SLOW_CLIENTS - SILENT_CLIENTS
    await expect.poll(() => linesOf(scene!, cut), { timeout: 40_000 }).toBe(others)
    expect(linesOf(scene, silent)).toBe(SILENT_CLIENTS)
  } finally {
    clearInterval(trickling)
  }
  expect(await scene.submit(['last@example.net'])).toMatchObject({ kind: 'accepted' })
}, 120_000)

describe.runIf(peersInstalled('prlimit'))('open files', () => {
  function allowFiles(processId: number, count: number): void {
    execFileSync('prlimit', ['--pid', String(processId), `--nofile=${count}:${count}`])
  }

  it('Q-354: clients get half of those that are allowed, and the log says so', async () => {
    scene = await openScene(2500, '')
    const { posthouse, port } = scene
    allowFiles(posthouse.processId, 400)
    posthouse.signal('SIGHUP')
    await posthouse.logged(
      /: 100 clients at once instead of the process limit of 2500: of 400 open files/,
    )
    await posthouse.logged(/reload/)

    const many = await connectAll(port, 130)
    const closed = () => many.filter(({ readableEnded, destroyed }) => readableEnded || destroyed)
    for (const client of many) client.resume()
    await expect.poll(() => closed().length).toBe(30)
    expect(linesOf(scene, /warning: connection limit reached: 100 served, 0 waiting$/)).toBe(1)
    for (const client of many) client.destroy()
    await expect.poll(async () => (await scene?.submit(['r@example.net']))?.kind).toBe('accepted')
  })

  it('when there are none left, clients are closed, the log warns, and it goes on after', async () => {
    scene = await openScene(2500, '')
    const { posthouse, port } = scene
    leaveFiles(posthouse.processId, 20)
    const closed = () => clients.filter(({ destroyed }) => destroyed).length
    // One after the other, so that each takes what it needs while there is some.
    while (closed() < 20) {
      const [client] = await connectAll(port, 1)
      client?.resume()
      await setTimeout(STEP_MS)
    }
    await posthouse.logged(/warning: \d+ of \d+ open files are in use: clients are turned away/)
    for (const client of clients) client.destroy()
    await expectToGoOn(scene)
  }, 60_000)

  it('when many come at once and leave none for their mail, it goes on after', async () => {
    scene = await openScene(2500, '')
    const { posthouse, port } = scene
    leaveFiles(posthouse.processId, 20)
    const many = await connectAll(port, 100)
    for (const client of many) client.resume()
    // Some are turned away, unless a few have taken all: then the others are not even accepted.
    await posthouse.logged(/: cannot create a queue file: EMFILE$|open files are in use/)
    for (const client of many) client.destroy()
    await expectToGoOn(scene)
  }, 60_000)

  function leaveFiles(processId: number, count: number): void {
    allowFiles(processId, readdirSync(`/proc/${processId}/fd`).length + count)
  }

  // Files are tried every 10 s (F-10), and the first time may be before the clients are gone.
  async function expectToGoOn(scene: Scene): Promise<void> {
    const submitted = async () => (await scene.submit(['r@example.net'])).kind
    await expect.poll(submitted, { timeout: 30_000 }).toBe('accepted')
    expect(scene.arrivals.length).toBeLessThanOrEqual(1)
    await expect.poll(() => scene.arrivals.length).toBe(1)
  }
})
