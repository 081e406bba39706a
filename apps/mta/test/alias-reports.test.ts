import { afterEach, expect, it } from 'vitest'

import { Scene } from '../harness/scene.ts'
import { sendmail } from '../harness/submitting.ts'

const ALIASES =
  'inline:{ {all@example.net = a@example.net, b@example.net}, {c@example.net = d@x.example} }'
const LETTER = 'Subject: tea\n\nAt five.\n'

const scenes: Scene[] = []
afterEach(async () => {
  for (const scene of scenes.splice(0)) await scene.close()
})

async function send(notify: string, recipients: readonly string[]): Promise<Scene> {
  const scene = await Scene.open({
    parameters: { virtual_alias_maps: ALIASES, myorigin: 'example.com' },
  })
  scenes.push(scene)
  const args = ['-N', notify, '-f', 's@example.org', ...recipients]
  expect(await sendmail(scene.directory, args, LETTER)).toMatchObject({ status: 0, stderr: '' })
  return scene
}

it('F-43: who asked for reports is told that an alias was expanded, and no more of it', async () => {
  const scene = await send('success,failure', ['all@example.net'])
  await expect.poll(() => scene.arrivals.length).toBe(3)
  const recipients = scene.arrivals.map(({ recipient }) => recipient)
  expect(recipients.sort()).toEqual(['a@example.net', 'b@example.net', 's@example.org'])
  const report = scene.arrivals.find(({ recipient }) => recipient === 's@example.org')
  const text = report!.content.toString()
  expect(text).toContain('Subject: Successful Mail Delivery Report\n')
  expect(text).toContain('\n<all@example.net>: alias expanded\n')
  expect(text.match(/^Action: .*$/gm)).toEqual(['Action: expanded'])
  expect(text).toContain('\nOriginal-Recipient: rfc822;all@example.net\n')
})

it('F-43: aliases and others come in one report', async () => {
  const scene = await send('success', ['c@example.net', 'e@example.net'])
  await expect.poll(() => scene.arrivals.length).toBe(3)
  const report = scene.arrivals.find(({ recipient }) => recipient === 's@example.org')
  const actions = report!.content.toString().match(/^(?:Final-Recipient|Action): .*$/gm)
  expect(actions).toEqual([
    'Final-Recipient: rfc822; c@example.net',
    'Action: expanded',
    'Final-Recipient: rfc822; e@example.net',
    'Action: relayed',
  ])
})
