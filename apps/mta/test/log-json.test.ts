import { afterEach, beforeEach, expect, it } from 'vitest'

import { LogFile } from '../harness/log-file.ts'
import type { Scene } from '../harness/scene.ts'

type Entry = Readonly<Record<string, unknown>>

let log: LogFile
let scene: Scene | undefined
beforeEach(() => {
  log = new LogFile()
})
afterEach(async () => {
  await scene?.close()
  scene = undefined
  log.remove()
})

async function open(): Promise<Scene> {
  scene = await log.openScene({ log_format: 'json' })
  return scene
}

/** Each line, parsed; a line that is no object fails the test. */
function entries(): Entry[] {
  return log.lines().map((line) => {
    const entry: unknown = JSON.parse(line)
    expect(entry).toMatchObject({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      host: 'mx',
      tag: expect.stringMatching(/^postfix\/[a-z-]+$/),
      process: expect.any(String),
      pid: scene?.posthouse.processId,
      level: expect.stringMatching(/^(info|warning|error|fatal)$/),
      message: expect.any(String),
    })
    return entry as Entry
  })
}

const ofEvent = (event: string) => entries().filter((entry) => entry['event'] === event)

it('log_format = json: every line in the life of a message has its facts as fields', async () => {
  const { sinkPort, submit, posthouse } = await openForLife()
  await submit(['r@example.net', 's@example.net'])
  await log.contains('"event":"removed"')
  await log.contains('"event":"disconnect"')
  expect(await posthouse.stop()).toBe(0)

  const client = { client_name: 'localhost', client_address: '127.0.0.1' }
  const [received] = ofEvent('client')
  const id = received?.['queue_id']
  expect(id).toMatch(/^[0-9A-F]{6,}$/)
  const delivery = {
    process: 'smtp',
    queue_id: id,
    relay: `127.0.0.1[127.0.0.1]:${sinkPort}`,
    conn_use: 1,
    delay: expect.any(Number),
    delays: Array(4).fill(expect.any(Number)),
    dsn: '2.0.0',
    status: 'sent',
    reason: '250 OK: message queued',
  }
  const message = { process: 'cleanup', queue_id: id, message_id: '<one@example.org>' }
  const active = { queue_id: id, from: 'sender@example.org', size: expect.any(Number), nrcpt: 2 }
  const life = [
    { event: 'connect', process: 'qmqpd', ...client },
    { event: 'client', process: 'qmqpd', queue_id: id, ...client },
    { event: 'message-id', ...message },
    { event: 'active', process: 'qmgr', ...active },
    { event: 'delivery', to: 'r@example.net', ...delivery },
    { event: 'delivery', to: 's@example.net', ...delivery },
    { event: 'removed', process: 'qmgr', queue_id: id },
    { event: 'disconnect', process: 'qmqpd', ...client },
  ]
  for (const facts of life) expect(entries()).toContainEqual(expect.objectContaining(facts))
  expect(entries().filter((entry) => 'event' in entry)).toHaveLength(life.length)
  for (const { event, message } of entries()) {
    if (event === undefined) expect(message).toMatch(/^(daemon started|terminating on signal 15)/)
  }
})

async function openForLife() {
  const scene = await open()
  const text = 'Message-Id: <one@example.org>\n\nbody\n'
  const submit = (recipients: string[]) => scene.submit(recipients, text)
  return { sinkPort: scene.sinkPort, posthouse: scene.posthouse, submit }
}

it('log_format = json: a deferred recipient has its reason', async () => {
  const scene = await open()
  scene.destination.refuse(() => ({ code: 451, text: '4.3.0 not now' }))
  await scene.submit(['r@example.net'])
  await log.contains('"status":"deferred"')
  expect(ofEvent('delivery')[0]).toMatchObject({
    dsn: '4.3.0',
    status: 'deferred',
    reason: expect.stringMatching(/ said: 451 4\.3\.0 not now \(in reply to RCPT TO command\)$/),
  })
})

it('log_format = json: what a peer says can neither end a line nor break its object', async () => {
  const scene = await open()
  const evil = '"},{"event":"forged"}\\ \u001b[31m\u2028\u0085 end'
  scene.destination.refuse(() => ({ code: 451, text: evil }))
  const content = `Message-Id: <${evil}>\n\nbody\n`
  await scene.submit(['r@example.net'], content)
  await scene.submit(
    [`${evil}\n{"event":"forged"}\n@example.net`],
    content,
    `${evil}\n@example.org`,
  )
  await log.contains('(in reply to MAIL FROM command')
  await log.contains('(in reply to RCPT TO command')
  await scene.posthouse.stop()

  const all = entries() // Each line is an object.
  expect(all.filter(({ event }) => event === 'forged')).toEqual([])
  expect(log.lines().join('')).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
  const shown = /\{.?"event.?":.?"forged.?"\}.*\[31m/
  const texts = all.flatMap((entry) => Object.entries(entry))
  for (const member of ['message', 'reason', 'message_id', 'from', 'to']) {
    expect(texts).toContainEqual([member, expect.stringMatching(shown)])
  }
})
