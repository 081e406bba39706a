import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { countQueueFiles } from '../harness/configuration.ts'
import { isNotification } from '../harness/notification.ts'
import { Scene } from '../harness/scene.ts'

/** `CRASHES=100` has it killed so many times. */
const CRASHES = Number(process.env['CRASHES'] ?? 5)
const PER_CRASH = 60
const SESSIONS = 10
/** `default_destination_concurrency_limit`, and what is on its way to a notification. */
const IN_FLIGHT = 20 + SESSIONS
const DIRECTORIES = [
  ...['incoming', 'active', 'deferred', 'hold', 'corrupt'],
  ...['bounce', 'defer', 'trace'],
]

let scene: Scene
beforeEach(async () => {
  scene = await Scene.open()
})
afterEach(() => scene.close())

// Each message has a recipient that is delivered, one that is refused, and a sender of its own.
it(
  'kill -9 with bounces on the way, again and again: every sender is told, few of them twice',
  async () => {
    scene.destination.refuse((recipient) =>
      recipient.startsWith('bad') ? { code: 550, text: '5.1.1 no such user' } : undefined,
    )
    const acknowledged = new Set<number>()
    let submitting = true
    let number = 0

    async function session(): Promise<void> {
      while (submitting) {
        const one = ++number
        const recipients = [`good${one}@example.net`, `bad${one}@example.net`]
        const reply = await scene.submit(recipients, undefined, `s${one}@example.org`)
        if (reply.kind === 'accepted') acknowledged.add(one)
        else await sleep(10) // It is down; a real client waits, too.
      }
    }
    const sessions = Array.from({ length: SESSIONS }, session)
    for (let crash = 0; crash < CRASHES; crash++) {
      const enough = acknowledged.size + PER_CRASH
      await expect.poll(() => acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(enough)
      await scene.posthouse.kill()
      await scene.restart()
    }
    submitting = false
    await Promise.all(sessions)
    const files = () => [1, 2, 3].map(() => countQueueFiles(scene.directory, DIRECTORIES)).join(' ')
    await expect.poll(files, { timeout: 30_000, interval: 100 }).toBe('0 0 0')

    const told = scene.arrivals.filter(isNotification).map(({ recipient }) => recipient)
    const served = scene.arrivals.filter((one) => !isNotification(one))
    const senders = [...acknowledged].map((one) => `s${one}@example.org`)
    expect(senders.filter((sender) => !told.includes(sender))).toEqual([])
    const recipients = new Set(served.map(({ recipient }) => recipient))
    const good = [...acknowledged].map((one) => `good${one}@example.net`)
    expect(good.filter((recipient) => !recipients.has(recipient))).toEqual([])
    expect(acknowledged.size).toBeGreaterThan(CRASHES * PER_CRASH)
    expect(told.length - new Set(told).size).toBeLessThanOrEqual(CRASHES * IN_FLIGHT)
    const about = scene.arrivals.filter(isNotification).map(({ content }) => String(content))
    expect(about.filter((text) => text.includes('\nFinal-Recipient: rfc822; good'))).toEqual([])
  },
  60_000 + CRASHES * 15_000,
)
