import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'

import { Scene } from '../harness/scene.ts'

let scene: Scene
let silent: Server
const sockets: Socket[] = []
afterEach(async () => {
  await scene.close()
  silent.close()
  for (const socket of sockets.splice(0)) socket.destroy()
})

it.each([
  ['2s', [false, false, false, true, true]],
  ['0', [false, false, false, false, false]],
])(
  'S-14, Q-572: in_flow_delay = %s, when nothing goes out',
  async (in_flow_delay, isSlow) => {
    silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const relayhost = `[127.0.0.1]:${port}`
    // The first becomes active. The second waits in incoming, and had one of two tokens.
    const limits = { qmgr_message_active_limit: '1', default_process_limit: '2' }
    scene = await Scene.open({ parameters: { relayhost, in_flow_delay, ...limits } })
    const waited: boolean[] = []
    for (let at = 0; at < isSlow.length; at++) {
      const startMs = performance.now()
      expect(await scene.submit(['r@example.net'])).toMatchObject({ kind: 'accepted' })
      waited.push(performance.now() - startMs >= 1990)
    }
    expect(waited).toEqual(isSlow)
  },
  30_000,
)
