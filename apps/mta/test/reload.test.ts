import { once } from 'node:events'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type QmqpVerdict, submitMessage } from '@posthouse/qmqp-client'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { countQueueFiles } from '../harness/configuration.ts'
import { freePort, runCommand } from '../harness/posthouse.ts'
import { Scene } from '../harness/scene.ts'

const REQUEST = '56:18:Subject: hi\n\nbody\n,13:s@example.org,13:r@example.net,,'
const RELOADED = /master\[\d+\]: reload -- version \S+, configuration \S+$/
const REFUSED = /master\[\d+\]: error: reload: the old configuration stays in force$/

let scene: Scene
let conf: string
beforeEach(async () => {
  scene = await Scene.open()
  conf = join(scene.directory, 'conf')
})
afterEach(() => scene.close())

const reload = () => runCommand('-c', conf, 'reload')
const arrived = () => scene.arrivals.map(({ recipient }) => recipient).sort()
const countLogged = (pattern: RegExp) =>
  scene.posthouse.log.filter((line) => pattern.test(line)).length

function read(name: 'main.cf' | 'master.cf'): string {
  return readFileSync(join(conf, name), 'utf8')
}

/** Replaces a file as editors do: nobody ever reads half of it. */
function write(name: 'main.cf' | 'master.cf', text: string): void {
  writeFileSync(join(conf, `${name}.new`), text)
  renameSync(join(conf, `${name}.new`), join(conf, name))
}

async function hangUp(pattern: RegExp): Promise<void> {
  const before = countLogged(pattern)
  scene.posthouse.signal('SIGHUP')
  await scene.posthouse.waitFor(
    () => (countLogged(pattern) > before ? true : undefined),
    () => `no new line matched ${pattern}`,
  )
}

function submitTo(port: number, recipient: string): Promise<QmqpVerdict> {
  const content = Buffer.from('Subject: hi\n\nbody\n')
  const message = { sender: 's@example.org', recipients: [recipient], content }
  return submitMessage({ host: '127.0.0.1', port }, message)
}

/** A client that has said half of its request. */
async function halfway(port = scene.port): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const before = countLogged(/: client=/)
  socket.write(REQUEST.slice(0, 20))
  await scene.posthouse.waitFor(
    () => (countLogged(/: client=/) > before ? true : undefined),
    () => 'the client was not served',
  )
  return socket
}

async function finish(socket: Socket): Promise<string> {
  socket.write(REQUEST.slice(20))
  const [reply] = await once(socket, 'data')
  return String(reply)
}

it('G-81: ten reloads under load lose no message and refuse no client', async () => {
  const verdicts: QmqpVerdict[] = []
  let isDone = false
  let count = 0
  const client = async (): Promise<void> => {
    while (!isDone) {
      count += 1
      verdicts.push(await scene.submit([`${count}@example.net`]))
    }
  }
  const clients = Array.from({ length: 10 }, client)
  for (let turn = 1; turn <= 10; turn++) {
    // What makes sockets, servers and the queue manager anew, in turn.
    const concurrency = `default_destination_concurrency_limit = ${turn + 10}\n`
    write('main.cf', read('main.cf').replace(/default_dest.*\n|$/, turn % 2 ? concurrency : ''))
    await hangUp(RELOADED)
    await expect.poll(() => verdicts.length).toBeGreaterThan(20 * turn)
  }
  isDone = true
  await Promise.all(clients)
  expect(verdicts.filter(({ kind }) => kind !== 'accepted')).toEqual([])
  const expected = verdicts.map((_, at) => `${at + 1}@example.net`).sort()
  await expect.poll(() => scene.arrivals.length).toBe(expected.length)
  expect(scene.arrivals.map(({ recipient }) => recipient).sort()).toEqual(expected)
  await expect.poll(() => countQueueFiles(scene.directory)).toBe(0)
}, 90_000)

it('G-81: deliveries go on at once with new limits, whatever is still under way', async () => {
  const open: Socket[] = []
  const silent = createServer((socket) => open.push(socket))
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const before = read('main.cf')
  write('main.cf', `${before}relayhost = [127.0.0.1]:${port}\n`)
  await hangUp(RELOADED)
  await scene.submit(['stuck@example.net'])
  await expect.poll(() => open.length).toBe(1)

  write('main.cf', `${before}default_destination_concurrency_limit = 7\n`)
  await hangUp(RELOADED)
  await scene.submit(['quick@example.net'])
  await expect.poll(arrived).toEqual(['quick@example.net'])
  expect(countQueueFiles(scene.directory, ['active'])).toBe(1)
  for (const socket of open) socket.destroy()
  await expect.poll(() => countQueueFiles(scene.directory, ['active'])).toBe(0)
  await runCommand('-c', conf, 'flush')
  await expect.poll(arrived).toEqual(['quick@example.net', 'stuck@example.net'])
  silent.close()
})

it('G-38: a service of type unix takes mail, others are named in one warning each', async () => {
  const more = ['qmqp unix n', 'q unix-dgram n', 'q fifo n', 'q pass n'].map(
    (start) => `${start} - n - - qmqpd\n`,
  )
  write('master.cf', read('master.cf') + more.join(''))
  await hangUp(RELOADED)
  const skipped = scene.posthouse.log.filter((line) => line.includes('-- skipping service "q"'))
  expect(skipped.map((line) => /\((\S+)\)$/.exec(line)?.[1])).toEqual([
    'unix-dgram',
    'fifo',
    'pass',
  ])
  const content = Buffer.from('Subject: hi\n\nbody\n')
  const message = { sender: 's@example.org', recipients: ['r@example.net'], content }
  const path = join(scene.directory, 'queue/public/qmqp')
  expect(await submitMessage({ path }, message)).toMatchObject({ kind: 'accepted' })
})

it('G-81: a client in the middle of its request ends with the old configuration', async () => {
  const socket = await halfway()
  write('main.cf', read('main.cf').replace('clients = 127.0.0.1', 'clients = 127.0.0.9'))
  await hangUp(RELOADED)
  expect(await submitTo(scene.port, 'r@example.net')).toMatchObject({ kind: 'permanent' })
  expect(await finish(socket)).toMatch(/^\d+:KOk: queued as /)
  await expect.poll(() => scene.arrivals.length).toBe(1)
})

it('G-81: clients that wait for their turn are served, also when their port is gone', async () => {
  const [one, two] = [await freePort(), await freePort()]
  const services = (ports: readonly number[]) =>
    ports.map((port) => `127.0.0.1:${port} inet n - n - 1 qmqpd\n`).join('')
  const others = read('master.cf').replace(/^.*qmqpd\n/, '')
  write('master.cf', services([one, two]) + others)
  await hangUp(RELOADED)
  const first = await Promise.all([halfway(one), halfway(two)])
  const waiting = [submitTo(one, 'one@example.net'), submitTo(two, 'two@example.net')]
  await nextTurn()
  write('master.cf', services([one]) + others)
  await hangUp(RELOADED)
  for (const socket of first) expect(await finish(socket)).toMatch(/^\d+:KOk: queued as /)
  for (const verdict of waiting) expect(await verdict).toMatchObject({ kind: 'accepted' })
  await expect(submitTo(two, 'r@example.net')).resolves.toMatchObject({
    kind: 'temporary',
    text: expect.stringContaining('ECONNREFUSED'),
  })
})

it('G-45: services are added, changed and removed', async () => {
  const added = await freePort()
  const before = read('master.cf')
  const own = 'qmqpd -o qmqpd_authorized_clients=127.0.0.9'
  write('master.cf', `${before}127.0.0.1:${added} inet n - n - - ${own}\n`)
  expect(await reload()).toEqual({ status: 0, output: '' })
  await scene.posthouse.logged(RELOADED)
  expect(await submitTo(added, 'r@example.net')).toMatchObject({ kind: 'permanent' })
  expect(await submitTo(scene.port, 'r@example.net')).toMatchObject({ kind: 'accepted' })

  write('master.cf', `${before}127.0.0.1:${added} inet n - n - - qmqpd\n`.replace(/^.*\n/, ''))
  await hangUp(RELOADED)
  expect(await submitTo(added, 'r@example.net')).toMatchObject({ kind: 'accepted' })
  expect(await submitTo(scene.port, 'r@example.net')).toMatchObject({
    kind: 'temporary',
    text: expect.stringContaining('ECONNREFUSED'),
  })
})

it.each([
  ['main.cf', 'no equals sign', /main\.cf, line \d+: missing '=' after attribute name: "no eq/],
  ['main.cf', 'qmqpd_timeout = 5x', /parameter qmqpd_timeout: bad time value or unit: 5x/],
  ['main.cf', 'qmqpd_timeout = 5x', /main\.cf, line \d+: qmqpd_timeout = 5x: expected /],
  ['main.cf', 'myhostname = ${', /main\.cf, line \d+: myhostname = \$\{: expected /],
  ['main.cf', 'relay_domains = x, !', /relay_domains: no pattern after '!'/],
  ['main.cf', 'relay_domains = x, !', /main\.cf, line \d+: relay_domains = x, !: expected /],
  ['main.cf', 'smtp_tls_security_level = ever', /line \d+: smtp_tls_security_level = ever/],
  ['master.cf', 'smtp bogus - - n - - smtp', /master\.cf: line \d+: bad transport type: bogus/],
  ['master.cf', 'smtp unix - - n - - ', /master\.cf: line \d+: missing "command" field/],
  ['master.cf', '127.0.0.1:nosuch inet n - n - - qmqpd', /127\.0\.0\.1:nosuch: Servname not supp/],
  ['master.cf', 'no.such.host.invalid:1 inet n - n - - qmqpd', /bad hostname or network address/],
  ['master.cf', 'x unix - - n - - smtp -o smtp_helo_timeout=x', /smtp_helo_timeout = x: expected/],
] as const)('refuses a %s with "%s" at once, and the old one stays', async (name, line, reason) => {
  write(name, `${read(name)}${line}\n`)
  const result = await reload()
  expect([result.status, result.output]).toEqual([1, expect.stringMatching(reason)])
  expect(countLogged(/reload/)).toBe(0)

  await hangUp(REFUSED)
  expect(countLogged(reason)).toBeGreaterThan(0)
  await scene.submit(['r@example.net'])
  await expect.poll(() => scene.arrivals.length).toBe(1)
  expect(countLogged(RELOADED)).toBe(0)
})

it('refuses a port that somebody else has, and opens none of the others', async () => {
  const added = await freePort()
  const services = [added, scene.sinkPort].map((port) => `127.0.0.1:${port} inet n - n - - qmqpd\n`)
  write('master.cf', read('master.cf') + services.join(''))
  write('main.cf', `${read('main.cf')}qmqpd_authorized_clients = 127.0.0.9\n`)
  await hangUp(REFUSED)
  const place = `service 127.0.0.1:${scene.sinkPort}: cannot listen on 127.0.0.1:${scene.sinkPort}`
  expect(await scene.posthouse.logged(/error: reload: service/)).toContain(place)
  expect(await submitTo(scene.port, 'r@example.net')).toMatchObject({ kind: 'accepted' })
  expect(await submitTo(added, 'r@example.net')).toMatchObject({ kind: 'temporary' })
})

it('G-34: warns of what only a start can change, and keeps it', async () => {
  const queue = join(scene.directory, 'queue')
  const text = read('main.cf')
    .replace('inet_interfaces = 127.0.0.1', 'inet_interfaces = loopback-only')
    .replace(`queue_directory = ${queue}`, `queue_directory = ${queue}2`)
  write('main.cf', `${text}myhostname = new.example.com\nhash_queue_depth = 2\n`)
  await hangUp(RELOADED)
  const warnings = scene.posthouse.log.flatMap((line) => /master.*: warning: (.*)/.exec(line) ?? [])
  const changes = [
    ['hash_queue_depth', '1', '2'],
    ['inet_interfaces', '127.0.0.1', 'loopback-only'],
    ['queue_directory', queue, `${queue}2`],
  ]
  const expected = changes.flatMap(([name, old, value]) => [
    `ignoring ${name} parameter value change`,
    `old value: "${old}", new value: "${value}"`,
    `to change ${name}, stop and start Postfix`,
  ])
  expect(warnings).toEqual(expect.arrayContaining(expected))
  await scene.submit(['r@example.net'])
  await expect.poll(() => scene.arrivals.length).toBe(1)
  expect(String(scene.arrivals[0]?.content)).toContain('by new.example.com (Postfix)')
})

it('many reloads at once come to few, and the last state of the files counts', async () => {
  for (let turn = 1; turn <= 20; turn++) {
    write('main.cf', `${read('main.cf')}myhostname = host${turn}.example.com\n`)
    scene.posthouse.signal('SIGHUP')
  }
  await expect
    .poll(async () => {
      await scene.submit(['r@example.net'])
      return String(scene.arrivals.at(-1)?.content)
    })
    .toContain('by host20.example.com')
  expect(countLogged(RELOADED)).toBeLessThan(20)
  expect(countLogged(/error/)).toBe(0)
})

it('ends in good order when it is told to in the middle of a reload', async () => {
  const socket = await halfway()
  write('main.cf', `${read('main.cf')}default_destination_concurrency_limit = 7\n`)
  scene.posthouse.signal('SIGHUP')
  scene.posthouse.signal('SIGTERM')
  expect(await finish(socket)).toMatch(/^\d+:KOk: queued as /)
  expect(await scene.posthouse.exited()).toBe(0)
  expect(countLogged(/error|fatal/)).toBe(0)
  await scene.restart()
  await expect.poll(() => scene.arrivals.length).toBe(1)
  await expect.poll(() => countQueueFiles(scene.directory)).toBe(0)
})

it('a session of a configuration long gone ends before the program does', async () => {
  const socket = await halfway()
  await hangUp(RELOADED)
  await hangUp(RELOADED)
  scene.posthouse.signal('SIGTERM')
  await scene.posthouse.logged(/terminating on signal 15/)
  expect(await finish(socket)).toMatch(/^\d+:KOk: queued as /)
  expect(await scene.posthouse.exited()).toBe(0)
})

it('stop and status work with files that are broken', async () => {
  write('main.cf', `${read('main.cf')}max_idle = 10q\n`)
  write('master.cf', 'smtp\n')
  expect(await runCommand('-c', conf, 'status')).toMatchObject({ status: 0 })
  expect(await runCommand('-c', conf, 'stop')).toMatchObject({ status: 0 })
})
