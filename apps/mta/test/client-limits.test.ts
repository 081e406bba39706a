import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'

import { masterCfFor } from '../harness/configuration.ts'
import { Scene } from '../harness/scene.ts'

const GREETING = 'protocol\0queue_flush_protocol\0\0'

it('the flush service has as many clients as its process limit; others wait', async () => {
  const scene = await Scene.open({
    masterCf: (port) => masterCfFor(port).replace(/^(flush .* )0 flush$/m, '$11 flush'),
  })
  try {
    const first = client(scene, 'flush')
    expect(String((await once(first, 'data'))[0])).toBe(GREETING)
    const second = client(scene, 'flush')
    await once(second, 'connect')
    const heard: string[] = []
    second.on('data', (chunk) => heard.push(String(chunk)))
    // Its own limit: what a posthouse does meanwhile is answered.
    expect(await text(client(scene, 'showq'))).toContain('protocol')
    expect(heard).toEqual([])
    first.destroy()
    await expect.poll(() => heard.join('')).toBe(GREETING)
    second.destroy()
  } finally {
    await scene.close()
  }
})

it('a client of the flush service that stays after its answer takes nobody a turn', async () => {
  const scene = await Scene.open({
    masterCf: (port) => masterCfFor(port).replace(/^(flush .* )0 flush$/m, '$11 flush'),
  })
  try {
    const first = client(scene, 'flush')
    first.write('request\0send_file\0queue_id\0ABCDEF1234\0\0')
    const answer = text(first) // Does not end its own side.
    const second = client(scene, 'flush')
    expect(await answer).toBe(`${GREETING}status\x000\0\0`)
    expect(String((await once(second, 'data'))[0])).toBe(GREETING)
    second.destroy()
  } finally {
    await scene.close()
  }
})

function client(scene: Scene, service: string): Socket {
  return connect({ path: join(scene.directory, 'queue/public', service), allowHalfOpen: true })
}
