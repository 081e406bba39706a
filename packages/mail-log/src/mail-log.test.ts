import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'

import { MailLog, type MailLogOptions } from './index.ts'

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

it('reports the first of a row of failed writes, and goes on', () => {
  let failing = true
  const written: string[] = []
  const { log, errors } = open((lines) => {
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
  logger.fatal('4')
  expect(errors).toHaveLength(2)
  expect(written).toEqual([expect.stringContaining('3')])
})
