import { chmodSync, existsSync, statSync, utimesSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { NOW_MS, QueueDirectory, queueFile } from '../test/queue-directory.ts'
import {
  encodeListing,
  type ListedMessage,
  type MailSystem,
  runMailq,
  runPostqueue,
  serveFlush,
} from './index.ts'

const USAGE =
  'postqueue: fatal: usage: postqueue -f | postqueue -i queueid | postqueue -j | postqueue -p | ' +
  'postqueue -s site\n'

let queue: QueueDirectory
let triggers: string[]
let isRunning: boolean
let listed: string[]
let showq: () => Promise<AsyncIterable<Uint8Array>>
beforeEach(() => {
  process.env['TZ'] = 'UTC'
  queue = new QueueDirectory()
  triggers = []
  isRunning = true
  listed = []
  showq = () => Promise.reject(systemError('ECONNREFUSED'))
})
afterEach(() => queue.remove())

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: no luck`), { code, syscall: 'connect' })
}

function systemFor(ownsQueue: boolean): MailSystem {
  const { warn: _, ...ports } = queue.ports
  return {
    ...queue.options,
    ...ports,
    longQueueIds: false,
    mailName: 'Postfix',
    user: { name: 'nobody', id: 65534, ownsQueue },
    isListed: (list) => listed.includes(list),
    isFastFlushDomain: (domain) => domain.endsWith('.example'),
    isRunning: () => isRunning,
    connectShowq: () => showq(),
    askFlush: async (request) => {
      if (!isRunning) throw systemError('ECONNREFUSED')
      const owner = systemFor(true)
      return serveFlush(bytes(request), owner, (text) => queue.warnings.push(text))
    },
    trigger: async (service, requests) => {
      if (service === 'pickup') throw systemError('ENOENT')
      triggers.push(requests)
    },
    setMode: chmod,
  }
}

async function* bytes(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array, void, void> {
  yield* chunks
}

async function run(
  args: readonly string[],
  { ownsQueue = true, command = runPostqueue } = {},
): Promise<{ status: number; stdout: string; stderr: string }> {
  let stdout = ''
  let stderr = ''
  const status = await command(args, {
    stdout: async (bytes) => {
      stdout += Buffer.from(bytes)
    },
    stderr: (bytes) => {
      stderr += Buffer.from(bytes)
    },
    open: (directory) => {
      if (directory === '/broken') throw new Error('/broken/main.cf: no such file')
      return systemFor(ownsQueue)
    },
  })
  return { status, stdout, stderr }
}

const ordinary = (...args: string[]) => run(args, { ownsQueue: false })

describe('F-83: usage', () => {
  it.each([[[]], [['-p', '-f']], [['-p', 'extra']], [['-jj']], [['-p', '--', 'x']]])(
    '%j',
    async (args) => {
      expect(await run(args)).toEqual({ status: 69, stdout: '', stderr: USAGE })
    },
  )

  it('getopt names what is wrong', async () => {
    expect((await run(['-x'])).stderr).toBe(`postqueue: invalid option -- 'x'\n${USAGE}`)
    const missing = "postqueue: option requires an argument -- 'i'\n"
    expect((await run(['-i'])).stderr).toBe(missing + USAGE)
  })

  it('an error of the configuration is fatal, too', async () => {
    const stderr = 'postqueue: fatal: /broken/main.cf: no such file\n'
    expect(await run(['-c', '/broken', '-p'])).toEqual({ status: 69, stdout: '', stderr })
  })
})

describe('F-83: -p and -j', () => {
  it('who owns the queue reads it', async () => {
    queue.write('hold/A1', queueFile('s@example.org', 'r@example.net'))
    expect(await run(['-p'])).toEqual({
      status: 0,
      stdout:
        '-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n' +
        'A1!              69 Fri Nov 20 15:54:34  s@example.org\n' +
        `${' '.repeat(41)}r@example.net\n\n-- 0 Kbytes in 1 Request.\n`,
      stderr: '',
    })
    expect((await run(['-j'])).stdout).toMatch(/^\{"queue_name": "hold", "queue_id": "A1", .*\}\n$/)
  })

  it('an empty queue has no JSON at all', async () => {
    expect(await run(['-j'])).toEqual({ status: 0, stdout: '', stderr: '' })
    expect((await run(['-p'])).stdout).toBe('Mail queue is empty\n')
  })

  it('says so if the mail system is down', async () => {
    isRunning = false
    expect(await run(['-p'])).toEqual({
      status: 0,
      stdout: 'Mail queue is empty\n',
      stderr:
        'postqueue: warning: Mail system is down -- accessing queue directly ' +
        '(Connect to the Postfix showq service: Connection refused)\n',
    })
  })

  it('others ask the showq service, if they are authorised', async () => {
    const denied = 'postqueue: fatal: User nobody(65534) is not allowed to view the mail queue\n'
    expect(await ordinary('-p')).toEqual({ status: 69, stdout: '', stderr: denied })
    listed = ['authorized_mailq_users']
    queue.write('hold/A1', queueFile('s@example.org', 'r@example.net'))
    const messages = (async function* (): AsyncGenerator<ListedMessage> {
      yield* await queue.list()
    })()
    showq = async () => encodeListing(messages, true)
    expect((await ordinary('-p')).stdout).toBe((await run(['-p'])).stdout)
  })

  it.each([
    ['ECONNREFUSED', 'Connection refused', true],
    ['ENOENT', 'No such file or directory', true],
    ['EACCES', 'Permission denied', false],
  ])('others get nothing where it is out of reach: %s', async (code, reason, isDown) => {
    listed = ['authorized_mailq_users']
    showq = () => Promise.reject(systemError(code))
    const what = `Connect to the Postfix showq service: ${reason}`
    const text = isDown ? `Queue report unavailable - mail system is down (${what})` : what
    expect(await ordinary('-j')).toEqual({
      status: 69,
      stdout: '',
      stderr: `postqueue: fatal: ${text}\n`,
    })
  })
})

describe('F-83: flushing', () => {
  const later = (path: string): string => {
    const file = queue.write(path, queueFile('s@example.org', 'r@one.example', 'r@Two.example'))
    utimesSync(file, NOW_MS / 1000, NOW_MS / 1000 + 3600)
    return file
  }
  const place = (path: string) => {
    const { mode, mtimeMs } = statSync(join(queue.path, path))
    return { mode: (mode & 0o7777).toString(8), isNow: mtimeMs === NOW_MS }
  }

  it('S-40: -f triggers the queue manager with FADI', async () => {
    expect(await run(['-f'])).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(triggers).toEqual(['FADI'])
  })

  it('F-13: -i stamps a message, sets its bit, moves it to incoming', async () => {
    queue.write('incoming/B1', '')
    later('deferred/A/A1')
    expect(await run(['-i', 'A1'])).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(place('incoming/A1')).toEqual({ mode: '740', isNow: true })
    expect(existsSync(join(queue.path, 'deferred/A/A1'))).toBe(false)
    expect(triggers).toEqual(['I'])
  })

  it('F-13: -i of a message in incoming leaves it there', async () => {
    chmodSync(later('incoming/A1'), 0o710)
    await run(['-i', 'A1'])
    expect(place('incoming/A1')).toEqual({ mode: '750', isNow: true })
  })

  it('-i of an unknown message, or of a file that is not ready, is no error', async () => {
    chmodSync(later('deferred/B/B1'), 0o600)
    expect((await run(['-i', 'A1'])).status).toBe(0)
    expect((await run(['-i', 'B1'])).status).toBe(0)
    expect(place('deferred/B/B1')).toEqual({ mode: '600', isNow: false })
  })

  it('F-8: -i makes the hash directories of incoming', async () => {
    const { options } = queue
    Object.defineProperty(queue, 'options', {
      value: { ...options, hashQueueNames: ['incoming'], hashQueueDepth: 2 },
    })
    queue.write('incoming/B/0/B01', '')
    later('deferred/A12')
    await run(['-i', 'A12'])
    expect(place('incoming/A/1/A12')).toEqual({ mode: '740', isNow: true })
  })

  it('S-40: -s moves the messages that have a recipient at the site', async () => {
    queue.write('incoming/C1', '')
    later('deferred/A/A1')
    later('deferred/B/B1')
    queue.write('deferred/D/D1', queueFile('s@two.example', 'r@sub.two.example'))
    expect(await run(['-s', 'TWO.example'])).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(place('incoming/A1')).toEqual({ mode: '700', isNow: true })
    expect(place('incoming/B1')).toEqual({ mode: '700', isNow: true })
    expect(existsSync(join(queue.path, 'deferred/D/D1'))).toBe(true)
    expect(triggers).toEqual(['F', 'I'])
  })

  it.each([
    [['-i', 'a/b'], 'Cannot flush queue ID - invalid name: "a/b"'],
    [['-i', 'a.'.repeat(60)], `Cannot flush queue ID - invalid name: "${'a.'.repeat(50)}..."`],
    [['-s', 'bad name'], 'Cannot flush mail queue - invalid destination: "bad name"'],
    [['-s', '[1.2.3.4'], 'Cannot flush mail queue - invalid destination: "[1.2.3.4"'],
    [['-s', '[127.0.0.1]'], 'Flush service is not configured for destination "[127.0.0.1]"'],
    [['-s', 'unlisted.test'], 'Flush service is not configured for destination "unlisted.test"'],
  ])('refuses %j', async (args, reason) => {
    expect(await run(args)).toEqual({
      status: 69,
      stdout: '',
      stderr: `postqueue: fatal: ${reason}\n`,
    })
    expect(triggers).toEqual([])
  })

  it.each([[['-f']], [['-i', 'A1']], [['-s', 'one.example']]])(
    '%j needs a running system, and a user that may',
    async (args) => {
      later('deferred/A/A1')
      const denied = 'postqueue: fatal: User nobody(65534) is not allowed to flush the mail queue\n'
      expect(await ordinary(...args)).toMatchObject({ status: 69, stderr: denied })
      isRunning = false
      const down = 'postqueue: fatal: Cannot flush mail queue - mail system is down\n'
      expect(await run(args)).toEqual({ status: 69, stdout: '', stderr: down })
      expect(existsSync(join(queue.path, 'deferred/A/A1'))).toBe(true)
    },
  )
})

describe('ipc-flush: for users whom the queue does not belong to', () => {
  beforeEach(() => {
    listed = ['authorized_flush_users']
    queue.write('incoming/Z1', '')
    queue.write('deferred/A/A1', queueFile('s@example.org', 'r@one.example'))
  })
  const isHastened = () => existsSync(join(queue.path, 'incoming/A1'))

  it('the service does it', async () => {
    const done = { status: 0, stdout: '', stderr: '' }
    expect(await ordinary('-i', 'A1')).toEqual(done)
    expect([isHastened(), triggers]).toEqual([true, ['I']])
    queue.write('deferred/A/A1', queueFile('s@example.org', 'r@one.example'))
    expect(await ordinary('-s', 'one.example')).toEqual(done)
    expect([isHastened(), triggers]).toEqual([true, ['I', 'F', 'I']])
  })

  it.each([[['-i', 'a/b']], [['-s', 'bad name']], [['-s', 'unlisted.test']]])(
    'refuses %j in the same words',
    async (args) => {
      const { stderr } = await run(args)
      expect(stderr).not.toBe('')
      expect(await ordinary(...args)).toEqual({ status: 69, stdout: '', stderr })
    },
  )

  it('says that the system is down, or that the service failed', async () => {
    isRunning = false
    const down = 'postqueue: fatal: Cannot flush mail queue - mail system is down\n'
    expect((await ordinary('-i', 'A1')).stderr).toBe(down)
    isRunning = true
    queue.files.rename = () => Promise.reject(systemError('EIO'))
    expect((await ordinary('-i', 'A1')).stderr).toContain('the flush service failed')
    expect(queue.warnings).toEqual(['EIO: no luck'])
  })

  // What Postfix's answers.
  it.each([
    ['add\0site\0dest.example\0queue_id\x00385EE21A233', 'status\0' + '0\0\0'],
    ['add\0site\0nope.test\0queue_id\0ABCDEF1234', 'status\x004\0\0'],
    ['send_site\0site\0nope.test', 'status\x004\0\0'],
    ['send_site\0site\0../x', 'status\x004\0\0'],
    ['add\0site\0dest.example\0queue_id\0../x', 'status\x003\0\0'],
    ['send_file\0queue_id\0ABCDEF1234', 'status\0' + '0\0\0'],
    ['send_file\0queue_id\0../x', 'status\x003\0\0'],
    ['purge', 'status\0' + '0\0\0'],
    ['rfrsh', 'status\0' + '0\0\0'],
    ['bogus', ''],
    ['add', 'status\x003\0\0'],
  ])('answers %j', async (request, answer) => {
    let text = ''
    const client = bytes(Buffer.from(`request\0${request}\0\0`))
    const answers = serveFlush(client, systemFor(true), (text) => queue.warnings.push(text))
    for await (const chunk of answers) text += chunk
    expect(text).toBe(`protocol\0queue_flush_protocol\0\0${answer}`)
  })

  it('does not listen for ever', async () => {
    const attributes = Array.from({ length: 20 }, (_, index) => `x${index}\0y\0`).join('')
    const answers = serveFlush(bytes(Buffer.from(attributes)), systemFor(true), () => undefined)
    await answers.next()
    await expect(answers.next()).rejects.toThrow('too many attributes')
  })
})

describe('F-90: mailq', () => {
  const mailq = (...args: string[]) => run(args, { command: runMailq })

  it('lists as postqueue -p', async () => {
    const empty = { status: 0, stdout: 'Mail queue is empty\n', stderr: '' }
    expect(await mailq()).toEqual(empty)
    expect(await mailq('-bp')).toEqual(empty)
  })

  it('takes no recipients', async () => {
    const stderr = 'mailq: fatal: display queue mode requires no recipient\n'
    expect(await mailq('extra')).toEqual({ status: 75, stdout: '', stderr })
  })
})
