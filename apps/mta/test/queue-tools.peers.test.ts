import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { countQueueFiles } from '../harness/configuration.ts'
import { peersInstalled } from '../harness/peers.ts'
import { freePort } from '../harness/posthouse.ts'
import { Scene } from '../harness/scene.ts'
import { systemAccounts } from '../src/system-accounts.ts'
import { run } from './postconf-run.ts'
import { RandomQueue } from './random-queue.ts'

const BIN = join(import.meta.dirname, '../bin/posthouse.js')
const FILES = join(import.meta.dirname, '../../../packages/postcat/vectors/queue-files.json')
const installed = peersInstalled('postcat', 'postsuper')

const ours = (tool: string) => [process.execPath, BIN, tool]

function mainCf(queue: string, parameters: Readonly<Record<string, string>>): string {
  const all = {
    compatibility_level: '3.6',
    queue_directory: queue,
    data_directory: queue,
    setgid_group: 'postdrop',
    mail_owner: 'postfix',
    inet_interfaces: '127.0.0.1',
    ...parameters,
  }
  return Object.entries(all)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('')
}

describe.runIf(installed)("F-88: posthouse postcat beside Debian's", () => {
  let root: string
  let names: string[]
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'posthouse-postcat-'))
    const files: Record<string, string> = JSON.parse(readFileSync(FILES, 'utf8'))
    // Of what is damaged, recorded runs tell: one such file would end the run for all.
    names = Object.keys(files).filter((name) => !/^corrupt|^incoming-in/.test(name))
    for (const name of names) writeFileSync(join(root, name), Buffer.from(files[name]!, 'base64'))
    mkdirSync(join(root, 'hold'))
    writeFileSync(join(root, 'hold/00001A'), Buffer.from(files[names[0]!]!, 'base64'))
    writeFileSync(join(root, 'main.cf'), mainCf(root, {}))
    writeFileSync(join(root, 'master.cf'), '')
  })
  afterAll(() => rmSync(root, { recursive: true }))

  it.each(
    [
      [''],
      ...['-o', '-d', '-v', '-b', '-h', '-e', '-bh', '-be', '-eh', '-do', '-ov', '-ob', '-vh'],
      ...['-vbd', '-s 97', '-s 97 -b', '-s 0 -h'],
    ].map((options) => String(options).split(' ')),
  )('postcat %s %s %s', async (...options) => {
    const args = ['-c', root, ...options.filter((option) => option !== ''), ...names]
    const theirs = await run(root, ['postcat', ...args], { TZ: 'Europe/Berlin' })
    const outcome = await run(root, [...ours('postcat'), ...args], { TZ: 'Europe/Berlin' })
    expect(outcome.stdout).toBe(theirs.stdout)
    expect(theirs.stdout.length).toBeGreaterThan(1000)
    expect(outcome.status).toBe(theirs.status)
    const chatter = /^postcat: (name_mask|inet_addr_local|mynetworks|dict_).*\n/gm
    expect(outcome.stderr).toBe(theirs.stderr.replace(chatter, ''))
  })

  it.each([
    [['-q', '00001A']],
    [['-bq', '00001A']],
    [['-q', '00002B']],
    [['-q', 'bad/id']],
    [['-s', 'x']],
    [['-x']],
    [['nosuchfile']],
    [['-c', '/nonexistent']],
  ])('postcat %j', async (options) => {
    const args = ['-c', root, ...options]
    const theirs = await run(root, ['postcat', ...args])
    expect(await run(root, [...ours('postcat'), ...args])).toEqual(theirs)
  })
})

describe.runIf(installed)("F-24, F-87: posthouse postsuper beside Debian's", () => {
  let root: string
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'posthouse-postsuper-'))
    chmodSync(root, 0o755) // They work as another user.
  })
  afterAll(() => rmSync(root, { recursive: true }))

  type Arguments = (ids: readonly string[]) => readonly string[]
  const HASHED = { hash_queue_names: 'deferred, defer, hold', hash_queue_depth: '2' }
  const LONG = { enable_long_queue_ids: 'yes' }
  const each = (letter: string) => (id: string) => [letter, id]
  const single: Arguments = (ids) => [
    ...ids.slice(0, 4).flatMap(each('-d')),
    ...ids.slice(4, 10).flatMap(each('-h')),
    ...ids.slice(8, 14).flatMap(each('-H')),
    ...ids.slice(12, 18).flatMap(each('-r')),
    ...ids.slice(16, 22).flatMap(each('-e')),
    ...ids.slice(18, 26).flatMap(each('-f')),
    ...['-d', 'bad/id', '-h', 'nosuch'],
  ]

  it.each<[seed: number, parameters: Readonly<Record<string, string>>, args: Arguments]>([
    [1, {}, () => []],
    [2, {}, () => ['-s']],
    [3, {}, () => ['-p']],
    [4, LONG, () => []],
    [5, LONG, () => ['-S']],
    [6, HASHED, () => ['-s']],
    [7, { ...HASHED, ...LONG }, () => ['-S', '-p']],
    [8, LONG, () => ['-h', 'ALL']],
    [9, LONG, () => ['-r', 'ALL']],
    [10, LONG, () => ['-e', 'ALL', '-f', 'ALL']],
    [11, LONG, () => ['-H', 'ALL']],
    [12, LONG, () => ['-d', 'ALL', 'deferred', 'defer', 'trace']],
    [13, LONG, () => ['-d', 'ALL']],
    [14, LONG, single],
    [15, { ...LONG, ...HASHED }, single],
    [16, LONG, (ids) => ['-s', '-d', ids[0] ?? '', '-h', 'ALL']],
    [17, {}, (ids) => ['-s', '-d', ids[0] ?? '']],
    [18, LONG, () => ['-s', 'trace', 'defer', 'hold', 'deferred']],
  ])('a queue of chance, seed %i, %j, postsuper %s', async (seed, parameters, args) => {
    const results = []
    const user = systemAccounts().userByName('postfix')
    const owner = { userId: user?.userId ?? 0, groupId: user?.groupId ?? 0 }
    for (const [name, tool] of [
      ['theirs', ['postsuper']],
      ['ours', ours('postsuper')],
    ] as const) {
      const queue = join(root, `${seed}-${name}`)
      const repairs = args([]).length === 0 || args([]).some((arg) => /^-[sS]/.test(arg))
      const random = new RandomQueue(queue, seed, repairs, owner)
      const conf = join(root, `${seed}-${name}-conf`)
      mkdirSync(conf)
      writeFileSync(join(conf, 'main.cf'), mainCf(queue, parameters))
      writeFileSync(join(conf, 'master.cf'), '')
      const before = random.listing()
      const { status, stderr } = await run(root, [...tool, '-c', conf, ...args(random.ids)])
      results.push({ before, status, said: random.normalized(stderr), after: random.listing() })
    }
    const [theirs, own] = results
    expect(own).toEqual(theirs)
    expect(own?.after).not.toEqual(own?.before)
  })

  it('F-82: what postsuper says is in the log, too', async () => {
    const user = systemAccounts().userByName('postfix')
    const owner = { userId: user?.userId ?? 0, groupId: user?.groupId ?? 0 }
    const { ids } = new RandomQueue(join(root, 'logged'), 20, false, owner)
    const conf = join(root, 'logged-conf')
    const log = join(root, 'logged/log')
    mkdirSync(conf)
    const parameters = { maillog_file: log, maillog_file_prefixes: root }
    writeFileSync(join(conf, 'main.cf'), mainCf(join(root, 'logged'), parameters))
    writeFileSync(join(conf, 'master.cf'), '')
    const args = ['-c', conf, ...ids.flatMap((id) => ['-d', id]), '-d', 'bad/id']
    const { stderr } = await run(root, [...ours('postsuper'), ...args])
    const logged = readFileSync(log, 'latin1').replace(/^.*?postfix\/(postsuper)\[\d+\]/gm, '$1')
    expect(logged).toBe(stderr)
    expect(stderr).toMatch(/: removed\n(.*\n)*.*warning: invalid mail queue id: bad\/id\n/)
  })
})

describe.runIf(installed)('F-87: postsuper beside a running posthouse', () => {
  const scenes: Scene[] = []
  afterEach(async () => {
    for (const scene of scenes.splice(0)) await scene.close()
  })

  // The test configuration has no mail_owner, which Postfix's tools ask for.
  async function deferred(): Promise<{ scene: Scene; id: string; port: number }> {
    const port = await freePort()
    const scene = await Scene.open({
      parameters: {
        ...{ relayhost: `[127.0.0.1]:${port}`, queue_run_delay: '2s' },
        ...{ minimal_backoff_time: '1s', maximal_backoff_time: '1s' },
      },
    })
    scenes.push(scene)
    const { text } = await scene.submit(['r@example.net'])
    await expect.poll(() => countQueueFiles(scene.directory, ['deferred'])).toBe(1)
    return { scene, id: /queued as (\S+)/.exec(text)?.[1] ?? '', port }
  }
  const postsuper = (scene: Scene, ...args: string[]) =>
    run(scene.directory, [...ours('postsuper'), '-c', join(scene.directory, 'conf'), ...args])

  it('held mail stays; released, it flows by itself', async () => {
    const { scene, id, port } = await deferred()
    // It may be on its way back from an attempt.
    await expect.poll(() => postsuper(scene, '-h', id).then(({ stderr }) => stderr)).toMatch(/: 1 /)
    await scene.destination.close()
    await scene.destination.listen(port)
    await new Promise((resolve) => setTimeout(resolve, 3000))
    expect(countQueueFiles(scene.directory, ['hold'])).toBe(1)
    expect(scene.arrivals).toEqual([])
    expect((await postsuper(scene, '-H', id)).stderr).toContain('Released from hold: 1 message')
    await expect.poll(() => scene.arrivals.length).toBe(1)
    await expect.poll(() => countQueueFiles(scene.directory)).toBe(0)
  }, 60_000)

  it('deleted mail is gone, with its logs', async () => {
    const { scene, id } = await deferred()
    await expect.poll(() => postsuper(scene, '-d', id).then(({ stderr }) => stderr)).toMatch(/: 1 /)
    expect(countQueueFiles(scene.directory)).toBe(0)
    expect(scene.posthouse.log.join('\n')).not.toMatch(/warning|error|fatal/)
  }, 60_000)
})
