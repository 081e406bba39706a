import { afterAll, beforeAll, expect, it } from 'vitest'

import { LmtpScene, type LmtpSystem, lmtpDialogues } from '../harness/lmtp-dialogues.ts'
import { ScriptedWorld } from '../harness/scripted-world.ts'

let scenes: readonly LmtpScene[]
let posthouse: LmtpSystem

beforeAll(async () => {
  scenes = await Promise.all(lmtpDialogues.map((dialogue) => LmtpScene.open(dialogue)))
  const world = await ScriptedWorld.open({ zone: {}, routes: scenes.map(({ route }) => route) })
  posthouse = {
    queueDirectory: world.queueDirectory,
    submit: (recipients, content) => world.submit(recipients, content),
    lmtpLines: () => world.smtpLines('lmtp'),
    stop: () => world.close(),
  }
  for (const scene of scenes) await scene.openSocket(posthouse.queueDirectory)
})

afterAll(async () => {
  await posthouse.stop()
  for (const scene of scenes) scene.close()
})

it.each(lmtpDialogues.map(({ name, title }, at) => [name, title, at] as const))(
  'C-178: %s: %s',
  async (_name, _title, at) => {
    const scene = scenes[at]!
    expect(await scene.play(posthouse)).toEqual(scene.recorded)
  },
)
