import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { peersInstalled } from '../harness/peers.ts'
import { Scene } from '../harness/scene.ts'
import { until } from '../harness/until.ts'
import { logEarlyFailure } from '../src/open-log.ts'

let directory: string
let scene: Scene | undefined
let closeReceiver: (() => Promise<unknown>) | undefined
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'posthouse-syslog-'))
})
afterEach(async () => {
  await scene?.close()
  scene = undefined
  await closeReceiver?.()
  closeReceiver = undefined
  rmSync(directory, { recursive: true })
})

async function open(
  messages: readonly string[],
  parameters: Readonly<Record<string, string>>,
): Promise<Scene> {
  scene = await Scene.open({
    parameters: { maillog_file: '', ...parameters },
    started: () => received(messages, 'daemon started'),
  })
  return scene
}

const received = (messages: readonly string[], text: string): Promise<void> =>
  until(
    () => messages.some((message) => message.includes(text)),
    () => `no "${text}" in\n${messages.slice(-20).join('\n')}`,
  )

/** A syslog server for datagrams. */
async function openUdp(): Promise<{ messages: string[]; port: number }> {
  const messages: string[] = []
  const socket = createSocket('udp4').on('message', (message) => messages.push(String(message)))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  closeReceiver = () => {
    socket.close()
    return once(socket, 'close')
  }
  return { messages, port: socket.address().port }
}

/**
 * A system log. It has a stream socket, which Node can open and logger(1) takes as well, with a
 * message a line, where /dev/log has one for datagrams.
 */
class SystemLog {
  readonly path: string = join(directory, 'log')
  readonly messages: string[] = []
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined

  async listen(): Promise<void> {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      let rest = ''
      socket.on('error', () => undefined)
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        this.messages.push(...lines)
      })
    }).listen(this.path)
    closeReceiver = () => this.close()
    await once(this.#server, 'listening')
  }

  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    for (const socket of this.#sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }
}

it('G-159: syslog over UDP, a datagram a line, with priority and a blank-padded day', async () => {
  const { messages, port } = await openUdp()
  const scene = await open(messages, {
    syslog_server: `127.0.0.1:${port}`,
    syslog_facility: 'local3',
    syslog_name: 'outbound',
  })
  await scene.submit(['r@example.net'])
  await received(messages, ': removed')
  expect(await scene.posthouse.stop()).toBe(0)
  expect(scene.posthouse.log).toEqual([])
  const head = /^<158>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d mx outbound\/[a-z-]+\[\d+\]: [^\n]+$/
  for (const message of messages) expect(message).toMatch(head)
  for (const text of ['client=localhost', 'message-id=<', 'to=<r@example.net>, relay=']) {
    expect(messages.filter((message) => message.includes(text))).toHaveLength(1)
  }
  expect(messages.at(-1)).toContain('terminating on signal 15')
})

const withLogger = it.runIf(peersInstalled('logger'))

withLogger('G-159: to the system log, with the facility, and tags of services', async () => {
  const log = new SystemLog()
  await log.listen()
  const { messages } = log
  const scene = await open(messages, { syslog_server: log.path, syslog_facility: 'local0' })
  scene.destination.refuse(() => ({ code: 451, text: '4.3.0 not now' }))
  await scene.submit(['r@example.net'])
  await received(messages, 'status=deferred')
  expect(await scene.posthouse.stop()).toBe(0)
  expect(scene.posthouse.log).toEqual([])
  await received(messages, 'terminating on signal 15') // The last words get there, too.
  const { processId } = scene.posthouse
  const head = new RegExp(
    `^<13[042]>[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d postfix/[a-z-]+\\[${processId}\\]: .+$`,
  )
  for (const message of messages) expect(message).toMatch(head)
  expect(messages).toContainEqual(expect.stringContaining('to=<r@example.net>, relay='))
})

withLogger(
  'mail goes on while the system log is away, and the log goes on when it is back',
  {
    timeout: 60_000,
  },
  async () => {
    const log = new SystemLog()
    await log.listen()
    const scene = await open(log.messages, { syslog_server: log.path })
    await log.close()
    await until(
      async () => {
        await scene.submit(['r@example.net'])
        return scene.posthouse.log.length > 0
      },
      () => 'no complaint on standard error',
    )
    expect(scene.posthouse.log[0]).toMatch(/^posthouse: warning: cannot write to the system log: /)
    await scene.submit(['away@example.net'])
    await until(
      () => scene.arrivals.some(({ recipient }) => recipient === 'away@example.net'),
      () => 'no mail',
    )
    rmSync(log.path, { force: true })
    await log.listen()
    await received(log.messages, 'to=<away@example.net>') // It was kept.
    expect(scene.posthouse.log).toHaveLength(1)
  },
)

withLogger('G-27, G-44: what keeps main.cf from being read is in the system log', async () => {
  const log = new SystemLog()
  await log.listen()
  await logEarlyFailure(new Error('open main.cf: No such file'), log.path)
  await received(log.messages, 'postfix/master')
  expect(log.messages[0]).toMatch(
    /^<18>.* postfix\/master\[\d+\]: fatal: open main\.cf: No such file$/,
  )
  vi.stubEnv('MAIL_LOGTAG', 'postfix-out')
  await logEarlyFailure(new Error('again'), log.path)
  vi.unstubAllEnvs()
  await received(log.messages, 'postfix-out/master')
  await log.close()
  await logEarlyFailure(new Error('nobody listens'), log.path)
})
