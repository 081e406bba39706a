import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { Scene } from '../harness/scene.ts'

let scene: Scene
beforeEach(async () => {
  scene = await Scene.open()
})
afterEach(() => scene.close())

/** Has master.cf name another program as the queue manager. */
function useProgram(program: string): void {
  const file = join(scene.directory, 'conf', 'master.cf')
  const text = readFileSync(file, 'utf8').replace(/^(qmgr\s.*\s)\S+$/m, `$1${program}`)
  writeFileSync(file, text)
}

async function deliver(recipient: string): Promise<string> {
  await scene.submit([recipient])
  return scene.posthouse.logged(/: from=.*queue active/)
}

it('S-5: the old name of qmgr is understood, with three warnings', async () => {
  await scene.posthouse.stop()
  useProgram('nqmgr')
  await scene.restart()
  expect(await deliver('r@example.net')).toMatch(/ postfix\/nqmgr\[\d+\]: \w+: from=/)
  const conf = join(scene.directory, 'conf')
  const warnings = scene.posthouse.log.filter((line) => line.includes('/nqmgr['))
  expect(warnings.slice(0, 3).map((line) => line.replace(/^.*\]: warning: /, ''))).toEqual([
    `please update the ${conf}/master.cf file; the new queue manager`,
    '(old name: nqmgr) has become the standard queue manager (new name: qmgr)',
    'support for the name old name (nqmgr) will be removed from Postfix',
  ])
})

it('a reload changes over from one way of scheduling to the other', async () => {
  expect(await deliver('1@example.net')).toMatch(/\/qmgr\[\d+\]: /)
  useProgram('oqmgr')
  scene.posthouse.signal('SIGHUP')
  await scene.posthouse.logged(/: reload -- version/)
  await scene.submit(['2@example.net'])
  await scene.posthouse.logged(/\/oqmgr\[\d+\]: \w+: removed/)
  expect(scene.arrivals.map(({ recipient }) => recipient)).toEqual([
    '1@example.net',
    '2@example.net',
  ])
})
