import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'

import { runCommand } from '../harness/posthouse.ts'
import { Scene } from '../harness/scene.ts'

// Files of which Postfix's queue manager was seen to say that they are corrupt.
const VECTORS = join(import.meta.dirname, '../../../packages/queue-store/vectors/queue-files.json')
const damaged = (JSON.parse(readFileSync(VECTORS, 'utf8')) as Vector[]).filter(
  ({ queueManager }) => queueManager?.verdict === 'corrupt',
)
// F-29: the text of 3.12, where that of 3.7 was recorded.
const NEW_TEXTS: readonly [old: RegExp, text: string][] = [
  [/illegal length -1, record type 65$/, 'too many length bits, record type 65'],
]

interface Vector {
  readonly name: string
  readonly bytes: string
  readonly queueManager?: { readonly verdict: string; readonly log: readonly string[] }
}

let scene: Scene
afterEach(() => scene.close())

/** Puts all of them into a queue, with names of their own. @returns the names, in order. */
function place(queue: string): string[] {
  // All ids begin with the same letter (F-8).
  const directory = join(scene.directory, 'queue', queue, queue === 'deferred' ? '1' : '')
  mkdirSync(directory, { recursive: true })
  return damaged.map(({ bytes }, at) => {
    const temporary = join(directory, `${at}.1`) // No name for a queue manager to look at.
    writeFileSync(temporary, Buffer.from(bytes, 'base64'), { mode: 0o700 })
    const inode = statSync(temporary).ino.toString(16).toUpperCase()
    const id = (0x10000 + at).toString(16).toUpperCase() + inode
    renameSync(temporary, join(directory, id))
    return id
  })
}

/** Of a message with this id. */
function expectedLines({ queueManager }: Vector, id: string): string[] {
  return queueManager!.log.map((line) => {
    const text = line.replace(/^\S+ /, '').replaceAll('QUEUEID', id)
    return NEW_TEXTS.reduce((result, [old, now]) => result.replace(old, now), text)
  })
}

it.each(['active', 'incoming', 'deferred'])(
  'F-51: damaged files in %s go to corrupt, with the lines of Postfix; other mail flows',
  async (queue) => {
    scene = await Scene.open()
    const isStopped = queue === 'active' // While it runs nobody else puts files there.
    if (isStopped) await scene.posthouse.stop()
    const ids = place(queue)
    if (isStopped) await scene.restart()
    else await runCommand('-c', join(scene.directory, 'conf'), 'flush')
    await scene.submit(['r@example.net'])
    await expect.poll(() => scene.arrivals.length, { timeout: 10_000 }).toBe(1)
    const corrupt = () => readdirSync(join(scene.directory, 'queue/corrupt')).sort()
    await expect.poll(corrupt, { timeout: 10_000 }).toEqual(ids.toSorted())
    const log = scene.posthouse.log.map((line) => line.replace(/^.*?\]: /, ''))
    const expected = damaged.flatMap((vector, at) => expectedLines(vector, ids[at]!))
    expect(log).toEqual(expect.arrayContaining(expected))
  },
  60_000,
)
