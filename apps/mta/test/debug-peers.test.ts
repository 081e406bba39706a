import { submitMessage } from '@posthouse/qmqp-client'
import { afterEach, describe, expect, it } from 'vitest'

import { masterCfFor } from '../harness/configuration.ts'
import { Scene, type SceneOptions } from '../harness/scene.ts'

const MESSAGE = {
  content: Buffer.from('Subject: hi\n\nbody\n'),
  sender: 's@example.org',
  recipients: ['r@example.net'],
}

let scene: Scene
afterEach(() => scene.close())

/** What is logged in debug lines of a session from an address, without queue id and times. */
async function debugLines(options: SceneOptions, localAddress: string): Promise<string[]> {
  scene = await Scene.open(options)
  const server = { host: '127.0.0.1', port: scene.port, localAddress }
  expect(await submitMessage(server, MESSAGE)).toMatchObject({ kind: 'accepted' })
  await scene.posthouse.logged(/disconnect from/)
  const found = scene.posthouse.log.map((line) => /qmqpd\[.*: debug: [\d.]+ s: (.*)/.exec(line))
  return found.flatMap((match) => match?.[1] ?? [])
}

const parameters = {
  qmqpd_authorized_clients: '127.0.0.0/8',
  debug_peer_list: '!127.0.0.3, inline:{127.0.0.2=any}, 127.0.0.3',
  debug_peer_level: '1',
}

describe('Q-313: debug_peer_list', () => {
  it('makes the log of clients that it names verbose by debug_peer_level', async () => {
    const lines = await debugLines({ parameters }, '127.0.0.2')
    expect(lines).toEqual([
      'verbose log, level 1',
      'authorized',
      'packet header: 56 bytes',
      'message content: 18 bytes',
      'sender address: 13 bytes, "s@example.org"',
      'recipient address: 13 bytes, "r@example.net"',
      'request complete: recipients 1',
      expect.stringMatching(/^reply: ok, Ok: queued as /),
    ])
  })

  it.each(['127.0.0.1', '127.0.0.3'])('leaves that of others as it is: %s', async (address) => {
    expect(await debugLines({ parameters }, address)).toEqual([])
  })

  it('may be different for a service of master.cf', async () => {
    const options = '-o debug_peer_list=127.0.0.1 -o debug_peer_level=3'
    const masterCf = (port: number) => masterCfFor(port).replace(' qmqpd', ` qmqpd ${options}`)
    const lines = await debugLines({ parameters, masterCf }, '127.0.0.1')
    expect(lines).toContain(
      'received 60 bytes: "56:18:Subject: hi\\n\\nbody\\n,13:s@example.org,13:r@example.net,,"',
    )
  })
})
