import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { fileSink, MailLog, streamSink } from './index.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mail-log-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

it('G-160: creates the file with mode 0600', () => {
  const path = join(directory, 'mail.log')
  const sink = fileSink(path)
  sink.write('one\ntwo ü\n')
  sink.close()
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo ü\n')
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

it.each([0o600, 0o640, 0o644, 0o666])(
  'G-160: creates it with mode %o, whatever the umask',
  (mode) => {
    const path = join(directory, 'mail.log')
    const sink = fileSink(path, { mode })
    expect(statSync(path).mode & 0o777).toBe(mode)
    rmSync(path)
    sink.reopen()
    expect(statSync(path).mode & 0o777).toBe(mode)
    sink.close()
  },
)

it('leaves the mode of a file that is there', () => {
  const path = join(directory, 'mail.log')
  writeFileSync(path, '', { mode: 0o600 })
  const sink = fileSink(path, { mode: 0o644 })
  expect(statSync(path).mode & 0o777).toBe(0o600)
  sink.close()
})

it('appends to what is there', () => {
  const path = join(directory, 'mail.log')
  writeFileSync(path, 'old\n')
  const sink = fileSink(path)
  sink.write('new\n')
  sink.close()
  expect(readFileSync(path, 'utf8')).toBe('old\nnew\n')
})

it('G-160: goes on in a new file when reopened after rotation', () => {
  const path = join(directory, 'mail.log')
  const sink = fileSink(path)
  sink.write('1\n')
  renameSync(path, `${path}.1`)
  sink.write('2\n')
  sink.reopen()
  sink.write('3\n')
  sink.close()
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('1\n2\n')
  expect(readFileSync(path, 'utf8')).toBe('3\n')
})

it('G-160: loses no line when the file is rotated while lines come', () => {
  const path = join(directory, 'mail.log')
  const sink = fileSink(path)
  const mailLog = new MailLog({
    syslogName: 'postfix',
    hostname: 'mx',
    processId: 1,
    now: () => 0,
    sink,
    onError: (error) => expect.unreachable(String(error)),
  })
  const logger = mailLog.logger('p')
  const total = 1000
  for (let line = 0; line < total; line++) {
    logger.info(`line ${line}`)
    if (line % 7 === 0) mailLog.flush()
    if (line % 100 === 42) renameSync(path, `${path}.${String(line).padStart(4, '0')}`)
    if (line % 100 === 90) sink.reopen()
  }
  mailLog.flush()
  sink.close()
  const text = readdirSync(directory)
    .toSorted((a, b) => Number(a === 'mail.log') - Number(b === 'mail.log') || (a < b ? -1 : 1))
    .map((name) => readFileSync(join(directory, name), 'utf8'))
    .join('')
  expect(text.match(/\d+$/gm)).toEqual(Array.from({ length: total }, (_, line) => String(line)))
})

it('goes on at the end of a file that was truncated', () => {
  const path = join(directory, 'mail.log')
  const sink = fileSink(path)
  sink.write('old\n')
  truncateSync(path)
  sink.write('new\n')
  sink.close()
  expect(readFileSync(path, 'utf8')).toBe('new\n')
})

it.runIf(process.platform === 'linux')('does not leak the old file when reopened', () => {
  const sink = fileSink(join(directory, 'mail.log'))
  const openFiles = () => readdirSync('/proc/self/fd').length
  const before = openFiles()
  for (let count = 0; count < 10; count++) sink.reopen()
  expect(openFiles()).toBeLessThan(before + 10)
  sink.close()
})

it('keeps the old file when it cannot be reopened', () => {
  const path = join(directory, 'mail.log')
  const sink = fileSink(path)
  rmSync(directory, { recursive: true })
  expect(() => sink.reopen()).toThrow(/ENOENT/)
  sink.write('still open\n')
  sink.close()
  directory = mkdtempSync(join(tmpdir(), 'mail-log-'))
})

it('fails loudly for a path that cannot be opened, and after close', () => {
  expect(() => fileSink(join(directory, 'no', 'mail.log'))).toThrow(/ENOENT/)
  const sink = fileSink(join(directory, 'mail.log'))
  sink.close()
  sink.close()
  expect(() => sink.write('late\n')).toThrow(/open log file/)
})

it('hands lines to a stream in one piece', () => {
  const chunks: string[] = []
  streamSink((text) => chunks.push(text)).write('one\ntwo\n')
  expect(chunks).toEqual(['one\ntwo\n'])
})
