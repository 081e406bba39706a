import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'

import { peersInstalled } from '../harness/peers.ts'
import { Scene } from '../harness/scene.ts'
import { COMMAND, runWith, type Submitted } from '../harness/submitting.ts'

const isRoot = process.getuid?.() === 0
const hasPeers = isRoot && peersInstalled('postfix', 'postsuper', 'postqueue')
const LATE = 'late@example.net'

describe.skipIf(!hasPeers)('a message that is to expire', () => {
  const closing: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  /** With a deferred message, in a queue that belongs to `postfix`. */
  async function deferredScene() {
    const outer = mkdtempSync(join(tmpdir(), 'force-expire-'))
    chmodSync(outer, 0o755)
    closing.push(async () => rmSync(outer, { recursive: true }))
    const queue = join(outer, 'queue')
    const parameters = { mail_owner: 'postfix', queue_directory: queue }
    const scene = await Scene.open({ parameters })
    closing.push(() => scene.close())
    scene.destination.refuse((recipient) =>
      recipient === LATE ? { code: 450, text: '4.2.1 busy' } : undefined,
    )
    const { text } = await scene.submit([LATE])
    const id = /queued as (\S+)/.exec(text)?.[1] ?? ''
    await scene.posthouse.logged(new RegExp(`${id}: .*status=deferred`))
    const path = join(queue, 'deferred', id[0]!, id)
    await expect.poll(() => statSync(path, { throwIfNoEntry: false })).toBeDefined()
    const conf = join(outer, 'conf')
    mkdirSync(conf)
    const mainCf = `compatibility_level = 3.6\nqueue_directory = ${queue}\nmaillog_file =\n`
    writeFileSync(join(conf, 'main.cf'), mainCf)
    const ours = (...words: string[]): Promise<Submitted> =>
      runWith('', process.execPath, [COMMAND, '-c', join(scene.directory, 'conf'), ...words])
    const theirs = (program: string, ...words: string[]): Promise<Submitted> =>
      runWith('', `/usr/sbin/${program}`, ['-c', conf, ...words])
    return { scene, id, path, ours, theirs }
  }

  it.each(['ours', 'theirs'] as const)(
    'F-20, F-87: is marked by postsuper -e (%s), shown as such, and returned to its sender',
    async (whose) => {
      const made = await deferredScene()
      const { scene, id, path, ours, theirs } = made
      const marked = await made[whose]('postsuper', '-e', id)
      expect(marked).toEqual({
        status: 0,
        stdout: '',
        stderr: `postsuper: ${id}: expired\npostsuper: Force-expired: 1 message\n`,
      })
      expect(statSync(path).mode & 0o777).toBe(0o710)
      for (const option of ['-p', '-j']) {
        const listing = await ours('postqueue', option)
        expect(listing).toEqual(await theirs('postqueue', option))
        expect(listing.stdout).toContain(option === '-p' ? `${id}#` : '"forced_expire": true')
      }
      expect((await ours('postqueue', '-f')).status).toBe(0)
      await scene.posthouse.logged(
        new RegExp(`${id}: from=<sender@example.org>, status=force-expired, returned to sender$`),
      )
      await expect
        .poll(() => scene.arrivals.map(({ recipient }) => recipient))
        .toEqual(['sender@example.org'])
      expect(scene.arrivals[0]!.content.toString()).toMatch(/^Action: failed\nStatus: 4\.2\.1$/m)
    },
  )

  it('F-87: is released from hold by postsuper -f, too', async () => {
    const { scene, id, ours } = await deferredScene()
    expect((await ours('postsuper', '-h', id)).stderr).toContain(`${id}: placed on hold`)
    const { stderr } = await ours('postsuper', '-f', id)
    expect(stderr).toBe(
      `postsuper: ${id}: expired\npostsuper: ${id}: released from hold\n` +
        'postsuper: Force-expired: 1 message\npostsuper: Released from hold: 1 message\n',
    )
    expect((await ours('postqueue', '-f')).status).toBe(0)
    await scene.posthouse.logged(new RegExp(`${id}: .*status=force-expired`))
  })
})
