import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'

import { countQueueFiles } from '../harness/configuration.ts'
import { peersInstalled } from '../harness/peers.ts'
import { freePort, runCommand } from '../harness/posthouse.ts'
import { Scene } from '../harness/scene.ts'

const run = promisify(execFile)
const installed = peersInstalled('qmqp-source', 'smtp-sink', 'postcat')

describe.runIf(installed)("with Debian's tools", () => {
  const closing: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  async function openScene(sinkPort: number): Promise<Scene> {
    const scene = await Scene.open({ parameters: { relayhost: `[127.0.0.1]:${sinkPort}` } })
    closing.push(() => scene.close())
    return scene
  }

  async function startSink(port: number): Promise<() => number> {
    const user = process.getuid?.() === 0 ? ['-u', 'postfix'] : []
    const args = ['-c', ...user, `127.0.0.1:${port}`, '1000']
    const sink = spawn('smtp-sink', args, { stdio: ['ignore', 'pipe', 'ignore'] })
    closing.push(() => stop(sink))
    let received = 0
    sink.stdout.on('data', (chunk: Buffer) => {
      for (const [, count] of String(chunk).matchAll(/mesg=(\d+)/g)) received = Number(count)
    })
    await waitForPort(port)
    return () => received
  }

  const source = (port: number, messages: number) => {
    const options = ['-s', '20', '-m', String(messages), '-l', '2048']
    const addresses = ['-f', 's@example.org', '-t', 'r@example.net']
    return run('qmqp-source', [...options, ...addresses, `127.0.0.1:${port}`], { timeout: 60_000 })
  }

  it('qmqp-source -s 20 -m 5000 -l 2048 arrives whole at smtp-sink, and the queue is empty', async () => {
    const sinkPort = await freePort()
    const received = await startSink(sinkPort)
    const scene = await openScene(sinkPort)
    await source(scene.port, 5000)
    await expect.poll(received, { timeout: 60_000 }).toBe(5000)
    await expect.poll(() => countQueueFiles(scene.directory), { timeout: 10_000 }).toBe(0)
  }, 120_000)

  it('with the sink down mail is deferred with its reason; after flush all of it arrives', async () => {
    const sinkPort = await freePort()
    const scene = await openScene(sinkPort)
    await source(scene.port, 200)
    await expect
      .poll(() => countQueueFiles(scene.directory, ['deferred']), { timeout: 20_000 })
      .toBe(200)
    expect(await scene.posthouse.logged(/status=deferred/)).toContain('Connection refused')
    const received = await startSink(sinkPort)
    await runCommand('-c', join(scene.directory, 'conf'), 'flush')
    await expect.poll(received, { timeout: 30_000 }).toBe(200)
    await expect.poll(() => countQueueFiles(scene.directory), { timeout: 10_000 }).toBe(0)
  }, 90_000)

  it('postcat prints envelope and content of a deferred file', async () => {
    const scene = await openScene(await freePort())
    const reply = await scene.submit(
      ['deferred@example.net'],
      'Subject: for postcat\n\n.dot\n\nlast\n',
    )
    await expect.poll(() => countQueueFiles(scene.directory, ['deferred'])).toBe(1)
    const id = /queued as (\S+)/.exec(reply.text)?.[1] ?? ''
    const conf = mkdtempSync(join(tmpdir(), 'posthouse-postcat-'))
    writeFileSync(join(conf, 'main.cf'), 'compatibility_level = 3.6\n')
    const file = join(scene.directory, 'queue/deferred', id[0] ?? '', id)
    const { stdout, stderr } = await run('postcat', ['-c', conf, file])
    expect(stderr).toBe('')
    expect(stdout).toContain('*** ENVELOPE RECORDS ')
    expect(stdout).toContain('sender: sender@example.org\n')
    expect(stdout).toContain(
      'original_recipient: deferred@example.net\nrecipient: deferred@example.net\n',
    )
    expect(stdout).toMatch(
      /\*\*\* MESSAGE CONTENTS [\s\S]*Subject: for postcat\n[\s\S]*\n\n\.dot\n\nlast\n\*\*\*/,
    )
    expect(stdout).toContain('*** MESSAGE FILE END ')
  }, 30_000)
})

async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  await once(child, 'close')
}

async function waitForPort(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch {
      await sleep(50)
    } finally {
      socket.destroy()
    }
  }
  throw new Error(`nothing listens on port ${port}`)
}
