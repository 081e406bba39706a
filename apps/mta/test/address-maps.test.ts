import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { submitMessage } from '@posthouse/qmqp-client'
import { afterEach, expect, it } from 'vitest'

import { masterCfFor } from '../harness/configuration.ts'
import { freePort } from '../harness/posthouse.ts'
import { Scene, type SceneOptions } from '../harness/scene.ts'
import { SocketmapServer } from '../harness/socketmap.ts'

let scene: Scene
let server: SocketmapServer | undefined
afterEach(async () => {
  await scene.close()
  server?.close()
  server = undefined
})

async function openScene(options: SceneOptions): Promise<void> {
  scene = await Scene.open(options)
}

const arrived = () => scene.arrivals.map(({ recipient }) => recipient).sort()
const TEXT = 'Subject: hi\n\nbody\n'

it('Q-503: a network table holds up only the message that asks, and is not passed by', async () => {
  server = await SocketmapServer.listen(() => undefined)
  await openScene({ parameters: { sender_canonical_maps: server.table } })
  const waiting = scene.submit(['slow@e.test'], TEXT, 's@e.test')
  await expect.poll(() => server?.asked).toEqual(['s@e.test'])
  for (let at = 0; at < 5; at++) await scene.submit([`${at}@e.test`], `From: <>\n${TEXT}`, '')
  await expect.poll(arrived).toEqual([0, 1, 2, 3, 4].map((at) => `${at}@e.test`))
  server.answer(() => 'TEMP later')
  expect(await waiting).toMatchObject({
    kind: 'temporary',
    text: 'Error: queue file write error',
  })
  expect(await scene.posthouse.logged(/sender_canonical_maps map lookup problem/)).toContain(
    'sender_canonical_maps map lookup problem for s@e.test -- message not accepted',
  )
  expect(arrived()).not.toContain('slow@e.test')
}, 30_000)

it('G-52: an alias that was changed in its file is the one that is used', async () => {
  await openScene({ parameters: { virtual_alias_domains: '' } })
  await scene.posthouse.stop()
  const file = join(scene.directory, 'virtual')
  writeFileSync(file, 'a@e.test first@e.test\n')
  const mainCf = join(scene.directory, 'conf/main.cf')
  writeFileSync(mainCf, `virtual_alias_maps = texthash:${file}\n`, { flag: 'a' })
  await scene.restart()
  await scene.submit(['a@e.test'])
  await expect.poll(arrived).toEqual(['first@e.test'])
  writeFileSync(file, 'a@e.test second@e.test\n')
  utimesSync(file, 1, 1)
  await scene.submit(['b@e.test'])
  await scene.posthouse.logged(/table texthash:.* has changed/)
  await scene.submit(['a@e.test'])
  await expect.poll(arrived).toContain('second@e.test')
}, 30_000)

it('Q-347: receive_override_options is of the one service that has it', async () => {
  const plainPort = await freePort()
  const inlined = 'inline:{a@e.test=b@e.test}'
  await openScene({
    parameters: { virtual_alias_maps: inlined, virtual_alias_domains: '', always_bcc: 'c@e.test' },
    masterCf: (port) => `${masterCfFor(port)}\
127.0.0.1:${plainPort} inet n - n - - qmqpd -o receive_override_options=no_address_mappings
`,
  })
  const message = { sender: 's@e.test', recipients: ['a@e.test'], content: Buffer.from(TEXT) }
  await submitMessage({ host: '127.0.0.1', port: plainPort }, message)
  await expect.poll(arrived).toEqual(['a@e.test'])
  await scene.submit(['a@e.test'])
  await expect.poll(arrived).toEqual(['a@e.test', 'b@e.test', 'c@e.test'])
}, 30_000)
