import { join } from 'node:path'
import { submitMessage } from '@posthouse/qmqp-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { LmtpScene, type LmtpSystem, lmtpDialogues } from '../harness/lmtp-dialogues.ts'
import { peersInstalled } from '../harness/peers.ts'
import { QueueingPostfix } from '../harness/queueing-postfix.ts'
import { serviceLine } from '../harness/scripted-world.ts'

// What it is told about unknown names depends on the machine.
const dialogues = lmtpDialogues.filter((dialogue) => !JSON.stringify(dialogue).includes('.invalid'))

const SERVICES = `\
qmgr unix n - n 300 1 qmgr
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
retry unix - - n - - error
discard unix - - n - - discard
scache unix - - n - 1 scache
flush unix n - n 1000? 0 flush
tlsmgr unix - - n 1000? 1 tlsmgr
`

async function startPostfix(scenes: readonly LmtpScene[]): Promise<LmtpSystem> {
  const routes = scenes.map(({ route }) => route)
  const table = routes.map(({ domain, nexthop }) => `{${domain}=${domain}:${nexthop}}`)
  const postfix = await QueueingPostfix.start(
    {
      myhostname: 'mta.client.test',
      mydestination: '',
      inet_protocols: 'ipv4',
      transport_maps: `inline:{ ${table.join(' ')} {sender.test=discard:} }`,
    },
    SERVICES + routes.map(serviceLine).join(''),
  )
  return {
    queueDirectory: join(postfix.directory, 'queue'),
    submit: async (recipients, content) => {
      const message = { sender: 's@sender.test', recipients, content: Buffer.from(content) }
      const { text } = await submitMessage({ host: '127.0.0.1', port: postfix.port }, message)
      return /queued as (\S+)/.exec(text)?.[1] ?? text
    },
    lmtpLines: () => {
      const found = postfix.logText().matchAll(/\/lmtp\[\d+\]: (.*)\n/g)
      return Array.from(found, ([, text = '']) => text)
    },
    stop: () => postfix.stop(),
  }
}

describe.runIf(peersInstalled('postfix'))('lmtp(8) of Postfix', () => {
  let scenes: readonly LmtpScene[]
  let postfix: LmtpSystem

  beforeAll(async () => {
    scenes = await Promise.all(dialogues.map((dialogue) => LmtpScene.open(dialogue)))
    postfix = await startPostfix(scenes)
    for (const scene of scenes) await scene.openSocket(postfix.queueDirectory)
  })

  afterAll(async () => {
    await postfix.stop()
    for (const scene of scenes) scene.close()
  })

  it.each(dialogues.map(({ name, title }, at) => [name, title, at] as const))(
    'C-178: does what was recorded: %s: %s',
    async (_name, _title, at) => {
      const scene = scenes[at]!
      expect(await scene.play(postfix)).toEqual(scene.recorded)
    },
  )
})
