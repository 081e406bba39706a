import { createSocket, type Socket } from 'node:dgram'
import { afterEach, expect, it, vi } from 'vitest'

import vectors from '../vectors/syslog.json' with { type: 'json' }
import { MailLog, type Severity, type SyslogUdpOptions, syslogUdpSink } from './index.ts'

const START_MS = new Date(2026, 10, 5, 6, 7, 8, 900).getTime()
const sockets: Socket[] = []
const until = (expectation: () => void) => vi.waitFor(expectation, { interval: 5, timeout: 5000 })
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close()
})

async function receiver(port = 0) {
  const socket = createSocket('udp4')
  const messages: string[] = []
  socket.on('message', (message) => messages.push(message.toString()))
  await new Promise<void>((resolve) => socket.bind(port, '127.0.0.1', resolve))
  sockets.push(socket)
  return { messages, port: socket.address().port, socket }
}

function open(port: number, given: Partial<SyslogUdpOptions> = {}) {
  const errors: unknown[] = []
  const timers: { delayMs: number; fn: () => void }[] = []
  const time = { nowMs: START_MS }
  const sink = syslogUdpSink({
    host: '127.0.0.1',
    port,
    facility: 'mail',
    onError: (error) => errors.push(error),
    after: (delayMs, fn) => timers.push({ delayMs, fn }),
    ...given,
  })
  const mailLog = new MailLog({
    syslogName: 'postfix',
    hostname: 'mx.example.com',
    processId: 12135,
    now: () => time.nowMs,
    sink,
    onError: (error) => errors.push(error),
  })
  return { mailLog, errors, timers, time }
}

it('G-158, G-159: sends a datagram per line, with host name, severity and the day blank-padded', async () => {
  const { messages, port } = await receiver()
  const { mailLog, errors } = open(port)
  const logger = mailLog.logger('qmqpd')
  logger.info('connect from localhost[127.0.0.1]')
  logger.warning('wörd\nNov  5 forged')
  logger.error('e')
  logger.fatal('f')
  await mailLog.close()
  await until(() => expect(messages).toHaveLength(4))
  expect(messages).toEqual([
    '<22>Nov  5 06:07:08 mx postfix/qmqpd[12135]: connect from localhost[127.0.0.1]',
    '<20>Nov  5 06:07:08 mx postfix/qmqpd[12135]: warning: wörd?Nov  5 forged',
    '<19>Nov  5 06:07:08 mx postfix/qmqpd[12135]: error: e',
    '<18>Nov  5 06:07:08 mx postfix/qmqpd[12135]: fatal: f',
  ])
  expect(errors).toEqual([])
})

it.each(vectors.cases)('G-159: what Postfix sends for $severity, $text', async (vector) => {
  const { messages, port } = await receiver()
  const { mailLog } = open(port)
  const { severity, text } = vector as { severity: Severity; text: string }
  mailLog.logger('smtp')[severity](text.replace('BYTE-E9', '\udce9'))
  await mailLog.close()
  await until(() => expect(messages).toHaveLength(1))
  // To a server the host name is sent as well.
  const expected = vector.message.replace('TIME', 'Nov  5 06:07:08 mx').replace('PID', '12135')
  expect(messages).toEqual([expected])
})

it.each([
  ['user', '<14>'],
  ['authpriv', '<86>'],
  ['local0', '<134>'],
  ['local7', '<190>'],
])('G-159: syslog_facility %s is priority %s for info', async (facility, priority) => {
  const { messages, port } = await receiver()
  const { mailLog } = open(port, { facility })
  mailLog.logger('p').info('x')
  await mailLog.close()
  await until(() => expect(messages).toHaveLength(1))
  expect(messages[0]).toMatch(new RegExp(`^${priority}Nov`))
})

it('G-159: refuses a facility that does not exist', () => {
  expect(() => open(514, { facility: 'Mail' })).toThrow(
    /syslog facility \(kern.*local7\), got "Mail"/,
  )
})

it('keeps lines while the server refuses them, and says so once', async () => {
  const { port, socket } = await receiver()
  socket.close()
  sockets.pop()
  const { mailLog, errors, timers, time } = open(port)
  const logger = mailLog.logger('p')
  const failure = async (count: number) => {
    await until(() => {
      logger.info('lost') // The first is sent; that nobody took it is known after it.
      mailLog.flush()
      expect(timers).toHaveLength(count)
    })
  }
  await failure(1)
  expect(timers[0]?.delayMs).toBe(10_000)
  timers[0]?.fn()
  await failure(2)
  expect(errors).toHaveLength(1)
  expect(errors[0]).toMatchObject({ code: 'syslog' })
  expect(String(errors[0])).toContain(`syslog server 127.0.0.1, UDP port ${port}`)
  time.nowMs += 10 * 60_000
  logger.info('later')
  mailLog.flush()
  timers[1]?.fn()
  await failure(3)
  expect(errors).toHaveLength(2)

  const { messages } = await receiver(port)
  logger.info('kept')
  mailLog.flush()
  timers[2]?.fn()
  await until(() => expect(messages.at(-1)).toMatch(/: kept$/))
  await mailLog.close()
})

it('keeps no more than 1 MiB of lines', async () => {
  const { messages, port } = await receiver()
  const { mailLog, errors } = open(port)
  const logger = mailLog.logger('p')
  // There is no socket yet: the address is looked up first.
  for (let line = 0; line < 600; line++) logger.info('x'.repeat(2000))
  mailLog.flush()
  expect(errors).toMatchObject([{ code: 'full' }])
  await until(() => expect(messages.length).toBeGreaterThan(0))
  await mailLog.close()
})

it('takes nothing after close', async () => {
  const { port } = await receiver()
  const { mailLog, errors } = open(port)
  await mailLog.close()
  mailLog.logger('p').fatal('late')
  expect(errors).toMatchObject([{ code: 'closed' }])
})

it('close makes a last attempt to send what it kept', async () => {
  const { port, socket } = await receiver()
  socket.close()
  sockets.pop()
  const { mailLog, timers } = open(port)
  await until(() => {
    mailLog.logger('p').info('lost')
    mailLog.flush()
    expect(timers).toHaveLength(1)
  })
  const { messages } = await receiver(port)
  mailLog.logger('p').info('last')
  await mailLog.close()
  await until(() => expect(messages.at(-1)).toMatch(/: last$/))
})

it('close gives up when the server cannot be reached', async () => {
  const { mailLog, errors } = open(9, { host: 'not an address or a name' })
  mailLog.logger('p').info('x')
  await mailLog.close()
  expect(errors).toMatchObject([{ code: 'syslog' }])
})
