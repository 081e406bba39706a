import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type QmqpVerdict, submitMessage } from '@posthouse/qmqp-client'
import { afterEach, expect, it } from 'vitest'

import { countQueueFiles } from '../harness/configuration.ts'
import { runCommand } from '../harness/posthouse.ts'
import { Scene, type SceneOptions } from '../harness/scene.ts'
import { SocketmapServer } from '../harness/socketmap.ts'

const NOT_FOUND = () => 'NOTFOUND '
const SILENCE = () => undefined

let scene: Scene
let server: SocketmapServer | undefined
afterEach(async () => {
  await scene.close()
  server?.close()
  server = undefined
})

async function openScene(parameters: SceneOptions['parameters'] = {}): Promise<string> {
  scene = await Scene.open({ parameters })
  return join(scene.directory, 'conf')
}

async function silentServer(): Promise<SocketmapServer> {
  server = await SocketmapServer.listen(SILENCE)
  return server
}

function submitFrom(localAddress: string): Promise<QmqpVerdict> {
  const message = {
    sender: 's@example.org',
    recipients: ['r@quick.test'],
    content: Buffer.from('Subject: hi\n\nbody\n'),
  }
  const address = { host: '127.0.0.1', port: scene.port, localAddress }
  return submitMessage(address, message)
}

const arrived = () => scene.arrivals.map(({ recipient }) => recipient).sort()
const flush = (conf: string) => runCommand('-c', conf, 'flush')

function changeMainCf(conf: string, change: (text: string) => string): void {
  const mainCf = join(conf, 'main.cf')
  // As editors do: nobody ever reads half of it.
  writeFileSync(`${mainCf}.new`, change(readFileSync(mainCf, 'utf8')))
  renameSync(`${mainCf}.new`, mainCf)
}

it.each(['relay_domains', 'virtual_alias_domains'])(
  'G-65: a table that never answers in %s holds up nothing that is decided before it',
  async (parameter) => {
    const { table } = await silentServer()
    await openScene({ [parameter]: `!quick.test, ${table}` })
    await scene.submit(['slow@slow.test'])
    await expect.poll(() => server?.asked).toEqual(['slow.test'])
    for (let at = 0; at < 5; at++) await scene.submit([`${at}@quick.test`])
    await expect.poll(arrived).toEqual([0, 1, 2, 3, 4].map((at) => `${at}@quick.test`))
    expect(server?.asked).toEqual(['slow.test'])

    server?.answer(NOT_FOUND)
    await expect.poll(arrived).toContain('slow@slow.test')
    await expect.poll(() => countQueueFiles(scene.directory)).toBe(0)
  },
)

it('G-65: what a table finds decides', async () => {
  server = await SocketmapServer.listen((key) => (key === 'alias.test' ? 'OK yes' : 'NOTFOUND '))
  await openScene({ virtual_alias_domains: server.table })
  await scene.submit(['r@alias.test', 'r@other.test'])
  const line = await scene.posthouse.logged(/to=<r@alias\.test>/)
  expect(line).toContain('User unknown in virtual alias table')
  await expect.poll(arrived).toEqual(['r@other.test'])
})

it('G-65: mail waits in the queue while a table fails, and goes when it answers', async () => {
  const { table } = await silentServer()
  const conf = await openScene({ relay_domains: table })
  server?.answer(() => 'TEMP database is down')
  const reply = await scene.submit(['r@slow.test'])
  expect(reply.kind).toBe('accepted')
  const line = await scene.posthouse.logged(/to=<r@slow\.test>/)
  expect(line).toContain('dsn=4.3.0, status=deferred (address resolver failure)')
  const warnings = scene.posthouse.log.filter((text) => text.includes('trivial-rewrite'))
  expect(warnings.map((text) => /warning: .*/.exec(text)?.[0])).toEqual([
    `warning: ${table} socketmap server temporary error: database is down`,
    `warning: relay_domains: ${table}: table lookup problem`,
    'warning: relay_domains lookup failure',
  ])
  await expect.poll(() => countQueueFiles(scene.directory, ['deferred'])).toBe(1)
  server?.answer(NOT_FOUND)
  await flush(conf)
  await expect.poll(arrived).toEqual(['r@slow.test'])
  await expect.poll(() => countQueueFiles(scene.directory)).toBe(0)
})

it('G-64: 1000 lookups wait, those beyond fail at once, and mail goes on', async () => {
  const { table } = await silentServer()
  const conf = await openScene({ relay_domains: `!quick.test, ${table}` })
  const recipients = Array.from({ length: 1100 }, (_, at) => `r@slow${at}.test`)
  await scene.submit(recipients)
  await scene.posthouse.logged(/warning: .*more than 1000 lookups are waiting/)
  await expect.poll(() => server?.asked.length).toBe(10)
  await scene.submit(['r@quick.test'])
  await expect.poll(arrived).toEqual(['r@quick.test'])

  server?.answer(NOT_FOUND)
  await expect.poll(() => scene.arrivals.length).toBe(1011)
  await expect.poll(() => countQueueFiles(scene.directory, ['active'])).toBe(0)
  await flush(conf)
  await expect.poll(arrived).toEqual([...recipients, 'r@quick.test'].sort())
  await expect.poll(() => countQueueFiles(scene.directory)).toBe(0)
}, 60_000)

it('Q-309: a client that is listed before a table does not wait for it', async () => {
  const { table } = await silentServer()
  await openScene({ qmqpd_authorized_clients: `127.0.0.1, ${table}` })
  const waiting = submitFrom('127.0.0.2')
  await expect.poll(() => server?.asked.length).toBe(1)
  expect(await submitFrom('127.0.0.1')).toMatchObject({ kind: 'accepted' })
  server?.answer((key) => (key === '127.0.0.2' ? 'OK yes' : 'NOTFOUND '))
  expect(await waiting).toMatchObject({ kind: 'accepted' })
  expect(await submitFrom('127.0.0.3')).toMatchObject({
    kind: 'permanent',
    text: expect.stringContaining('is not authorized to use this service'),
  })
})

it('Q-309: clients that wait for a table take no turn of those that are listed', async () => {
  const { table } = await silentServer()
  const conf = await openScene({ qmqpd_authorized_clients: `127.0.0.1, ${table}` })
  const masterCf = join(conf, 'master.cf')
  writeFileSync(masterCf, readFileSync(masterCf, 'utf8').replace(/- qmqpd/, '2 qmqpd'))
  scene.posthouse.signal('SIGHUP')
  await scene.posthouse.logged(/: reload -- version/)
  const waiting = Array.from({ length: 5 }, () => submitFrom('127.0.0.2'))
  await expect.poll(() => server?.asked.length).toBe(5)
  expect(await submitFrom('127.0.0.1')).toMatchObject({ kind: 'accepted' })
  server?.answer(() => 'OK yes')
  const verdicts = await Promise.all(waiting)
  expect(verdicts.map(({ kind }) => kind)).toEqual(Array(5).fill('accepted'))
})

it('Q-306: a client whose table fails is told to come again', async () => {
  await openScene({ qmqpd_authorized_clients: '127.0.0.1, fail:x', qmqpd_error_delay: '0' })
  expect(await submitFrom('127.0.0.2')).toEqual({
    kind: 'temporary',
    text: 'Error: server configuration error',
  })
  await scene.posthouse.logged(/warning: qmqpd_authorized_clients: fail:x: table lookup problem$/)
  expect(await submitFrom('127.0.0.1')).toMatchObject({ kind: 'accepted' })
})

it.each([
  ['a reload', (text: string) => text],
  ['a reload that changes the queue manager', (text: string) => `${text}queue_run_delay = 200s\n`],
])('G-81: mail that waits for a dead table is asked again after %s', async (_, change) => {
  const { table } = await silentServer()
  const conf = await openScene({ relay_domains: table })
  await scene.submit(['r@slow.test'])
  await expect.poll(() => server?.asked.length).toBe(1)
  changeMainCf(conf, (text) => change(text.replace(table, '')))
  scene.posthouse.signal('SIGHUP')
  await expect.poll(arrived).toEqual(['r@slow.test'])
  await expect.poll(() => countQueueFiles(scene.directory)).toBe(0)
  expect(scene.posthouse.log.filter((line) => line.includes('deferred'))).toEqual([])
})

it('SIGTERM does not wait for a dead table, and the next start asks again', async () => {
  const { table } = await silentServer()
  await openScene({ relay_domains: table })
  await scene.submit(['r@slow.test'])
  await expect.poll(() => server?.asked.length).toBe(1)
  expect(await scene.posthouse.stop()).toBe(0)
  expect(scene.posthouse.log.filter((line) => /still waiting|deferred/.test(line))).toEqual([])
  server?.answer(NOT_FOUND)
  await scene.restart()
  await expect.poll(arrived).toEqual(['r@slow.test'])
})

it('G-52: a table whose file changes is opened again', async () => {
  const conf = await openScene({ qmqpd_error_delay: '0' })
  await scene.posthouse.stop()
  const file = join(scene.directory, 'clients')
  writeFileSync(file, '127.0.0.1 ok\n')
  changeMainCf(conf, (text) => `${text}qmqpd_authorized_clients = texthash:${file}\n`)
  await scene.restart()
  expect(await submitFrom('127.0.0.2')).toMatchObject({ kind: 'permanent' })
  writeFileSync(file, '127.0.0.2 ok\n')
  const line = await scene.posthouse.logged(/ has changed -- restarting$/)
  expect(line).toContain(`postfix/qmqpd`)
  expect(line).toContain(`: table texthash:${file} has changed -- restarting`)
  expect(await submitFrom('127.0.0.2')).toMatchObject({ kind: 'accepted' })
  expect(await submitFrom('127.0.0.1')).toMatchObject({ kind: 'permanent' })
}, 60_000)

it('G-52: a table that may not be missing goes on as it was until there is another', async () => {
  const conf = await openScene()
  await scene.posthouse.stop()
  const file = join(scene.directory, 'clients')
  writeFileSync(file, '127.0.0.2 ok\n')
  const lines = `qmqpd_authorized_clients = texthash:${file}\nqmqpd_error_delay = 0\n`
  changeMainCf(conf, (text) => `${text}${lines}daemon_table_open_error_is_fatal = yes\n`)
  await scene.restart()
  rmSync(file)
  await scene.posthouse.logged(/error: open database \S+: No such file or directory$/)
  expect(await submitFrom('127.0.0.2')).toMatchObject({ kind: 'accepted' })
  writeFileSync(file, '127.0.0.3 ok\n')
  await scene.posthouse.logged(/ has changed -- restarting$/)
  expect(await submitFrom('127.0.0.2')).toMatchObject({ kind: 'permanent' })
  expect(await submitFrom('127.0.0.3')).toMatchObject({ kind: 'accepted' })
}, 60_000)

it('G-51: mail waits for a table that is missing, until there is one', async () => {
  const conf = await openScene()
  await scene.posthouse.stop()
  const file = join(scene.directory, 'domains')
  const list = `!quick.test, texthash:${file}`
  changeMainCf(conf, (text) => `${text}relay_domains = ${list}\n`)
  const check = await runCommand('-c', conf, 'check')
  const reason = `open database ${file}: No such file or directory`
  expect([check.status, check.output]).toEqual([0, expect.stringContaining(`error: ${reason}`)])

  await scene.restart()
  expect(scene.posthouse.log.filter((line) => line.includes(`error: ${reason}`))).toHaveLength(1)
  await scene.submit(['r@slow.test'])
  await scene.submit(['r@quick.test'])
  await scene.posthouse.logged(/warning: texthash:\S+ is unavailable\. open database /)
  await scene.posthouse.logged(/to=<r@slow\.test>.*status=deferred \(address resolver failure\)/)
  await expect.poll(arrived).toEqual(['r@quick.test'])
  writeFileSync(file, 'slow.test ok\n')
  await scene.posthouse.logged(/ has changed -- restarting$/)
  await flush(conf)
  await expect.poll(arrived).toEqual(['r@quick.test', 'r@slow.test'])
}, 60_000)

it('G-51: daemon_table_open_error_is_fatal refuses the start and the reload', async () => {
  const conf = await openScene()
  const file = join(scene.directory, 'domains')
  changeMainCf(conf, (text) => {
    return `${text}daemon_table_open_error_is_fatal = yes\nrelay_domains = texthash:${file}\n`
  })
  const reason = `open database ${file}: No such file or directory`
  const reload = await runCommand('-c', conf, 'reload')
  expect([reload.status, reload.output]).toEqual([1, expect.stringContaining(`fatal: ${reason}`)])
  expect(reload.output).toMatch(/main\.cf, line \d+: relay_domains = texthash:/)
  scene.posthouse.signal('SIGHUP')
  await scene.posthouse.logged(/error: reload: open database /)
  await scene.submit(['r@quick.test'])
  await expect.poll(arrived).toEqual(['r@quick.test'])

  await scene.posthouse.stop()
  const start = await runCommand('-c', conf, 'start-fg')
  expect([start.status, start.output]).toEqual([1, expect.stringContaining(`fatal: ${reason}`)])
})

it('G-33: the resolver heeds the -o of its own line', async () => {
  const masterCf = (port: number) => `\
127.0.0.1:${port} inet n - n - - qmqpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite -o virtual_alias_domains=inline:{alias.test=x}
bounce unix - - n - 0 bounce
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
`
  scene = await Scene.open({ masterCf })
  await scene.submit(['r@alias.test'])
  const line = await scene.posthouse.logged(/to=<r@alias\.test>/)
  expect(line).toContain('User unknown in virtual alias table')
})

it('G-143: mail for the address of a proxy is mail for this host', async () => {
  await openScene({ proxy_interfaces: '192.0.2.7' })
  await scene.submit(['r@[192.0.2.7]'])
  const line = await scene.posthouse.logged(/to=<r@\[192\.0\.2\.7\]>/)
  expect(line).toContain('status=bounced (mail for this host is not delivered here')
  expect(scene.arrivals).toEqual([])
})
