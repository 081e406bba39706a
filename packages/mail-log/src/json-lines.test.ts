import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { type DeliveryLogRecord, formatDelivery, jsonLines, MailLog } from './index.ts'

function open() {
  const writes: string[] = []
  let isClosed = false
  const log = new MailLog({
    syslogName: 'postfix',
    hostname: 'mx.example.com',
    processId: 123,
    now: () => Date.UTC(2026, 10, 20, 16, 28, 42, 123) + 0.7,
    sink: jsonLines({
      write: (lines) => writes.push(lines),
      close: () => {
        isClosed = true
      },
    }),
    onError: (error) => expect.unreachable(String(error)),
  })
  const objects = (): unknown[] => {
    log.flush()
    return writes
      .join('')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  }
  return { log, writes, objects, closed: () => isClosed }
}

const HEAD = { time: '2026-11-20T16:28:42.123Z', host: 'mx', pid: 123 }

it('writes one object a line, gathered, with the level instead of the word', () => {
  const { log, writes, objects } = open()
  log.logger('master').info('daemon started')
  log.logger('qmqpd', { syslogName: 'posthouse/in' }).warning('slow\nclient')
  expect(objects()).toEqual([
    { ...HEAD, tag: 'postfix/master', process: 'master', level: 'info', message: 'daemon started' },
    {
      ...HEAD,
      tag: 'posthouse/in/qmqpd',
      process: 'qmqpd',
      level: 'warning',
      message: 'slow?client',
    },
  ])
  expect(writes).toHaveLength(1)
  expect(writes[0]!.endsWith('}\n')).toBe(true)
})

it('has time first and message last, as a person reads it', () => {
  const { log, objects } = open()
  log.logger('qmgr').info('ABC: removed', { event: 'removed', queueId: 'ABC' })
  expect(Object.keys(objects()[0] as object)).toEqual([
    'time',
    'host',
    'tag',
    'process',
    'pid',
    'level',
    'event',
    'queue_id',
    'message',
  ])
})

it('has each field of an event, and none that the event has not', () => {
  const { log, objects } = open()
  log.logger('p').info('all', {
    event: 'active',
    queueId: 'ABC',
    clientName: 'c.example',
    clientAddress: '192.0.2.1',
    messageId: '<1@x>',
    from: '',
    size: 0,
    recipientCount: 3,
    to: 'a@b',
    relay: 'none',
    reason: 'because',
  })
  log.logger('p').info('none', { queueId: undefined })
  expect(objects()).toMatchObject([
    {
      event: 'active',
      queue_id: 'ABC',
      client_name: 'c.example',
      client_address: '192.0.2.1',
      message_id: '<1@x>',
      from: '',
      size: 0,
      nrcpt: 3,
      to: 'a@b',
      relay: 'none',
      reason: 'because',
    },
    { message: 'none' },
  ])
  expect(objects()[1]).not.toHaveProperty('queue_id')
})

const RECORD: DeliveryLogRecord = {
  queueId: '4F8A023020C',
  recipient: '"b c"@example.com',
  originalRecipient: 'b',
  relay: 'mx.example.com[192.0.2.1]:25',
  connUse: 2,
  tls: 'encrypt',
  times: { arrivalMs: 1000, activeMs: 3000, handoffMs: 3500, setupDoneMs: 3750.4, doneMs: 4766 },
  status: '2.0.0',
  action: 'sent',
  text: '250 2.0.0 Ok: queued as "X"',
}

it('G-163: has a delivery as data, with spans in seconds to the millisecond', () => {
  const { log, objects } = open()
  log.logger('smtp').info(formatDelivery(RECORD), RECORD)
  expect(objects()).toEqual([
    {
      ...HEAD,
      tag: 'postfix/smtp',
      process: 'smtp',
      level: 'info',
      event: 'delivery',
      queue_id: '4F8A023020C',
      to: '"b c"@example.com',
      orig_to: 'b',
      relay: 'mx.example.com[192.0.2.1]:25',
      conn_use: 2,
      delay: 3.766,
      delays: [2, 0.5, 0.25, 1.016],
      tls: 'encrypt',
      dsn: '2.0.0',
      status: 'sent',
      reason: '250 2.0.0 Ok: queued as "X"',
      message: formatDelivery(RECORD),
    },
  ])
})

it('G-163: leaves out an original recipient that the line does not show', () => {
  const { log, objects } = open()
  const times = { arrivalMs: 9000, doneMs: 7000 }
  log.logger('smtp').info('', { ...RECORD, originalRecipient: RECORD.recipient, times })
  expect(objects()[0]).not.toHaveProperty('orig_to')
  expect(objects()[0]).toMatchObject({ delay: 0, delays: [0, 0, 0, 0] })
})

it('shows bytes that are not UTF-8 as `?`, in the fields as in the text', () => {
  const { log, writes, objects } = open()
  const to = 'j\udcf6rg@example.com'
  log.logger('p').info(`to=<${to}>`, { to, from: 'x\u009b2J'.repeat(1000) })
  expect(objects()[0]).toMatchObject({ to: 'j?rg@example.com', message: 'to=<j?rg@example.com>' })
  expect(writes[0]).not.toMatch(/\\ud|\u009b/)
  expect((objects()[0] as { from: string }).from).toHaveLength(2000)
})

it('stays one line of well-formed JSON, whatever a peer sends', () => {
  const anyText = fc
    .array(fc.oneof(fc.nat({ max: 0xff }), fc.nat({ max: 0xffff })))
    .map((units) => String.fromCharCode(...units))
  fc.assert(
    fc.property(anyText, anyText, (text, peer) => {
      const { log, writes, objects } = open()
      log
        .logger('p')
        .info(text, { ...RECORD, recipient: peer, originalRecipient: text, text: peer })
      log.logger('p').warning(text, { from: peer, to: text, messageId: peer, reason: text })
      expect(objects()).toHaveLength(2)
      expect(writes[0]!.isWellFormed()).toBe(true)
      expect(writes[0]).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]|\\u/)
    }),
  )
})

it('closes the sink behind it', async () => {
  const { log, closed } = open()
  await log.close()
  expect(closed()).toBe(true)
})
