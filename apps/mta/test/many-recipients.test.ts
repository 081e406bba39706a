import { afterEach, beforeEach, expect, it } from 'vitest'

import { countQueueFiles } from '../harness/configuration.ts'
import { Scene } from '../harness/scene.ts'

const COUNT = 6000
const LIMITS = {
  qmgr_message_active_limit: '10',
  qmgr_message_recipient_limit: '500',
  default_recipient_limit: '300',
  default_extra_recipient_limit: '10',
  smtp_destination_recipient_limit: '100',
}

let scene: Scene
beforeEach(async () => {
  scene = await Scene.open({ parameters: LIMITS })
})
afterEach(() => scene.close())

const recipients = Array.from({ length: COUNT }, (_, i) => `r${i}@d${i % 7}.example.net`)
const arrived = () => scene.arrivals.map(({ recipient }) => recipient)

it('S-61: a message with many more recipients than may be in memory reaches each once', async () => {
  await scene.submit(recipients)
  await scene.posthouse.logged(/: removed$/)
  expect(arrived().sort()).toEqual([...recipients].sort())
  expect(countQueueFiles(scene.directory)).toBe(0)
}, 120_000)

it('S-88: a stop in the middle repeats nothing, and loses nothing', async () => {
  await scene.submit(recipients)
  await scene.posthouse.waitFor(
    () => (scene.arrivals.length > COUNT / 4 ? true : undefined),
    () => 'few arrived',
  )
  await scene.posthouse.stop()
  expect(scene.arrivals.length).toBeLessThan(COUNT)
  await scene.restart()
  await scene.posthouse.logged(/: removed$/)
  expect(arrived().sort()).toEqual([...recipients].sort())
}, 120_000)
