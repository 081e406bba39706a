import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { countQueueFiles } from '../harness/configuration.ts'
import { peersInstalled } from '../harness/peers.ts'
import { QueueingPostfix } from '../harness/queueing-postfix.ts'
import { Scene } from '../harness/scene.ts'
import { until } from '../harness/until.ts'

const installed = peersInstalled('postfix', 'postqueue') && process.getuid?.() === 0
const COMMAND = join(import.meta.dirname, '../bin/posthouse.js')
const NOBODY = 65534

const REFUSALS: Readonly<Record<string, { code: number; text: string }>> = {
  'late@example.net': { code: 450, text: '4.2.1 mailbox busy' },
  'later@example.net': { code: 451, text: '4.3.0 "quoted" and \\ backslashes' },
}

interface Output {
  readonly stdout: string
  readonly stderr: string
  readonly status: number
}

async function outputOf(
  file: string,
  args: readonly string[],
  options: { readonly uid?: number; readonly gid?: number } = {},
): Promise<Output> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  const [status] = await once(child, 'close')
  return { stdout, stderr, status }
}

const posthouse = (...args: string[]) => outputOf(process.execPath, [COMMAND, ...args])

/** Entries of a listing in the order of their ids: Postfix has them in that of the directory. */
function entries(listing: string): string[] {
  return listing
    .split('\n\n')
    .map((entry) => entry.replace(/^-Queue ID-.*\n/, ''))
    .sort()
}

describe.runIf(installed)("beside Debian's postqueue", { timeout: 90_000 }, () => {
  let scene: Scene
  let conf: string
  let postfixConf: string

  beforeAll(async () => {
    scene = await Scene.open({ parameters: { relay_domains: 'example.net' } })
    chmodSync(scene.directory, 0o755)
    conf = join(scene.directory, 'conf')
    scene.destination.refuse((recipient) => REFUSALS[recipient])
    await scene.submit(['late@example.net', 'later@example.net', 'fine@example.net'])
    await scene.submit(['late@example.net', 'x y@example.net'], 'Subject: x\n\nheld\n', '')
    await scene.submit(['later@example.net'], `Subject: long\n\n${'text\n'.repeat(2000)}`)
    await until(
      () => countQueueFiles(scene.directory, ['deferred']) === 3,
      () => `not deferred:\n${scene.posthouse.log.join('\n')}`,
    )
    const [held = ''] = files('deferred')
    renameSync(held, held.replace(/deferred\/.\//, 'hold/'))
    postfixConf = postfixConfFor(scene)
  })
  afterAll(() => scene.close())

  const files = (queue: string): string[] => {
    const directory = join(scene.directory, 'queue', queue)
    const names = readdirSync(directory, { recursive: true, withFileTypes: true })
    return names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
  }
  const theirs = (...args: string[]) => outputOf('postqueue', ['-c', postfixConf, ...args])
  const ours = (...args: string[]) => posthouse('-c', conf, 'postqueue', ...args)
  const oursAsNobody = (...args: string[]) =>
    outputOf(process.execPath, [COMMAND, '-c', conf, 'postqueue', ...args], {
      uid: NOBODY,
      gid: 0, // That of `public`.
    })

  it('F-85: -p is the same text: from our files, and from our showq service by either client', async () => {
    const expected = await theirs('-p')
    expect(expected).toMatchObject({ status: 0, stderr: '' })
    expect(expected.stdout).toContain('mailbox busy')
    expect(await ours('-p')).toEqual(expected)
    expect(await oursAsNobody('-p')).toEqual(expected)
  })

  it('F-86: -j is the same JSON', async () => {
    const expected = await theirs('-j')
    expect(expected.stdout.split('\n')).toHaveLength(4)
    expect(await ours('-j')).toEqual(expected)
    expect(await oursAsNobody('-j')).toEqual(expected)
  })

  it('mailq is a link to posthouse', async () => {
    const link = join(scene.directory, 'mailq')
    symlinkSync(COMMAND, link)
    process.env['MAIL_CONFIG'] = conf
    try {
      expect(await outputOf(process.execPath, [link])).toEqual(await theirs('-p'))
      expect(await outputOf(process.execPath, [link, 'extra'])).toEqual({
        stdout: '',
        stderr: 'mailq: fatal: display queue mode requires no recipient\n',
        status: 75,
      })
    } finally {
      delete process.env['MAIL_CONFIG']
    }
  })

  it('F-85: a reader that has seen enough ends it without a word', async () => {
    const script = '"$@" | head -1; echo $PIPESTATUS'
    const args = ['-c', script, '-', process.execPath, COMMAND, '-c', conf, 'postqueue', '-p']
    expect(await outputOf('bash', args)).toMatchObject({
      stdout: expect.stringMatching(/^-Queue ID-.*\n0\n$/),
      stderr: '',
    })
  })

  it('F-83: users are authorised by main.cf', async () => {
    const lists = 'authorized_mailq_users = !nobody, static:all\nauthorized_flush_users = root\n'
    const mainCf = join(conf, 'main.cf')
    appendFileSync(mainCf, lists)
    const denied = 'postqueue: fatal: User nobody(65534) is not allowed to'
    expect(await oursAsNobody('-p')).toEqual({
      stdout: '',
      stderr: `${denied} view the mail queue\n`,
      status: 69,
    })
    for (const args of [['-f'], ['-i', 'A1'], ['-s', 'example.net']]) {
      const { stderr, status } = await oursAsNobody(...args)
      expect([stderr, status]).toEqual([`${denied} flush the mail queue\n`, 69])
    }
    appendFileSync(mainCf, 'authorized_mailq_users = static:all\n')
    expect((await oursAsNobody('-p')).status).toBe(0)
  })

  it('F-84: with the system stopped, damage and all, each reads the queue by itself', async () => {
    await scene.posthouse.stop()
    const [active = '', other = ''] = files('deferred')
    renameSync(active, active.replace(/deferred\/.\//, 'active/'))
    chmodSync(other, 0o710)
    const log = join(scene.directory, 'queue/defer', basename(other)[0] ?? '', basename(other))
    appendFileSync(log, '\nno such line\nrecipient=late@example.net\nreason=a\tb\u00e9\u0007\n\n')
    appendFileSync(log, '\nrecipient=cut@example.net\nreason=not ended\n')
    // Postfix's showq gives up its privileges, and looks into all its queues.
    mkdirSync(join(scene.directory, 'queue/maildrop'), { recursive: true })
    await outputOf('chown', ['-R', 'postfix', join(scene.directory, 'queue')])
    for (const option of ['-p', '-j']) {
      const expected = await theirs(option)
      expect(expected.stderr).toContain('Mail system is down -- accessing queue directly')
      const { stdout, stderr, status } = await ours(option)
      expect(entries(stdout)).toEqual(entries(expected.stdout))
      expect([stderr.split('\n')[0], status]).toEqual([expected.stderr.split('\n')[0], 0])
      expect(stderr).toContain('malformed record: ')
    }
    expect((await ours('-p')).stdout).toMatch(/^[^-\s]+\*/m)
    const { stderr, ...flushed } = await theirs('-f')
    // Theirs says before why it thinks so.
    expect(await ours('-f')).toEqual({ ...flushed, stderr: stderr.replace(/.*warning: .*\n/, '') })
    expect(await oursAsNobody('-p')).toEqual({
      stdout: '',
      stderr:
        'postqueue: fatal: Queue report unavailable - mail system is down ' +
        '(Connect to the Postfix showq service: No such file or directory)\n',
      status: 69,
    })
  })
})

describe.runIf(installed)('flushing', { timeout: 90_000 }, () => {
  it.each([
    ['our', ({ directory }: Scene) => posthouse('-c', join(directory, 'conf'), 'postqueue', '-f')],
    ["Debian's", (scene: Scene) => outputOf('postqueue', ['-c', postfixConfFor(scene), '-f'])],
  ])('S-40: %s postqueue -f has everything tried', async (_, flush) => {
    const scene = await Scene.open({ parameters: { defer_transports: 'smtp' } })
    try {
      await deferOne(scene, 'r@example.net')
      const { stderr } = await flush(scene)
      // That of Debian wants to wake pickup, too, which this master.cf does not have.
      if (!/public\/pickup/.test(stderr)) expect(stderr).toBe('')
      await arrived(scene, ['r@example.net'])
    } finally {
      await scene.close()
    }
  })

  it.each<[string, (scene: Scene) => (...args: string[]) => Promise<Output>]>([
    [
      'our',
      ({ directory }) =>
        (...args) =>
          posthouse('-c', join(directory, 'conf'), 'postqueue', ...args),
    ],
    [
      'our, for a user who has to ask the flush service,',
      ({ directory }) =>
        (...args) =>
          outputOf(
            process.execPath,
            [COMMAND, '-c', join(directory, 'conf'), 'postqueue', ...args],
            { uid: NOBODY, gid: 0 },
          ),
    ],
    [
      "Debian's",
      (scene) => {
        const conf = postfixConfFor(scene)
        return (...args) => outputOf('postqueue', ['-c', conf, ...args])
      },
    ],
  ])('S-26: %s postqueue -i has one message tried, -s those of a site', async (_, commandFor) => {
    const scene = await Scene.open({
      parameters: {
        defer_transports: 'smtp, relay',
        relay_domains: 'two.example, three.example',
      },
    })
    try {
      chmodSync(scene.directory, 0o755)
      const conf = join(scene.directory, 'conf')
      const command = commandFor(scene)
      const id = await deferOne(scene, 'r@one.example')
      await deferOne(scene, 'r@two.example')
      await deferOne(scene, 'r@three.example')
      const done = { stdout: '', stderr: '', status: 0 }
      expect(await command('-i', id)).toEqual(done)
      await arrived(scene, ['r@one.example'])

      // A flushed site does not override defer_transports: what it does is to try now (S-40).
      appendFileSync(join(conf, 'main.cf'), 'defer_transports =\n')
      await posthouse('-c', conf, 'reload')
      await scene.posthouse.logged(/reload -- version/)
      expect(await command('-s', 'two.example')).toEqual(done)
      await arrived(scene, ['r@one.example', 'r@two.example'])
      await expect.poll(() => countQueueFiles(scene.directory)).toBe(1) // Removed after it arrives.
      expect(await command('-s', 'one.example')).toEqual({
        stdout: '',
        stderr: 'postqueue: fatal: Flush service is not configured for destination "one.example"\n',
        status: 69,
      })
    } finally {
      await scene.close()
    }
  })
})

describe.runIf(installed)('against a running Postfix', { timeout: 90_000 }, () => {
  it('our client understands its showq service', async () => {
    const postfix = await QueueingPostfix.start(
      { relayhost: '[127.0.0.1]:1', mydestination: '' },
      'showq unix n - n - - showq\nqmgr unix n - n 300 1 qmgr\nsmtp unix - - n - - smtp\n' +
        'flush unix n - n 1000 0 flush\ndefer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\n',
    )
    try {
      const conf = join(postfix.directory, 'conf')
      const submit = ['-f', 's@example.org', '-t', 'r@example.net', `127.0.0.1:${postfix.port}`]
      await outputOf('qmqp-source', submit)
      await until(
        () => /status=deferred/.test(postfix.logText()),
        () => postfix.logText(),
      )
      const { stdout: gid } = await outputOf('getent', ['group', 'postdrop'])
      const ids = { uid: NOBODY, gid: Number(gid.split(':')[2]) }
      for (const option of ['-p', '-j']) {
        const expected = await outputOf('postqueue', ['-c', conf, option])
        expect(expected.stdout).toContain('Connection refused')
        const args = [COMMAND, '-c', conf, 'postqueue', option]
        expect(await outputOf(process.execPath, args, ids)).toEqual(expected)
        expect(await outputOf(process.execPath, args)).toEqual(expected)
      }
    } finally {
      await postfix.stop()
    }
  })
})

/** A configuration directory with which Postfix's tools work on the queue of a scene. */
function postfixConfFor({ directory }: Scene): string {
  const conf = join(directory, 'postfix')
  mkdirSync(conf)
  writeFileSync(
    join(conf, 'main.cf'),
    `compatibility_level = 3.6\nqueue_directory = ${join(directory, 'queue')}\n` +
      `maillog_file = ${join(directory, 'postfix.log')}\nmaillog_file_prefixes = ${directory}\n` +
      'fast_flush_domains = two.example\n', // Its postqueue looks at that, too.
  )
  return conf
}

async function deferOne(scene: Scene, recipient: string): Promise<string> {
  const { text } = await scene.submit([recipient])
  const id = /queued as (\S+)/.exec(text)?.[1] ?? ''
  await scene.posthouse.logged(new RegExp(`${id}: .*status=deferred`))
  await until(
    () => countQueueFiles(scene.directory, ['incoming', 'active']) === 0,
    () => 'not moved to deferred',
  )
  return id
}

async function arrived(scene: Scene, recipients: readonly string[]): Promise<void> {
  const got = (): string[] => scene.arrivals.map(({ recipient }) => recipient)
  await until(
    () => got().length >= recipients.length,
    () => `${got()}\n${scene.posthouse.log.slice(-20).join('\n')}`,
  )
  expect(got()).toEqual(recipients)
}
