import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import vectors from '../vectors/syslog.json' with { type: 'json' }
import { MailLog, type Severity, syslogLocalSink } from './index.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mail-log-'))
  writeFileSync(socketPath(), '')
})
afterEach(() => rmSync(directory, { recursive: true }))

const until = (expectation: () => void) => vi.waitFor(expectation, { interval: 5, timeout: 5000 })

const socketPath = () => join(directory, 'log')
const command = () => join(directory, 'logger')

/** A program in the place of logger; `$tag` is the tag with `_` for `/`. */
function install(script: string): void {
  const start = `#!/bin/sh\ncd '${directory}'\necho "$*" >>argv\n`
  const tag = 'while [ "$1" != --tag ]; do shift; done\ntag=$(echo "$2" | tr / _)\n'
  writeFileSync(command(), start + tag + script)
  chmodSync(command(), 0o755)
}

const read = (name: string): string =>
  existsSync(join(directory, name)) ? readFileSync(join(directory, name), 'utf8') : ''

function open(facility = 'mail') {
  const errors: unknown[] = []
  const timers: { delayMs: number; fn: () => void }[] = []
  const time = { nowMs: 0 }
  const sink = syslogLocalSink({
    facility,
    onError: (error) => errors.push(error),
    after: (delayMs, fn) => timers.push({ delayMs, fn }),
    socketPath: socketPath(),
    command: command(),
  })
  const mailLog = new MailLog({
    syslogName: 'postfix',
    hostname: 'mx.example.com',
    processId: 123,
    now: () => time.nowMs,
    sink,
    onError: (error) => errors.push(error),
  })
  return { mailLog, errors, timers, time }
}

it('G-159: gives one logger for each tag its lines, with their priorities', async () => {
  install('exec cat >>"$tag"')
  const { mailLog, errors } = open()
  const smtp = mailLog.logger('smtp')
  smtp.info('<13>one\ntwo')
  smtp.warning('grüße \udce9')
  mailLog.logger('qmgr', { syslogName: 'postfix/relay' }).error('e')
  mailLog.flush()
  smtp.fatal('f')
  await mailLog.close()
  expect(read('postfix_smtp')).toBe('<22><13>one?two\n<20>warning: grüße ?\n<18>fatal: f\n')
  expect(read('postfix_relay_qmgr')).toBe('<19>error: e\n')
  const common = `--socket ${socketPath()} --socket-errors=on --size 2048 --prio-prefix --id=123`
  expect(read('argv').trim().split('\n').toSorted()).toEqual([
    `${common} --tag postfix/relay/qmgr`,
    `${common} --tag postfix/smtp`,
  ])
  expect(errors).toEqual([])
})

it('G-159: has logger send what Postfix sends', async () => {
  install('exec cat >>"$tag"')
  const { mailLog } = open()
  for (const { severity, text } of vectors.cases) {
    mailLog.logger('smtp')[severity as Severity](text.replace('BYTE-E9', '\udce9'))
  }
  await mailLog.close()
  // The rest of the line is logger's.
  const texts = vectors.cases.map(({ message }) => message.replace('TIME postfix/smtp[PID]: ', ''))
  expect(read('postfix_smtp')).toBe(`${texts.join('\n')}\n`)
})

it('G-159: takes the facility from syslog_facility', async () => {
  install('exec cat >>"$tag"')
  const { mailLog } = open('local3')
  mailLog.logger('smtp').info('x')
  await mailLog.close()
  expect(read('postfix_smtp')).toBe('<158>x\n')
  expect(() => open('nope')).toThrow(/expected a syslog facility/)
})

it('says clearly, and once, that logger is missing; keeps lines until it is there', async () => {
  const { mailLog, errors, timers } = open()
  const logger = mailLog.logger('smtp')
  logger.info('one')
  mailLog.flush()
  await until(() => expect(timers).toHaveLength(1))
  expect(String(errors[0])).toMatch(/system log: cannot run .*logger, .*util-linux.* ENOENT$/)
  logger.info('two')
  mailLog.flush()
  timers[0]?.fn()
  await until(() => expect(timers).toHaveLength(2))
  expect(timers.map(({ delayMs }) => delayMs)).toEqual([1000, 2000])
  expect(errors).toHaveLength(1)
  install('exec cat >>"$tag"')
  await mailLog.close()
  expect(read('postfix_smtp')).toBe('<22>one\n<22>two\n')
})

it('does not run logger while there is no system log', async () => {
  install('exec cat >>"$tag"')
  rmSync(socketPath())
  const { mailLog, errors, timers } = open()
  mailLog.logger('smtp').info('kept')
  mailLog.flush()
  expect(String(errors[0])).toContain(`${socketPath()}: no such socket`)
  expect(timers.map(({ delayMs }) => delayMs)).toEqual([1000])
  mkdirSync(socketPath()) // Anything of that name.
  timers[0]?.fn()
  timers[1]?.fn() // It has lived for a while.
  await until(() => expect(read('postfix_smtp')).toBe('<22>kept\n'))
  await mailLog.close()
})

it('starts a logger that ended again, and gives it lines once it has lived for a while', async () => {
  install('read line; echo "logger: $line: refused" >&2; exit 1')
  const { mailLog, errors, timers } = open()
  const logger = mailLog.logger('smtp')
  logger.info('lost')
  mailLog.flush()
  await until(() => expect(timers).toHaveLength(2))
  expect(String(errors[0])).toMatch(/logger ended \(1\): logger: <22>lost: refused$/)
  expect(timers.map(({ delayMs }) => delayMs)).toEqual([500, 1000])

  logger.info('kept')
  mailLog.flush()
  install('exit 1')
  timers[1]?.fn()
  logger.info('kept, too')
  mailLog.flush()
  await until(() => expect(timers).toHaveLength(4))
  expect(timers.slice(2).map(({ delayMs }) => delayMs)).toEqual([500, 2000])

  install('exec cat >>"$tag"')
  timers[3]?.fn()
  timers[4]?.fn()
  await until(() => expect(read('postfix_smtp')).toBe('<22>kept\n<22>kept, too\n'))
  await mailLog.close()
  expect(errors).toHaveLength(1)
})

it('waits a minute at most, and a second again after one that lived', async () => {
  install('exit 1')
  const { mailLog, timers } = open()
  mailLog.logger('smtp').info('x')
  mailLog.flush()
  const pauses: number[] = []
  let start = () => {}
  for (let attempt = 0; attempt < 8; attempt++) {
    start()
    await until(() => expect(timers).toHaveLength(2))
    const [trial, pause] = timers.splice(0)
    trial?.fn() // Too late: it is gone.
    pauses.push(pause!.delayMs)
    start = pause!.fn
  }
  expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
  install('read line; exit 1')
  start()
  timers.splice(0)[0]?.fn() // It has lived, so it gets a line, and then it ends.
  mailLog.logger('smtp').info('y')
  mailLog.flush()
  await until(() => expect(timers.map(({ delayMs }) => delayMs)).toEqual([1000]))
})

it('keeps no more than 8 MiB of lines', async () => {
  rmSync(socketPath())
  const { mailLog, errors, time } = open()
  const logger = mailLog.logger('smtp')
  for (let line = 0; line < 5000; line++) logger.info('x'.repeat(2000))
  time.nowMs = 1
  expect(errors).toMatchObject([{ code: 'syslog' }, { code: 'full' }])
  await mailLog.close()
})

it('keeps no more than that for a logger that does not read, and goes on when it does', async () => {
  install('while [ -e argv ] && [ ! -e go ]; do sleep 0.01; done; exec cat >>"$tag"')
  const { mailLog, errors } = open()
  const logger = mailLog.logger('smtp')
  for (let line = 0; line < 6000; line++) logger.info(`${line} ${'x'.repeat(1990)}`)
  expect(errors).toMatchObject([{ code: 'full' }])
  writeFileSync(join(directory, 'go'), '')
  await until(() => expect(read('postfix_smtp').length).toBeGreaterThan(8 * 1024 * 1024))
  await mailLog.close()
  const numbers = read('postfix_smtp').match(/(?<=^<22>)\d+/gm) ?? []
  expect(numbers).toEqual(Array.from(numbers, (_, index) => String(index)))
})

it('outlives a logger that has closed its input', async () => {
  install('exec 0<&-; touch closed; while [ -e argv ] && [ ! -e go ]; do sleep 0.01; done; exit 1')
  const { mailLog, errors } = open()
  const logger = mailLog.logger('smtp')
  logger.info('one')
  mailLog.flush()
  await until(() => expect(existsSync(join(directory, 'closed'))).toBe(true))
  logger.info('two')
  mailLog.flush()
  writeFileSync(join(directory, 'go'), '')
  await until(() => expect(errors).toHaveLength(1))
})

it('shows the beginning of what logger complains of', async () => {
  install(`echo '${'x'.repeat(5000)}' >&2; exit 1`)
  const { mailLog, errors } = open()
  mailLog.logger('smtp').fatal('f')
  await until(() => expect(errors).toHaveLength(1))
  expect(String(errors[0])).toMatch(/: x{500}$/)
})

it.runIf(process.platform === 'linux')('runs logger beyond the signals of a terminal', async () => {
  install('echo "$$ $(cut -d" " -f5 /proc/$$/stat)" >ids; exec cat >>"$tag"')
  const { mailLog } = open()
  mailLog.logger('smtp').info('x')
  await mailLog.close()
  const [id, group] = read('ids').trim().split(' ')
  expect(group).toBe(id)
})

it('takes nothing after close', async () => {
  install('exec cat >>"$tag"')
  const { mailLog, errors } = open()
  await mailLog.close()
  mailLog.logger('p').fatal('late')
  expect(errors).toMatchObject([{ code: 'closed' }])
})
