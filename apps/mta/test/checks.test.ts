import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { submitMessage } from '@posthouse/qmqp-client'
import { afterEach, expect, it } from 'vitest'

import { countQueueFiles, masterCfFor } from '../harness/configuration.ts'
import { type Arrival, Destination } from '../harness/destination.ts'
import { freePort, runCommand } from '../harness/posthouse.ts'
import { Scene, type SceneOptions } from '../harness/scene.ts'
import { SocketmapServer } from '../harness/socketmap.ts'

let scene: Scene
const closing: (() => unknown)[] = []
afterEach(async () => {
  await scene.close()
  for (const close of closing.splice(0)) await close()
})

async function openScene(options: SceneOptions): Promise<void> {
  scene = await Scene.open(options)
}

const ACTIONS = {
  hold: 'HOLD for a look',
  discard: 'DISCARD',
  reject: 'REJECT go away',
  redirect: 'REDIRECT boss@e.test',
  bcc: 'BCC c@e.test',
  filter: 'FILTER scan:[127.0.0.1]:PORT',
}
const RULES = Object.entries(ACTIONS).map(([name, action]) => `{ /^X-Act: ${name}/ ${action} }`)
const HEADER_CHECKS = `regexp:{ ${RULES.join(', ')} }`

const textWith = (action: string) => `X-Act: ${action}\nSubject: hi\n\nbody\n`
const arrived = () => scene.arrivals.map(({ recipient }) => recipient).sort()
const conf = () => join(scene.directory, 'conf')
const held = () => countQueueFiles(scene.directory, ['hold'])

it('Q-543: HOLD keeps mail in the hold queue, a flush and a restart notwithstanding', async () => {
  await openScene({ parameters: { header_checks: HEADER_CHECKS } })
  expect(await scene.submit(['a@e.test'], textWith('hold'))).toMatchObject({ kind: 'accepted' })
  expect(held()).toBe(1)
  expect(await runCommand('-c', conf(), 'flush')).toMatchObject({ status: 0 })
  await scene.submit(['b@e.test'])
  await expect.poll(arrived).toEqual(['b@e.test'])
  await expect.poll(() => countQueueFiles(scene.directory)).toBe(1) // Else it may come again.
  await scene.posthouse.kill()
  await scene.restart()
  await scene.submit(['c@e.test'])
  await expect.poll(arrived).toEqual(['b@e.test', 'c@e.test'])
  await expect.poll(() => countQueueFiles(scene.directory)).toBe(1)
  expect(held()).toBe(1)
}, 30_000)

it('Q-543: DISCARD tells the client that all is well, and leaves nothing', async () => {
  await openScene({ parameters: { header_checks: HEADER_CHECKS } })
  const verdict = await scene.submit(['a@e.test'], textWith('discard'))
  expect(verdict).toMatchObject({ kind: 'accepted', text: expect.stringMatching(/^Ok: queued as/) })
  expect(countQueueFiles(scene.directory)).toBe(0)
  await scene.submit(['b@e.test'])
  await expect.poll(arrived).toEqual(['b@e.test'])
}, 30_000)

it('Q-543, S-21: REDIRECT takes the place of all recipients, BCC is one more', async () => {
  await openScene({ parameters: { header_checks: HEADER_CHECKS } })
  await scene.submit(['a@e.test', 'b@e.test'], textWith('redirect'))
  await expect.poll(arrived).toEqual(['boss@e.test'])
  await scene.submit(['a@e.test'], textWith('bcc'))
  await expect.poll(arrived).toEqual(['a@e.test', 'boss@e.test', 'c@e.test'])
  await expect.poll(() => countQueueFiles(scene.directory)).toBe(0)
}, 30_000)

it('Q-346, S-22: FILTER beats content_filter; the service for results has neither', async () => {
  const [filter, other] = [await listening(), await listening()]
  const plainPort = await freePort()
  await openScene({
    parameters: {
      header_checks: HEADER_CHECKS.replace('PORT', String(filter.port)),
      content_filter: `scan:[127.0.0.1]:${other.port}`,
    },
    masterCf: (port) => `${masterCfFor(port)}\
scan unix - - n - 2 smtp
127.0.0.1:${plainPort} inet n - n - - qmqpd
  -o content_filter=
  -o receive_override_options=no_header_body_checks,no_unknown_recipient_checks
`,
  })
  await scene.submit(['a@e.test'], textWith('filter'))
  await expect.poll(() => filter.recipients()).toEqual(['a@e.test'])
  await scene.submit(['b@e.test'], textWith('none'))
  await expect.poll(() => other.recipients()).toEqual(['b@e.test'])
  const content = Buffer.from(textWith('filter'))
  const message = { sender: 's@e.test', recipients: ['a@e.test'], content }
  await submitMessage({ host: '127.0.0.1', port: plainPort }, message)
  await expect.poll(arrived).toEqual(['a@e.test'])
  expect([...filter.recipients(), ...other.recipients()]).toEqual(['a@e.test', 'b@e.test'])
}, 30_000)

it('Q-548: a table that cannot answer makes that client come again, and no other', async () => {
  const server = await SocketmapServer.listen((key) => (key === 'wait' ? undefined : 'NOTFOUND '))
  closing.push(() => server.close())
  await openScene({ parameters: { body_checks: server.table, qmqpd_error_delay: '0' } })
  const waiting = scene.submit(['a@e.test'], 'Subject: x\n\nwait\n')
  await expect.poll(() => server.asked).toEqual(['wait'])
  await scene.submit(['b@e.test'], 'Subject: x\n\nbody\n')
  await expect.poll(arrived).toEqual(['b@e.test'])
  server.answer(() => 'TEMP later')
  expect(await waiting).toMatchObject({
    kind: 'temporary',
    text: 'Error: queue file write error',
  })
  await scene.posthouse.logged(/: body_checks map lookup problem -- message not accepted, try ag/)
  expect(countQueueFiles(scene.directory)).toBe(0)
}, 30_000)

it('Q-352: with soft_bounce what is refused for good may come again', async () => {
  const parameters = { header_checks: HEADER_CHECKS, soft_bounce: 'yes', qmqpd_error_delay: '0' }
  await openScene({ parameters })
  expect(await scene.submit(['a@e.test'], textWith('reject'))).toMatchObject({
    kind: 'temporary',
    text: 'Error: 5.7.1 go away',
  })
}, 30_000)

it('G-52, G-81: a reload has the table as it is now', async () => {
  await openScene({ parameters: { qmqpd_error_delay: '0' } })
  await scene.posthouse.stop()
  const file = join(scene.directory, 'checks')
  const rejecting = (word: string) => writeFileSync(file, `/^Subject: ${word}/ REJECT no ${word}\n`)
  rejecting('one')
  const mainCf = join(conf(), 'main.cf')
  writeFileSync(mainCf, `header_checks = regexp:${file}\n`, { flag: 'a' })
  await scene.restart()
  const verdictOn = async (word: string) =>
    (await scene.submit(['a@e.test'], `Subject: ${word}\n\nbody\n`)).kind
  expect([await verdictOn('one'), await verdictOn('two')]).toEqual(['permanent', 'accepted'])
  rejecting('two')
  expect(await runCommand('-c', conf(), 'reload')).toMatchObject({ status: 0 })
  await scene.posthouse.logged(/reload -- version/)
  expect([await verdictOn('one'), await verdictOn('two')]).toEqual(['accepted', 'permanent'])
}, 30_000)

/** Another destination. */
async function listening(): Promise<{ port: number; recipients: () => string[] }> {
  const arrivals: Arrival[] = []
  const destination = new Destination((arrival) => arrivals.push(arrival))
  closing.push(() => destination.close())
  const port = await destination.listen()
  return { port, recipients: () => arrivals.map(({ recipient }) => recipient) }
}
