import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'

import { submitMessage, submitToOneOf } from '@posthouse/qmqp-client'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { peersInstalled } from '../harness/peers.ts'
import { freePort } from '../harness/posthouse.ts'
import { QueueingPostfix } from '../harness/queueing-postfix.ts'
import { until } from '../harness/until.ts'

const MESSAGE = {
  content: Buffer.from('Subject: hi\n\nbody\n'),
  sender: 's@example.org',
  recipients: ['r@example.net'],
}
const LOST = 'qmqp-sink: warning: lost connection\n'
const isRoot = process.getuid?.() === 0

describe.runIf(peersInstalled('qmqp-sink'))('the QMQP client to qmqp-sink', () => {
  const sinks: ChildProcess[] = []
  afterEach(async () => {
    for (const sink of sinks.splice(0)) {
      if (sink.exitCode !== null || sink.signalCode !== null) continue
      sink.kill()
      await once(sink, 'exit')
    }
  })

  async function startSink(): Promise<{ port: number; complaints: () => string }> {
    const port = await freePort()
    const sink = spawn('qmqp-sink', [`127.0.0.1:${port}`, '200'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    sinks.push(sink)
    let text = ''
    sink.stderr.on('data', (chunk) => (text += chunk))
    await until(
      () => canConnect(port),
      () => `nobody listens on port ${port}`,
    )
    // It complains of that connection, which only looked whether it listens, and maybe late.
    await until(
      () => text === LOST,
      () => `expected a complaint of a lost connection, got ${text}`,
    )
    text = ''
    return { port, complaints: () => text }
  }

  it('Q-807: requests of all sizes pass, since each is one write', async () => {
    const { port, complaints } = await startSink()
    for (const size of [0, 1, 18, 90, 1000, 65_000, 1_000_000, 10_000_000]) {
      const message = { ...MESSAGE, content: Buffer.alloc(size, 'x\n') }
      const verdict = await submitMessage({ host: '127.0.0.1', port }, message)
      expect(verdict, `${size} bytes`).toEqual({ kind: 'accepted', text: 'Ok' })
    }
    expect(complaints()).toBe('')
  })

  it('Q-807: so do many recipients, and many requests side by side', async () => {
    const { port, complaints } = await startSink()
    const recipients = Array.from({ length: 1000 }, (_, at) => `r${at}@example.net`)
    const many = Array.from({ length: 100 }, () => ({ ...MESSAGE, recipients }))
    const verdicts = await Promise.all(
      many.map((message) => submitMessage({ host: '127.0.0.1', port }, message)),
    )
    expect(new Set(verdicts.map(({ kind }) => kind))).toEqual(new Set(['accepted']))
    expect(complaints()).toBe('')
  })

  it('Q-810: it takes over where another server is down', async () => {
    const [down, { port }] = [await freePort(), await startSink()]
    const servers = [down, port].map((port) => ({ host: '127.0.0.1', port }))
    const result = await submitToOneOf(servers, MESSAGE)
    expect(result).toMatchObject({ kind: 'accepted', server: servers[1] })
    expect(result.earlier).toMatchObject([{ failedAt: 'connecting', server: servers[0] }])
  })
})

describe.runIf(isRoot && peersInstalled('postfix'))('the QMQP client to qmqpd of Postfix', () => {
  let postfix: QueueingPostfix
  beforeAll(async () => {
    postfix = await QueueingPostfix.start({
      myhostname: 'mx.example.com',
      message_size_limit: '5000',
      qmqpd_authorized_clients: '127.0.0.1, broken:table',
    })
  }, 60_000)
  afterAll(() => postfix?.stop())

  const submit = (overrides: object) =>
    submitMessage({ host: '127.0.0.1', port: postfix.port }, { ...MESSAGE, ...overrides })

  it('is told K, and the queue id', async () => {
    const recipients = Array.from({ length: 20 }, (_, at) => `r${at}@example.net`)
    expect(await submit({ recipients, sender: '' })).toEqual({
      kind: 'accepted',
      text: expect.stringMatching(/^Ok: queued as [0-9A-F]+$/),
    })
  })

  it('is told D for a message without recipients, and for one that is too large', async () => {
    expect(await submit({ recipients: [] })).toEqual({
      kind: 'permanent',
      text: 'Error: no recipients specified',
    })
    expect(await submit({ content: Buffer.alloc(5001, 'x\n') })).toEqual({
      kind: 'permanent',
      text: 'netstring length exceeds storage limit while receiving message content',
    })
  })

  it('is told Z where the access list is broken, and goes on to another server if told to', async () => {
    const stranger = { host: '127.0.0.1', port: postfix.port, localAddress: '127.0.0.2' }
    const servers = [stranger, { host: '127.0.0.1', port: postfix.port }]
    expect(await submitToOneOf(servers, MESSAGE)).toMatchObject({
      kind: 'temporary',
      text: 'Error: server configuration error',
      earlier: [],
    })
    const further = { failover: 'not-taken' } as const
    const result = await submitToOneOf(servers, MESSAGE, further)
    expect(result).toMatchObject({ kind: 'accepted', server: servers[1] })
    expect(result.earlier).toMatchObject([{ text: 'Error: server configuration error' }])
  })
})

function canConnect(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  }).then((isThere) => {
    socket.destroy()
    return isThere === true
  })
}
