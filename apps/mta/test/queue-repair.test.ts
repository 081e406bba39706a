import { mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'

import { countQueueFiles } from '../harness/configuration.ts'
import { freePort, Posthouse, runCommand } from '../harness/posthouse.ts'
import { Scene } from '../harness/scene.ts'

const scenes: Scene[] = []
afterEach(async () => {
  for (const scene of scenes.splice(0)) await scene.close()
})

// With a message that waits in the deferred queue, and no posthouse.
async function stoppedScene(): Promise<{ scene: Scene; id: string }> {
  const scene = await Scene.open({
    parameters: { relayhost: `[127.0.0.1]:${await freePort()}`, queue_run_delay: '1h' },
  })
  scenes.push(scene)
  const { text } = await scene.submit(['r@example.net'])
  await expect.poll(() => countQueueFiles(scene.directory, ['deferred'])).toBe(1)
  await scene.posthouse.stop()
  return { scene, id: /queued as (\S+)/.exec(text)?.[1] ?? '' }
}

describe('a start of posthouse', () => {
  it('F-22, F-24: gives files of a queue that was copied their names, and says so', async () => {
    const { scene, id } = await stoppedScene()
    const queue = join(scene.directory, 'queue')
    const deferred = join(queue, 'deferred', id[0]!)
    // As a copy would have it: a name with an inode number that is not the file's.
    renameSync(join(deferred, id), join(deferred, `${id.slice(0, 5)}ABC`))
    await scene.restart()
    expect(readdirSync(deferred)).toEqual([id])
    const log = scene.posthouse.log.filter((line) => /postsuper/.test(line)).join('\n')
    expect(log).toMatch(/Renamed to match inode number: 1 message\n/)
    expect(log).toMatch(/warning: QUEUE FILE NAMES WERE CHANGED TO MATCH INODE NUMBERS/)
  })

  it('F-8, F-26: moves files to where they belong after hash_queue_depth was changed', async () => {
    const { scene, id } = await stoppedScene()
    const deferred = join(scene.directory, 'queue/deferred')
    renameSync(join(deferred, id[0]!, id), join(deferred, id))
    await scene.restart()
    expect(statSync(join(deferred, id[0]!, id)).isFile()).toBe(true)
  })

  it('F-22: and check warn of damaged messages, as postfix check does', async () => {
    const { scene } = await stoppedScene()
    writeFileSync(join(scene.directory, 'queue/corrupt/0ABCDEF1234'), 'x')
    const { status, output } = await runCommand('-c', join(scene.directory, 'conf'), 'check')
    expect(status).toBe(0)
    expect(output).toContain('posthouse: warning: damaged message: corrupt/0ABCDEF1234\n')
    await scene.restart()
    await scene.posthouse.logged(
      /postfix-script\S+: warning: damaged message: corrupt\/0ABCDEF1234$/,
    )
  })

  it('F-22: leaves the checks out once, after a quick-stop', async () => {
    const { scene } = await stoppedScene()
    const queue = join(scene.directory, 'queue')
    await scene.restart()
    const stopped = await runCommand('-c', join(scene.directory, 'conf'), 'quick-stop')
    expect(stopped).toEqual({ status: 0, output: '' })
    expect(readdirSync(queue)).toContain('quick-start')
    writeFileSync(join(queue, 'corrupt/0ABCDEF1234'), 'x')
    const misplaced = join(queue, 'hold/X')
    mkdirSync(misplaced)
    await scene.restart()
    expect(readdirSync(queue)).not.toContain('quick-start')
    expect(readdirSync(join(queue, 'hold'))).toEqual(['X'])
    expect(scene.posthouse.log.join('\n')).not.toContain('damaged message')
    await scene.posthouse.stop()
    await scene.restart()
    expect(readdirSync(join(queue, 'hold'))).toEqual([])
    expect(scene.posthouse.log.join('\n')).toContain('damaged message')
  })

  it('F-22: is refused when the queue cannot be repaired', async () => {
    const { scene } = await stoppedScene()
    const alien = join(scene.directory, 'queue/hold/A/not-ours')
    mkdirSync(join(alien, '..'), { recursive: true })
    mkdirSync(alien)
    mkdirSync(join(alien, 'full'))
    await expect(Posthouse.start(scene.directory)).rejects.toThrow(
      /remove directory hold\/A: Directory not empty/,
    )
  })
})
