import { execFile } from 'node:child_process'
import { readdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { countQueueFiles } from '../harness/configuration.ts'
import { peersInstalled } from '../harness/peers.ts'
import { Scene } from '../harness/scene.ts'
import { until } from '../harness/until.ts'

const run = promisify(execFile)
const installed = peersInstalled('qshape')
const COMMAND = join(import.meta.dirname, '../bin/posthouse.js')

describe.runIf(installed)("beside Debian's qshape", { timeout: 90_000 }, () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await Scene.open({ parameters: { default_destination_concurrency_limit: '20' } })
    scene.destination.refuse(() => ({ code: 450, text: '4.2.1 later' }))
    const domains = [
      'one.example',
      'a.two.example',
      'b.two.example',
      'c.two.example',
      'TWO.example',
    ]
    for (const [index, domain] of domains.entries()) {
      const recipients = domains.slice(index).map((other) => `r${index}@${other}`)
      await scene.submit([`r@${domain}`, ...recipients], undefined, `s@${domain}`)
    }
    await scene.submit(['r@one.example'], undefined, '')
    await until(
      () => countQueueFiles(scene.directory, ['deferred']) === 6,
      () => scene.posthouse.log.join('\n'),
    )
    await scene.posthouse.stop()
    // Nothing but the records is to count.
    for (const file of readdirSync(deferred(), { recursive: true, withFileTypes: true })) {
      if (file.isFile()) utimesSync(join(file.parentPath, file.name), 0, 0)
    }
  })
  afterAll(() => scene.close())

  const deferred = (): string => join(scene.directory, 'queue/deferred')
  const lines = (table: string): string[] => table.split('\n').toSorted()

  it.each([
    [[]],
    [['-s']],
    [['-p', '-m', '2']],
    [['-l', '-b', '4', '-t', '60']],
    [['-w', '100']],
    [['-s', '-p', '-m', '3']],
  ])('F-89: qshape %j prints the same table', async (options) => {
    const conf = join(scene.directory, 'conf')
    const theirs = await run('qshape', [...options, deferred()])
    const ours = await run(process.execPath, [
      COMMAND,
      '-c',
      conf,
      'qshape',
      ...options,
      'deferred',
    ])
    expect(theirs.stdout).toMatch(/TOTAL +\d*[1-9]/)
    expect(lines(ours.stdout)).toEqual(lines(theirs.stdout))
    expect(ours.stderr).toBe('')
  })
})
