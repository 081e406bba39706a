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

/** What is logged of a session with a server, without its port. */
async function sessionLines(list: string): Promise<string[]> {
  scene = await Scene.open({ parameters: { debug_peer_list: list } })
  await scene.submit(['r@example.net'])
  await scene.posthouse.logged(/: removed$/)
  const lines = scene.posthouse.log.map((line) => /smtp\[\d+\]: ([<>w].*)/.exec(line)?.[1] ?? '')
  return lines.filter((line) => line !== '').map((line) => line.replaceAll(/(?<=\]):\d+/g, ''))
}

describe('debug_peer_list for servers', () => {
  it.each(['127.0.0.0/8', 'inline:{127.0.0.1=x}'])(
    '%s: all that is said is logged',
    async (list) => {
      const lines = await sessionLines(list)
      expect(lines[0]).toMatch(/^< 127\.0\.0\.1\[127\.0\.0\.1\]: 220 /)
      expect(lines).toContain('> 127.0.0.1[127.0.0.1]: EHLO mx.example.com')
      expect(lines).toContain('> 127.0.0.1[127.0.0.1]: RCPT TO:<r@example.net>')
      expect(lines).toContain('> 127.0.0.1[127.0.0.1]: .')
      expect(lines.join()).not.toContain('Subject')
    },
  )

  it.each(['192.0.2.1', '!127.0.0.1, 127.0.0.0/8'])('%s: nothing of others', async (list) => {
    expect(await sessionLines(list)).toEqual([])
  })
})
