import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { queueFile, record, ShapedQueue } from '../test/queue-files.ts'
import tables from '../vectors/tables.json' with { type: 'json' }

let queue: ShapedQueue
beforeEach(() => {
  queue = new ShapedQueue()
})
afterEach(() => queue.remove())

const one = (domain: string, ageMinutes = 1) =>
  queueFile({ sender: 's@sender.example', recipients: [`r@${domain}`], ageMinutes })

/** The rows of a table: name and counts of one per age. */
async function rows(...args: string[]): Promise<string[][]> {
  const { stdout } = await queue.run(args)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/ +/))
}

const names = async (...args: string[]) => (await rows(...args)).slice(2).map(([name]) => name)

describe('F-89: as Postfix shows it', () => {
  it.each(tables.runs)('$command', async ({ command, output }) => {
    for (const queueName of ['incoming', 'active', 'hold'])
      queue.write(`${queueName}/x`, record('E', ''))
    for (const [index, file] of tables.files.entries()) {
      queue.write(`deferred/${index % 3}/ABCDE${index}A`, queueFile(file))
    }
    const { stdout, ...rest } = await queue.run(command.split(' ').slice(1))
    expect(rest).toEqual({ status: 0, stderr: '' })
    // It leaves the order of rows alike open; ours is that of their names.
    const lines = stdout.split('\n')
    const expected = output.split('\n')
    expect(lines.toSorted()).toEqual(expected.toSorted())
    const order = (line: string) => {
      const [name = '', count] = line.trim().split(/ +/)
      return [name.length, count]
    }
    expect(lines.map(order)).toEqual(expected.map(order))
  })
})

describe('F-89: which files count', () => {
  it('names of six letters and digits or more, at any depth', async () => {
    queue.write('active/ABCDE', one('short.example'))
    queue.write('active/AB_CDEF', one('underscore.example'))
    queue.write('active/a/b/c/ABCDEF', one('deep.example'))
    symlinkSync(join(queue.path, 'active/ABCDE'), join(queue.path, 'active/ABCDEFG'))
    expect(await names('active')).toEqual(['deep.example'])
  })

  it('modes of complete files, but not of those to expire', async () => {
    queue.write('active/ABCDE1', one('ready.example'), 0o744)
    queue.write('active/ABCDE2', one('unready.example'), 0o600)
    queue.write('active/ABCDE3', one('expire.example'), 0o710)
    expect(await names('active')).toEqual(['ready.example'])
  })

  it('whole files with somebody to deliver to', async () => {
    const whole = one('whole.example')
    queue.write('active/ABCDE1', whole)
    queue.write('active/ABCDE2', whole.subarray(0, whole.length - 2))
    queue.write('active/ABCDE3', whole.subarray(97))
    queue.write('active/ABCDE4', Buffer.from(whole.toString('latin1').replace('R\x0f', 'D\x0f')))
    queue.write('active/ABCDE5', Buffer.from('text, not records'))
    queue.write('active/ABCDE6', Buffer.alloc(0))
    expect((await rows('active'))[1]?.slice(0, 2)).toEqual(['TOTAL', '1'])
  })

  it('of a size record that is no good, the content is read through', async () => {
    const damaged = one('damaged.example')
      .toString('latin1')
      .replace(/ \d+ +(?=\d+ +1 )/, (text) => {
        return 'x'.padStart(text.length)
      })
    queue.write('active/ABCDE1', Buffer.from(damaged, 'latin1'))
    expect(await names('active')).toEqual(['damaged.example'])
  })
})

describe('F-89: ages and domains', () => {
  it.each([
    [0, 1],
    [4.98, 1],
    [5, 2],
    [1279, 9],
    [1280, 10],
    [-60, 1],
  ])('%d minutes are in column %i', async (ageMinutes, column) => {
    queue.write('active/ABCDE1', one('a.example', ageMinutes))
    const counts = (await rows('active'))[2] ?? []
    expect(counts.indexOf('1', 2) - 1).toBe(column)
  })

  it('domains in one form, whatever the address', async () => {
    const recipients = ['a@X.example', 'b@.x..example.', '"@"@x.example', '', 'nodomain']
    queue.write('active/ABCDE1', queueFile({ sender: '', recipients, ageMinutes: 1 }))
    expect((await rows('active')).slice(2).map((row) => row.slice(0, 2))).toEqual([
      ['x.example', '3'],
      ['nodomain', '1'],
      ['MAILER-DAEMON', '1'],
    ])
    expect(await names('-s', 'active')).toEqual(['MAILER-DAEMON'])
  })

  it('-m: parents count what is one level below them, domains and parents', async () => {
    const domains = ['b.a.example', 'c.a.example', 'd.a.example', 'x.d.a.example', 'y.d.a.example']
    for (const [index, domain] of domains.entries())
      queue.write(`active/ABCDE${index}`, one(domain))
    const parents = async (count: number) =>
      (await names('-p', '-m', String(count), 'active')).filter((name) => name?.startsWith('.'))
    expect(await parents(2)).toEqual(['.a.example', '.d.a.example'])
    expect(await parents(4)).toEqual(['.a.example'])
    expect(await parents(5)).toEqual([])
  })

  it('a long parent keeps its dot', async () => {
    const parent = `${'x'.repeat(60)}.example`
    for (const [index, name] of ['a', 'b'].entries()) {
      queue.write(`active/ABCDE${index}`, one(`${name}.${parent}`))
    }
    const { stdout } = await queue.run(['-p', '-m', '2', 'active'])
    expect(stdout.split('\n')[2]).toMatch(/^\.\+x+\.example {2}2 /)
    for (const line of stdout.trimEnd().split('\n')) expect(line).toHaveLength(80)
  })
})

describe('F-89: on a terminal', () => {
  it('-N and -n show how far it has got', async () => {
    for (const index of [1, 2, 3, 4, 5])
      queue.write(`active/ABCDE${index}`, one(`d${index}.example`))
    const { stdout } = await queue.run(['-N', '2', '-n', '1', 'active'], true)
    const screens = stdout.split('\u001b[H\u001b[2J')
    expect(screens.map((text) => text.trimEnd().split('\n').length)).toEqual([1, 3, 2 + 1 + 2 + 5])
    expect((await queue.run(['-N', '2', 'active'])).stdout).not.toContain('\u001b')
  })
})

describe('F-89: errors', () => {
  it('a queue that is not there is told, and no failure', async () => {
    const { status, stdout, stderr } = await queue.run(['nosuchqueue'])
    expect(stderr).toBe("Can't stat nosuchqueue: No such file or directory\n")
    expect(status).toBe(0)
    expect(stdout).toMatch(/TOTAL {2}0 /)
  })

  it('other options, and -h, give the usage', async () => {
    for (const args of [['-x'], ['-h'], ['-b']]) {
      const { status, stdout, stderr } = await queue.run(args)
      expect([status, stdout]).toEqual([255, ''])
      expect(stderr).toContain('Usage: qshape [ -s ] [ -p ]')
    }
    expect((await queue.run(['-x'])).stderr).toMatch(/^qshape: invalid option -- 'x'\n/)
  })

  it('numbers that make no sense are the usual ones', async () => {
    const usual = await queue.run(['hold'])
    expect(await queue.run(['-b', '0', '-t', 'x', '-w', '10', '-m', '0', 'hold'])).toEqual(usual)
  })

  it('without a configuration there is no table', async () => {
    expect(await queue.run(['-c', '/broken', 'hold'])).toEqual({
      status: 1,
      stdout: '',
      stderr: 'qshape: fatal: /broken/main.cf: no such file\n',
    })
  })
})
