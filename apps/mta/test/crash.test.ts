import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { countQueueFiles } from '../harness/configuration.ts'
import { Scene } from '../harness/scene.ts'

/** `CRASHES=100` has it killed so many times. */
const CRASHES = Number(process.env['CRASHES'] ?? 10)
/** `default_destination_concurrency_limit`: deliveries to the one destination at a time. */
const IN_FLIGHT = 20
const SESSIONS = 10

let scene: Scene
beforeEach(async () => {
  scene = await Scene.open()
})
afterEach(() => scene.close())

// The promise of the house: what was acknowledged is delivered, whenever the process is killed.
// Who was being delivered to gets the message again, and nobody else.
it(
  'kill -9 in the middle of the load, again and again: no acknowledged message is missing',
  async () => {
    const acknowledged = new Set<string>()
    let submitting = true
    let number = 0

    async function session(): Promise<void> {
      while (submitting) {
        const recipient = `r${++number}@example.net`
        const reply = await scene.submit([recipient])
        if (reply.kind === 'accepted') acknowledged.add(recipient)
        else await sleep(10) // It is down; a real client waits, too.
      }
    }
    const sessions = Array.from({ length: SESSIONS }, session)
    for (let crash = 0; crash < CRASHES; crash++) {
      const before = acknowledged.size
      await expect.poll(() => acknowledged.size, { timeout: 15_000 }).toBeGreaterThan(before + 100)
      await scene.posthouse.kill()
      await scene.restart()
    }
    submitting = false
    await Promise.all(sessions)
    await expect.poll(() => countQueueFiles(scene.directory), { timeout: 30_000 }).toBe(0)

    const recipients = scene.arrivals.map(({ recipient }) => recipient)
    const arrived = new Set(recipients)
    expect([...acknowledged].filter((recipient) => !arrived.has(recipient))).toEqual([])
    expect(acknowledged.size).toBeGreaterThan(CRASHES * 100)
    expect(recipients.length - arrived.size).toBeLessThanOrEqual(CRASHES * IN_FLIGHT)
  },
  120_000 + CRASHES * 10_000,
)
