import { execFile } from 'node:child_process'
import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { submitMessage } from '@posthouse/qmqp-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { countQueueFiles, writeConfiguration } from '../harness/configuration.ts'
import { Destination } from '../harness/destination.ts'
import { peersInstalled } from '../harness/peers.ts'
import { freePort, Posthouse, runCommand } from '../harness/posthouse.ts'
import { QueueingPostfix } from '../harness/queueing-postfix.ts'

const run = promisify(execFile)
const installed = peersInstalled('postfix', 'postsuper', 'sendmail') && process.getuid?.() === 0
const DELIVERY = `\
qmgr unix n - n 300 1 qmgr
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
pickup unix n - n 60 1 pickup
showq unix n - n - - showq
`

describe.runIf(installed)('one queue directory, Postfix and Posthouse in turn', () => {
  let destination: Destination
  let postfix: QueueingPostfix
  let conf: string
  let posthouse: Posthouse | undefined
  let port: number
  const arrivals: string[] = []

  beforeEach(async () => {
    arrivals.length = 0
    destination = new Destination(({ recipient }) => arrivals.push(recipient))
    const relayhost = `[127.0.0.1]:${await destination.listen()}`
    const parameters = { relayhost, mydestination: '', minimal_backoff_time: '1h' }
    postfix = await QueueingPostfix.start(parameters, DELIVERY)
    conf = join(postfix.directory, 'conf')
    port = await freePort()
    const home = join(postfix.directory, 'posthouse')
    writeConfiguration(home, {
      port,
      parameters: {
        ...parameters,
        queue_directory: join(postfix.directory, 'queue'),
        mail_owner: 'postfix',
        default_destination_concurrency_failed_cohort_limit: '1000',
      },
    })
  })
  afterEach(async () => {
    await posthouse?.kill()
    posthouse = undefined
    await run('postfix', ['-c', conf, 'start']).catch(() => undefined)
    await postfix.stop()
    await destination.close()
  })

  const filesOf = (...queues: string[]) => countQueueFiles(postfix.directory, queues)
  const start = () => Posthouse.start(join(postfix.directory, 'posthouse'))
  const command = (name: string) => run('postfix', ['-c', conf, name])
  const refuse = (isRefused: boolean) =>
    destination.refuse(() => (isRefused ? { code: 450, text: 'later' } : undefined))

  async function submit(to: number, recipient: string): Promise<string> {
    const message = {
      sender: 's@x.test',
      recipients: [recipient],
      content: Buffer.from('a: b\n\nc'),
    }
    const { text } = await submitMessage({ host: '127.0.0.1', port: to }, message)
    return /queued as (\S+)/.exec(text)?.[1] ?? `not queued: ${text}`
  }

  /** As a crash leaves a message that was being delivered. */
  function makeActive(id: string): void {
    const queue = join(postfix.directory, 'queue')
    renameSync(join(queue, 'deferred', id[0]!, id), join(queue, 'active', id))
  }

  /** A message in each of `active` and `deferred`, the latter with a defer log, and in `hold`. */
  async function fill(to: number): Promise<{ active: string; held: string }> {
    refuse(true)
    const ids = await Promise.all(
      ['active', 'deferred', 'held'].map((name) => submit(to, `${name}@example.net`)),
    )
    const [active = '', , held = ''] = ids
    await expect.poll(() => filesOf('deferred'), { timeout: 20_000 }).toBe(3)
    await expect.poll(() => filesOf('defer'), { timeout: 20_000 }).toBe(3)
    await run('chown', ['postfix', join(postfix.directory, 'log')]) // As whom postsuper logs.
    await run('postsuper', ['-c', conf, '-h', held])
    return { active, held }
  }

  it('F-1: a queue of Postfix is taken over as it is', async () => {
    const { active, held } = await fill(postfix.port)
    await expect(start()).rejects.toThrow(/the Postfix mail system is already running/)
    await command('stop')
    makeActive(active)
    // Without its queue manager mail stays in incoming, and in maildrop, where nobody looks.
    const masterCf = join(conf, 'master.cf')
    const lines = `127.0.0.1:${postfix.port} inet n - n - - qmqpd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
postlog unix-dgram n - n - 1 postlogd
`
    writeFileSync(masterCf, lines)
    await command('start')
    await submit(postfix.port, 'incoming@example.net')
    const sendmail = run('sendmail', ['-C', conf, '-f', 's@x.test', 'maildrop@example.net'])
    sendmail.child.stdin?.end('Subject: test\n\nbody\n')
    await sendmail
    await command('stop')
    expect(['incoming', 'active', 'deferred', 'hold', 'maildrop'].map((q) => filesOf(q))).toEqual([
      1, 1, 1, 1, 1,
    ])

    refuse(false)
    posthouse = await start()
    await runCommand('-c', join(postfix.directory, 'posthouse/conf'), 'flush')
    await expect
      .poll(() => arrivals.toSorted(), { timeout: 30_000 })
      .toEqual(['active', 'deferred', 'incoming', 'maildrop'].map((name) => `${name}@example.net`))
    expect(readdirSync(join(postfix.directory, 'queue/hold'))).toEqual([held])
    await expect.poll(() => filesOf('incoming', 'active', 'deferred', 'maildrop')).toBe(0)
    expect(readdirSync(join(postfix.directory, 'queue/defer', held[0]!))).toEqual([held])
    expect(posthouse.log.filter((line) => /warning|error|fatal/.test(line))).toEqual([])
  }, 120_000)

  it('F-22: a queue of Posthouse is handed back, after kill -9 as well', async () => {
    await command('stop')
    posthouse = await start()
    await expect(command('start')).rejects.toThrow()
    const { active, held } = await fill(port)
    refuse(false)
    await submit(port, 'delivered@example.net') // Its file is kept for the next one, in `spare`.
    await expect.poll(() => arrivals).toEqual(['delivered@example.net'])
    await expect.poll(() => filesOf('active')).toBe(0)
    await posthouse.kill()
    makeActive(active)
    expect(existsSync(join(postfix.directory, 'queue/spare'))).toBe(true)

    const { stdout, stderr } = await command('check')
    expect(`${stdout}${stderr}`).toBe('')
    await command('start')
    await expect(start()).rejects.toThrow(/the Postfix mail system is already running/)
    await run('postqueue', ['-c', conf, '-f'])
    await expect
      .poll(() => arrivals.toSorted(), { timeout: 30_000 })
      .toEqual(['active', 'deferred', 'delivered'].map((name) => `${name}@example.net`))
    await run('postsuper', ['-c', conf, '-H', held])
    await run('postqueue', ['-c', conf, '-f'])
    await expect.poll(() => arrivals, { timeout: 30_000 }).toContain('held@example.net')
    await expect.poll(() => filesOf('incoming', 'active', 'deferred', 'hold', 'defer')).toBe(0)
    const warnings = postfix.logText().match(/^.*(?:warning|fatal): .*$/gm) ?? []
    expect(warnings.filter((line) => !/already running/.test(line))).toEqual([])
  }, 120_000)
})
