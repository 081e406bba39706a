import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'

import { countQueueFiles } from '../harness/configuration.ts'
import { runCommand } from '../harness/posthouse.ts'
import { Scene } from '../harness/scene.ts'
import { canMount, SmallDisk } from '../harness/small-disk.ts'

const NO_ROOM = { kind: 'temporary', text: 'Error: insufficient system storage' }
const NO_FILE = { kind: 'temporary', text: 'Error: queue file write error' }
const QUEUES = ['incoming', 'active', 'deferred', 'hold', 'corrupt']

describe.runIf(canMount())('a full disk', () => {
  let home: string
  let disk: SmallDisk
  let scene: Scene
  afterEach(async () => {
    await scene.close()
    disk.close()
    rmSync(home, { recursive: true })
  })

  /** A posthouse whose queue is on a small disk. */
  async function open(
    options: string,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    home = mkdtempSync(join(tmpdir(), 'posthouse-disk-'))
    disk = new SmallDisk(join(home, 'queue'), options)
    scene = await Scene.open({
      parameters: { qmqpd_error_delay: '0', queue_directory: disk.directory, ...parameters },
    })
  }

  const arrived = () => scene.arrivals.map(({ recipient }) => recipient).toSorted()
  const queued = () => countQueueFiles(home, QUEUES)
  const flush = () => runCommand('-c', join(scene.directory, 'conf'), 'flush')
  const logged = (pattern: RegExp) => scene.posthouse.log.filter((line) => pattern.test(line))

  it('F-17: clients are told to come again, queued mail stays, and all flows afterwards', async () => {
    await open('size=2m')
    scene.destination.refuse(() => ({ code: 450, text: 'later' }))
    await scene.submit(['waiting@example.net'])
    await expect.poll(() => countQueueFiles(home, ['deferred'])).toBe(1)
    disk.fill()
    for (let at = 0; at < 5; at++) expect(await scene.submit(['r@example.net'])).toEqual(NO_FILE)
    const refused = () => logged(/warning: \w+: queue file write error: ENOSPC/).length
    await expect.poll(refused).toBe(5)
    await flush()
    await expect.poll(() => logged(/status=deferred/).length).toBe(2)
    await expect.poll(() => countQueueFiles(home, ['deferred'])).toBe(1)

    disk.clear()
    scene.destination.refuse(() => undefined)
    expect(await scene.submit(['next@example.net'])).toMatchObject({ kind: 'accepted' })
    await flush()
    await expect.poll(arrived).toEqual(['next@example.net', 'waiting@example.net'])
    await expect.poll(queued).toBe(0)
  }, 60_000)

  it('F-10: where no file can be made the first client waits, others come again', async () => {
    await open('size=8m,nr_inodes=400')
    disk.fillWithFiles()
    const waiting = scene.submit(['first@example.net'])
    await scene.posthouse.logged(/warning: create file incoming\/\d+\.\d+: ENOSPC/)
    expect(await scene.submit(['second@example.net'])).toEqual(NO_FILE)
    disk.clear()
    expect(await waiting).toMatchObject({ kind: 'accepted' })
    expect(await scene.submit(['third@example.net'])).toMatchObject({ kind: 'accepted' })
    await expect.poll(arrived).toEqual(['first@example.net', 'third@example.net'])
    await expect.poll(queued).toBe(0)
  }, 60_000)

  it('F-19: queue_minfree leaves room for what is queued', async () => {
    await open('size=4m', { queue_minfree: '1000000', message_size_limit: '600000' })
    expect(await scene.submit(['first@example.net'])).toMatchObject({ kind: 'accepted' })
    disk.fill(900_000)
    await expect.poll(() => scene.submit(['r@example.net']), { timeout: 5000 }).toEqual(NO_ROOM)
    await scene.posthouse.logged(/not enough free space in mail queue: \d+ bytes <= queue_min/)
    disk.clear()
    const retry = () => scene.submit(['second@example.net'])
    await expect.poll(retry, { timeout: 5000 }).toMatchObject({ kind: 'accepted' })
    await expect.poll(() => arrived().at(-1)).toBe('second@example.net')
  }, 60_000)
})
