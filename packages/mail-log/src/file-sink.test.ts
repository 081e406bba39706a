import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
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

function openWatched(path: string) {
  const errors: unknown[] = []
  const time = { nowMs: 0 }
  const onError = (error: unknown) => errors.push(error)
  const sink = fileSink(path, { rotation: { now: () => time.nowMs, onError } })
  sink.write('1\n')
  const later = (line: string) => {
    time.nowMs += 1000
    sink.write(line)
  }
  return { sink, errors, time, later }
}

it('G-160: goes on in the file that was put in the place of the old one', () => {
  const path = join(directory, 'mail.log')
  const { sink, time, later } = openWatched(path)
  renameSync(path, `${path}.1`)
  writeFileSync(path, '')
  time.nowMs += 999
  sink.write('2\n')
  later('3\n')
  sink.close()
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('1\n2\n')
  expect(readFileSync(path, 'utf8')).toBe('3\n')
})

it('G-160: makes a file that was moved away or removed, when it is missing for a second', () => {
  const path = join(directory, 'mail.log')
  const { sink, later } = openWatched(path)
  renameSync(path, `${path}.1`)
  later('2\n')
  expect(existsSync(path)).toBe(false)
  later('3\n')
  sink.close()
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('1\n2\n')
  expect(readFileSync(path, 'utf8')).toBe('3\n')
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

it('says once that a moved file cannot be made anew, goes on, and does when it can', () => {
  const path = join(directory, 'log', 'mail.log')
  mkdirSync(join(directory, 'log'))
  const { sink, errors, later } = openWatched(path)
  renameSync(join(directory, 'log'), join(directory, 'old'))
  for (const line of ['2\n', '3\n', '4\n']) later(line)
  expect(errors).toEqual([expect.objectContaining({ code: 'ENOENT' })])
  mkdirSync(join(directory, 'log'))
  later('5\n')
  sink.close()
  expect(readFileSync(join(directory, 'old', 'mail.log'), 'utf8')).toBe('1\n2\n3\n4\n')
  expect(readFileSync(path, 'utf8')).toBe('5\n')
})

it.runIf(process.platform === 'linux')('a line that a full disk cut stays on its own', () => {
  const path = join(directory, 'mail.log')
  const script = `
    const { fileSink } = await import(process.argv[1])
    const { truncateSync } = await import('node:fs')
    const [path, line] = [process.argv[2], 'x'.repeat(299) + '\\n']
    const sink = fileSink(path)
    let code
    try { sink.write(line.repeat(4)) } catch (error) { code = error.code }
    truncateSync(path, 400)
    sink.write('next\\n')
    console.log(code)`
  const node = [process.execPath, '--input-type=module', '-e', script]
  const args = [join(import.meta.dirname, 'file-sink.ts'), path]
  // The largest file is 1 block of 1024 bytes, or of 512.
  const said = execFileSync('sh', ['-c', 'ulimit -f 1; exec "$@"', 'sh', ...node, ...args])
  expect(said.toString()).toBe('EFBIG\n')
  expect(readFileSync(path, 'utf8')).toBe(`${'x'.repeat(299)}\n${'x'.repeat(100)}\nnext\n`)
})

it('leaves out what the caller of reopen was told', () => {
  const path = join(directory, 'log', 'mail.log')
  mkdirSync(join(directory, 'log'))
  const { sink, errors, later } = openWatched(path)
  rmSync(join(directory, 'log'), { recursive: true })
  expect(() => sink.reopen()).toThrow(/ENOENT/)
  for (const line of ['2\n', '3\n', '4\n']) later(line)
  expect(errors).toEqual([])
  sink.close()
})

it.runIf(process.getuid?.() === 0)('gives a file that it makes, and no other, to its owner', () => {
  const path = join(directory, 'mail.log')
  const owner = { userId: 65_534, groupId: 65_534 }
  writeFileSync(path, '')
  const sink = fileSink(path, { owner })
  expect(statSync(path).uid).toBe(0)
  rmSync(path)
  sink.reopen()
  expect(statSync(path)).toMatchObject({ uid: 65_534, gid: 65_534 })
  sink.close()
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
  const path = join(directory, 'mail.log')
  const sink = fileSink(path)
  const openFiles = () => readdirSync('/proc/self/fd').length
  const before = openFiles()
  for (let count = 0; count < 10; count++) {
    rmSync(path)
    sink.reopen()
  }
  expect(openFiles()).toBeLessThan(before + 10)
  sink.close()
})

it.runIf(process.getuid?.() === 0)('reopen leaves a file alone that was not moved', () => {
  const path = join(directory, 'mail.log')
  chmodSync(directory, 0o755)
  const script = `
    const { fileSink } = await import(process.argv[1])
    const sink = fileSink(process.argv[2])
    process.setuid(65534) // From here on it could not open the file.
    sink.reopen()
    sink.write('1\\n')`
  const args = [join(import.meta.dirname, 'file-sink.ts'), path]
  execFileSync(process.execPath, ['--input-type=module', '-e', script, ...args])
  expect(readFileSync(path, 'utf8')).toBe('1\n')
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
