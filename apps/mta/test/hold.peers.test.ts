import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'

import { countQueueFiles } from '../harness/configuration.ts'
import { peersInstalled } from '../harness/peers.ts'
import { runCommand } from '../harness/posthouse.ts'
import { Scene } from '../harness/scene.ts'

const run = promisify(execFile)
const installed = peersInstalled('postsuper', 'postcat')
const asRoot = process.getuid?.() === 0

describe.runIf(installed && asRoot)("held mail and Debian's tools", () => {
  let scene: Scene
  let postfixConf: string
  afterEach(() => scene.close())

  async function openScene(parameters: Readonly<Record<string, string>>): Promise<void> {
    scene = await Scene.open({ parameters })
    postfixConf = join(scene.directory, 'postfix')
    mkdirSync(postfixConf)
    const queue = join(scene.directory, 'queue')
    const text = `compatibility_level = 3.6\nqueue_directory = ${queue}\n`
    writeFileSync(join(postfixConf, 'main.cf'), text)
    chmodSync(scene.directory, 0o755)
  }

  /** postsuper(1), which works as the user `postfix`. */
  async function postsuper(...args: string[]): Promise<string> {
    execFileSync('chown', ['-R', 'postfix', join(scene.directory, 'queue')])
    return (await run('postsuper', ['-c', postfixConf, ...args])).stderr
  }

  async function submit(): Promise<string> {
    const { text } = await scene.submit(['r@example.net'], 'Subject: held\n\nbody\n')
    return /queued as (\S+)/.exec(text)?.[1] ?? ''
  }

  const filesOf = (queue: string) => countQueueFiles(scene.directory, [queue])
  const flush = () => runCommand('-c', join(scene.directory, 'conf'), 'flush')
  const arrived = () => scene.arrivals.map(({ recipient }) => recipient)

  it('F-11: postcat shows it, and what postsuper -H releases goes out at the next flush', async () => {
    await openScene({ header_checks: 'static:HOLD' })
    const id = await submit()
    const file = join(scene.directory, 'queue/hold', id)
    const { stdout, stderr } = await run('postcat', ['-c', postfixConf, file])
    expect(stderr).toBe('')
    expect(stdout).toContain('recipient: r@example.net\n')
    expect(stdout).toMatch(
      /\nSubject: held\n[\s\S]*\n\nbody\n\*\*\*[\s\S]*\n\*\*\* MESSAGE FILE END/,
    )
    expect(await postsuper('-H', id)).toContain('Released from hold: 1 message\n')
    expect([filesOf('hold'), filesOf('deferred')]).toEqual([0, 1])
    await flush()
    await expect.poll(arrived).toEqual(['r@example.net'])
    await expect.poll(() => countQueueFiles(scene.directory)).toBe(0)
  }, 30_000)

  it('S-41: it goes out at the next queue run, too', async () => {
    await openScene({ header_checks: 'static:HOLD', queue_run_delay: '1s' })
    await postsuper('-H', await submit())
    await expect.poll(arrived, { timeout: 10_000 }).toEqual(['r@example.net'])
  }, 30_000)

  it('what postsuper -h holds is left alone until postsuper -H', async () => {
    await openScene({})
    scene.destination.refuse(() => ({ code: 450, text: 'later' }))
    const id = await submit()
    await expect.poll(() => filesOf('deferred')).toBe(1)
    expect(await postsuper('-h', id)).toContain('Placed on hold: 1 message\n')
    scene.destination.refuse(() => undefined)
    await flush()
    await scene.submit(['other@example.net'])
    await expect.poll(arrived).toEqual(['other@example.net'])
    expect(filesOf('hold')).toBe(1)
    await postsuper('-H', id)
    await flush()
    await expect.poll(arrived).toEqual(['other@example.net', 'r@example.net'])
  }, 30_000)
})
