import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { afterEach, describe, expect, it } from 'vitest'

import { countQueueFiles } from '../harness/configuration.ts'
import { peersInstalled } from '../harness/peers.ts'
import { freePort } from '../harness/posthouse.ts'
import { Scene } from '../harness/scene.ts'

const run = promisify(execFile)

describe.runIf(peersInstalled('qmqp-source'))('qmqp-source', () => {
  let scene: Scene
  afterEach(() => scene.close())

  const source = (...options: string[]) =>
    run('qmqp-source', [...options, '-f', 's@e.test', '-t', 'r@e.test', `127.0.0.1:${scene.port}`])

  it('T-87: 200 requests of 20 recipients, 10 at once: all K, 200 files, no id twice', async () => {
    scene = await Scene.open({ parameters: { relayhost: `[127.0.0.1]:${await freePort()}` } })
    await source('-m', '200', '-r', '20', '-s', '10') // Status 0 only if each reply was K.
    await scene.posthouse.waitFor(
      () => scene.posthouse.log.filter((line) => line.includes(': disconnect from')).at(199),
      () => 'expected 200 sessions to end',
    )
    const ids = scene.posthouse.log.flatMap((line) => /: (\w+): client=/.exec(line)?.[1] ?? [])
    expect(ids).toHaveLength(200)
    expect(new Set(ids).size).toBe(200)
    expect(countQueueFiles(scene.directory)).toBe(200)
    // It leaves with a reset, and that is no error.
    expect(
      scene.posthouse.log.filter((line) => /lost connection|qmqpd.*warning/.test(line)),
    ).toEqual([])
  })

  it('Q-803: is told D for a sender whose VERP delimiters are not allowed', async () => {
    scene = await Scene.open({ parameters: { qmqpd_error_delay: '0' } })
    const refused = run('qmqp-source', [
      ...['-f', 'list-owner@e.test-@[]', '-t', 'r@e.test'],
      `127.0.0.1:${scene.port}`,
    ])
    await expect(refused).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('unrecoverable error: Error: Invalid VERP delimiters: "r="'),
    })
    expect(countQueueFiles(scene.directory)).toBe(0)
  })
})
