import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { countQueueFiles } from '../harness/configuration.ts'
import { runCommand } from '../harness/posthouse.ts'
import { Scene } from '../harness/scene.ts'

let scene: Scene
beforeEach(async () => {
  scene = await Scene.open()
})
afterEach(() => scene.close())

it('relays a message and logs its way as Postfix does', async () => {
  const reply = await scene.submit(['one@example.net', 'two@example.net'])
  expect(reply).toMatchObject({ kind: 'accepted', text: expect.stringMatching(/^Ok: queued as /) })
  await scene.posthouse.logged(/: removed$/)

  expect(scene.arrivals.map(({ recipient }) => recipient)).toEqual([
    'one@example.net',
    'two@example.net',
  ])
  const text = String(scene.arrivals[0]?.content)
  expect(text).toMatch(
    /^Received: from localhost \(localhost \[127\.0\.0\.1\]\)\n\tby mx\.example\.com /,
  )
  expect(text).toMatch(
    /\nSubject: test\nMessage-Id: <.*>\nDate: .*\nFrom: sender@example\.org\n\nbody\n$/,
  )

  const id = /queued as (\S+)/.exec(reply.text)?.[1]
  const lines = scene.posthouse.log.map((line) => /postfix\/\S+\[\d+\]: .*/.exec(line)?.[0] ?? line)
  const own = lines.filter((line) => line.includes(`${id}: `)).map(mask)
  const line = 'relay=127.0.0.1[127.0.0.1]:N, delay=N, delays=N/N/N/N, dsn=2.0.0, status=sent'
  expect(own).toEqual([
    'postfix/qmqpd[N]: QID: client=localhost[127.0.0.1]',
    expect.stringMatching(/^postfix\/cleanup\[N\]: QID: message-id=<\S+@mx\.example\.com>$/),
    'postfix/qmgr[N]: QID: from=<sender@example.org>, size=N, nrcpt=2 (queue active)',
    expect.stringContaining(`postfix/smtp[N]: QID: to=<one@example.net>, ${line} (250 `),
    expect.stringContaining(`postfix/smtp[N]: QID: to=<two@example.net>, ${line} (250 `),
    'postfix/qmgr[N]: QID: removed',
  ])

  function mask(text: string): string {
    return text
      .replaceAll(`${id}: `, 'QID: ')
      .replace(/\[\d+\]:/, '[N]:')
      .replace(
        /(delays?|size)=[\d./]+/g,
        (_, name) => `${name}=${name === 'delays' ? 'N/N/N/N' : 'N'}`,
      )
      .replace(/\]:\d+, delay/, ']:N, delay')
  }
})

it('keeps mail with its reason while the destination is down; flush delivers it', async () => {
  await scene.destination.close()
  const reply = await scene.submit(['late@example.net'])
  expect(reply.kind).toBe('accepted')
  const refused = `connect to 127.0.0.1[127.0.0.1]:${scene.sinkPort}: Connection refused`
  const line = await scene.posthouse.logged(/status=deferred/)
  expect(line).toContain(`relay=none, `)
  expect(line).toContain(`dsn=4.4.1, status=deferred (${refused})`)
  await expect.poll(() => countQueueFiles(scene.directory, ['deferred'])).toBe(1)
  const id = /queued as (\S+)/.exec(reply.text)?.[1] ?? ''
  const statusLog = join(scene.directory, 'queue/defer', id[0] ?? '', id)
  expect(readFileSync(statusLog, 'utf8')).toContain(`reason=${refused}\n`)

  await scene.destination.listen(scene.sinkPort)
  const flushed = await runCommand('-c', join(scene.directory, 'conf'), 'flush')
  expect(flushed).toEqual({ status: 0, output: '' })
  await scene.posthouse.logged(/: removed$/)
  expect(scene.arrivals.map(({ recipient }) => recipient)).toEqual(['late@example.net'])
  expect(countQueueFiles(scene.directory)).toBe(0)
})

it('S-30: tells the sender of a recipient that is refused for good, and delivers the others', async () => {
  scene.destination.refuse((recipient) =>
    recipient.startsWith('bad') ? { code: 550, text: '5.1.1 no such user' } : undefined,
  )
  await scene.submit(['bad@example.net', 'good@example.net'])
  const line = await scene.posthouse.logged(/to=<bad@example\.net>.*status=/)
  expect(line).toMatch(/dsn=5\.1\.1, status=bounced \(host .* said: 550 5\.1\.1 no such user/)
  await scene.posthouse.logged(
    /postfix\/bounce\[\d+\]: \w+: sender non-delivery notification: \w+$/,
  )
  await expect.poll(() => scene.arrivals.length).toBe(2)
  await expect.poll(() => countQueueFiles(scene.directory)).toBe(0)
  const contents = new Map(scene.arrivals.map(({ recipient, content }) => [recipient, content]))
  expect([...contents.keys()].sort()).toEqual(['good@example.net', 'sender@example.org'])
  const notification = String(contents.get('sender@example.org'))
  expect(notification).toContain('\nFinal-Recipient: rfc822; bad@example.net\n')
  expect(notification).not.toContain('good@example.net')
})

it('a stop in between keeps what is queued, and the next start delivers it', async () => {
  await scene.destination.close()
  await scene.submit(['later@example.net'])
  await scene.posthouse.logged(/status=deferred/)
  expect(await scene.posthouse.stop()).toBe(0)
  await scene.destination.listen(scene.sinkPort)
  await scene.restart()
  await runCommand('-c', join(scene.directory, 'conf'), 'flush')
  await scene.posthouse.logged(/: removed$/)
  expect(scene.arrivals.map(({ recipient }) => recipient)).toEqual(['later@example.net'])
})
