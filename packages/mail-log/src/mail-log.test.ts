import { setImmediate } from 'node:timers/promises'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { type LogEntry, MailLog, type MailLogOptions, printable } from './index.ts'

const START_MS = new Date(2026, 10, 5, 6, 7, 8, 900).getTime()

function open(write?: (lines: string) => void, after?: MailLogOptions['after']) {
  const writes: string[] = []
  const errors: unknown[] = []
  const time = { nowMs: START_MS }
  const log = new MailLog({
    syslogName: 'postfix',
    hostname: 'mx.example.com',
    processId: 12135,
    now: () => time.nowMs,
    sink: { write: write ?? ((lines) => writes.push(lines)) },
    onError: (error) => errors.push(error),
    ...(after === undefined ? {} : { after }),
  })
  return { log, writes, errors, time }
}

it('G-158: writes time, first label of the host name, tag and text', () => {
  const { log, writes } = open()
  log.logger('qmqpd').info('connect from localhost[127.0.0.1]')
  log.flush()
  expect(writes).toEqual([
    'Nov 05 06:07:08 mx postfix/qmqpd[12135]: connect from localhost[127.0.0.1]\n',
  ])
})

it('G-158: names the severity, but for info', () => {
  const { log, writes } = open()
  const logger = log.logger('qmqpd')
  logger.warning('w')
  logger.error('e')
  logger.fatal('f')
  const prefix = 'Nov 05 06:07:08 mx postfix/qmqpd[12135]: '
  expect(writes).toEqual([`${prefix}warning: w\n${prefix}error: e\n${prefix}fatal: f\n`])
})

it('Q-401: shows UTF-8 only with smtputf8, which a reload may change', () => {
  const { log, writes } = open()
  const logger = log.logger('qmqpd')
  const names = { syslogName: 'postfix', hostname: 'mx' }
  const sink = { write: (lines: string) => void writes.push(lines) }
  logger.info('é')
  log.change({ ...names, sink, smtputf8: false })
  logger.info('é')
  log.change({ ...names, sink, smtputf8: true })
  logger.info('é')
  log.flush()
  expect(writes.map((line) => line.slice(line.indexOf(': ') + 2))).toEqual(['é\n', '??\n', 'é\n'])
})

it('shows the new time when the second changes', () => {
  const { log, writes, time } = open()
  const logger = log.logger('qmqpd')
  logger.info('one')
  time.nowMs += 99
  logger.info('two')
  time.nowMs += 1
  logger.info('three')
  log.flush()
  const stamps = writes
    .join('')
    .split('\n')
    .map((line) => line.slice(7, 15))
  expect(stamps).toEqual(['06:07:08', '06:07:08', '06:07:09', ''])
})

it('G-158: peer text can neither start a line nor exceed 2000 bytes', () => {
  const { log, writes } = open()
  log.logger('p').info('a\nb')
  log.logger('p').info('x'.repeat(3000))
  log.flush()
  const texts = writes
    .join('')
    .split('\n')
    .map((line) => line.split(']: ')[1])
  expect(texts).toEqual(['a?b', 'x'.repeat(2000), undefined])
})

it('G-158: texts that come together are shown as each would be alone', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant('x'.repeat(2001)))
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), fc.boolean(), (texts, smtputf8) => {
      const { log, writes } = open()
      const sink = { write: (lines: string) => void writes.push(lines) }
      log.change({ syslogName: 'postfix', hostname: 'mx', sink, smtputf8 })
      for (const each of texts) log.logger('p').info(each)
      log.flush()
      const prefix = 'Nov 05 06:07:08 mx postfix/p[12135]: '
      const lines = texts.map((each) => `${prefix}${printable(each, 2000, smtputf8)}\n`)
      expect(writes.join('')).toBe(lines.join(''))
    }),
  )
})

it('gathers the lines of one turn of the event loop, of all loggers, in order', async () => {
  const { log, writes } = open()
  const [first, second] = [log.logger('qmqpd'), log.logger('cleanup')]
  first.info('1')
  second.info('2')
  await Promise.resolve()
  first.info('3')
  expect(writes).toEqual([])
  await setImmediate()
  expect(writes).toHaveLength(1)
  expect(writes[0]!.match(/\d$/gm)).toEqual(['1', '2', '3'])
  first.info('4')
  await setImmediate()
  expect(writes).toHaveLength(2)
})

it('with a timer, gathers the lines of 10 ms', () => {
  const timers: { delayMs: number; fn: () => void }[] = []
  const { log, writes } = open(undefined, (delayMs, fn) => timers.push({ delayMs, fn }))
  const logger = log.logger('qmgr')
  logger.info('one')
  logger.info('two')
  expect([writes.length, timers.map(({ delayMs }) => delayMs)]).toEqual([0, [10]])
  timers[0]?.fn()
  expect(writes).toHaveLength(1)
  logger.info('three')
  expect(timers).toHaveLength(2)
})

it('does not gather more than some 64 KiB', () => {
  const { log, writes } = open()
  const logger = log.logger('p')
  for (let line = 0; line < 40; line++) logger.info('x'.repeat(2000))
  expect(writes).toHaveLength(1)
})

it('reports failed writes once in ten minutes, and goes on', () => {
  let failing = true
  const written: string[] = []
  const { log, errors, time } = open((lines) => {
    if (failing) throw new Error('no space')
    written.push(lines)
  })
  const logger = log.logger('p')
  logger.fatal('1')
  logger.fatal('2')
  expect(errors).toHaveLength(1)
  failing = false
  logger.fatal('3')
  failing = true
  time.nowMs += 10 * 60_000 - 1
  logger.fatal('4')
  expect(errors).toHaveLength(1)
  time.nowMs += 1
  logger.fatal('5')
  expect(errors).toHaveLength(2)
  expect(written).toEqual([expect.stringContaining('3')])
})

it('change: later lines go to the new sink and have the new names, for old loggers, too', () => {
  const { log, writes } = open()
  const plain = log.logger('qmgr')
  const own = log.logger('smtp', { syslogName: 'postfix/relay' })
  plain.info('before')
  const next: string[] = []
  const sink = { write: (lines: string) => next.push(lines) }
  log.change({ syslogName: 'outbound', hostname: 'mx2.example.com', sink })
  plain.info('after')
  own.info('after')
  log.flush()
  expect(writes).toEqual(['Nov 05 06:07:08 mx postfix/qmgr[12135]: before\n'])
  const prefix = 'Nov 05 06:07:08 mx2'
  expect(next).toEqual([
    `${prefix} outbound/qmgr[12135]: after\n${prefix} postfix/relay/smtp[12135]: after\n`,
  ])
})

it('change: lines that the old sink lost are named in the new one', () => {
  const { log } = open(() => {
    throw new Error('no space')
  })
  const logger = log.logger('p')
  logger.info('1')
  const lines: string[] = []
  log.change({ syslogName: 'p', hostname: 'mx', sink: { write: (text) => lines.push(text) } })
  logger.fatal('2')
  expect(lines.join('')).toMatch(/warning: 1 lines of the log were lost: no space\n.*: fatal: 2\n/)
})

it('says how many lines were lost, and why, when it goes on', () => {
  let failing = true
  const written: string[] = []
  const { log, errors } = open((lines) => {
    if (failing) throw new Error('no space\nleft')
    written.push(lines)
  })
  const logger = log.logger('p')
  logger.info('1')
  logger.info('2')
  log.flush()
  logger.info('3')
  log.flush()
  failing = false
  logger.info('4')
  log.flush()
  logger.info('5')
  log.flush()
  const stamp = 'Nov 05 06:07:08 mx postfix'
  expect(written).toEqual([
    `${stamp}/postlogd[12135]: warning: 3 lines of the log were lost: no space?left\n` +
      `${stamp}/p[12135]: 4\n`,
    `${stamp}/p[12135]: 5\n`,
  ])
  expect(errors).toHaveLength(1)
})

it('G-158: a logger may have a syslog_name of its own', () => {
  const { log, writes } = open()
  log.logger('smtp', { syslogName: 'postfix/relay' }).info('one')
  log.logger('smtp', {}).info('two')
  log.flush()
  expect(writes[0]!.match(/postfix\S*/g)).toEqual([
    'postfix/relay/smtp[12135]:',
    'postfix/smtp[12135]:',
  ])
})

it('G-158: fields change nothing in the lines', () => {
  const { log, writes } = open()
  log.logger('qmgr').info('ABC: removed', { event: 'removed', queueId: 'ABC' })
  log.logger('qmgr').warning('ABC: bad', { queueId: 'ABC' })
  log.flush()
  const prefix = 'Nov 05 06:07:08 mx postfix/qmgr[12135]: '
  expect(writes).toEqual([`${prefix}ABC: removed\n${prefix}warning: ABC: bad\n`])
})

function openEntries(log: (entries: readonly LogEntry[]) => void) {
  const options = { syslogName: 'outbound', hostname: 'mx.example.com', processId: 12135 }
  const rest = { now: () => START_MS, onError: () => undefined }
  return new MailLog({ ...options, ...rest, sink: { log } })
}

it('gives an entry sink printable texts, severity, source and fields, gathered and in order', () => {
  const batches: (readonly LogEntry[])[] = []
  const log = openEntries((entries) => batches.push(entries))
  const fields = { queueId: 'ABC' }
  log.logger('qmgr').info('a\nb', fields)
  log.logger('qmgr').error('x'.repeat(3000))
  log.flush()
  log.flush()
  const source = {
    host: 'mx',
    tag: 'outbound/qmgr',
    process: 'qmgr',
    processId: 12135,
    head: ' mx outbound/qmgr[12135]: ',
  }
  const rest = { source, timeMs: START_MS }
  expect(batches).toEqual([
    [
      { ...rest, severity: 'info', text: 'a?b', fields },
      { ...rest, severity: 'error', text: 'x'.repeat(2000), fields: undefined },
    ],
  ])
  expect(batches[0]![0]!.fields).toBe(fields)
})

it('counts the entries that an entry sink could not take', () => {
  const batches: (readonly LogEntry[])[] = []
  let failing = true
  const log = openEntries((entries) => {
    if (failing) throw new Error('full')
    batches.push(entries)
  })
  log.logger('p').info('1')
  log.logger('p').info('2')
  log.flush()
  failing = false
  log.logger('p').info('3')
  log.flush()
  expect(batches[0]!.map(({ severity, text }) => [severity, text])).toEqual([
    ['warning', '2 lines of the log were lost: full'],
    ['info', '3'],
  ])
})

it('does not gather more than some 64 KiB of entries', () => {
  const batches: (readonly LogEntry[])[] = []
  const log = openEntries((entries) => batches.push(entries))
  for (let line = 0; line < 40; line++) log.logger('p').info('x'.repeat(2000))
  expect(batches).toHaveLength(1)
})

it('close writes what waits, then waits for the sink, but not for ever', async () => {
  const steps: string[] = []
  const timers: { delayMs: number; fn: () => void }[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const closing = (closed: Promise<void>) =>
    new MailLog({
      syslogName: 'postfix',
      hostname: 'mx',
      processId: 1,
      now: () => START_MS,
      sink: {
        write: () => steps.push('write'),
        close: () => {
          steps.push('close')
          return closed
        },
      },
      onError: (error) => steps.push(String(error)),
      after: (delayMs, fn) => timers.push({ delayMs, fn }),
    })
  const patient = closing(promise)
  patient.logger('p').info('last')
  const done = patient.close().then(() => steps.push('done'))
  await setImmediate()
  expect(steps).toEqual(['write', 'close'])
  resolve()
  await done
  const stuck = closing(new Promise(() => undefined)).close()
  const limit = timers.at(-1)!
  expect(limit.delayMs).toBe(5000)
  limit.fn()
  await stuck
})
