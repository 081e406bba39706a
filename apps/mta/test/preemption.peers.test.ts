import { describe, expect, it } from 'vitest'

import { type ComparedSystem, compare } from '../harness/compared-systems.ts'
import { Destination } from '../harness/destination.ts'
import { peersInstalled } from '../harness/peers.ts'
import { until } from '../harness/until.ts'

const installed = peersInstalled('postfix', 'postlog')
const asRoot = process.getuid?.() === 0

const LARGE = 3000
const UNDER_WAY = 200
const AT_ONCE = 10
const ANSWER_AFTER_MS = 20
const SMALL = 'small@dest.test'

interface Case {
  readonly manager: 'qmgr' | 'oqmgr'
  /** With one recipient for each, a queue is that of a recipient (S-27). */
  readonly recipientsPerDelivery: number
  /** The deliveries that go before the small one are no more than these. */
  readonly atMost: number
  readonly atLeast: number
}

// What is under way already goes first, and what starts while the small message is taken in.
const A_FEW = 10 * AT_ONCE
const ALL = (LARGE - UNDER_WAY) / 2 - A_FEW
const CASES: readonly Case[] = [
  { manager: 'qmgr', recipientsPerDelivery: 2, atLeast: 0, atMost: A_FEW },
  { manager: 'qmgr', recipientsPerDelivery: 1, atLeast: 0, atMost: A_FEW },
  { manager: 'oqmgr', recipientsPerDelivery: 2, atLeast: ALL, atMost: LARGE / 2 },
]

/** How many deliveries of a message under way a small one has to wait for, once it is accepted. */
describe.runIf(installed && asRoot)('a small message behind one for 3,000 recipients', () => {
  it.each(CASES)(
    'O-21, S-58: $manager, $recipientsPerDelivery in a delivery, as with Postfix',
    async ({ manager, recipientsPerDelivery, atLeast, atMost }) => {
      const arrived: string[] = []
      const destination = new Destination(({ recipient }) => void arrived.push(recipient), {
        answerAfterMs: ANSWER_AFTER_MS,
      })
      const parameters = {
        relayhost: `[127.0.0.1]:${await destination.listen()}`,
        smtp_destination_recipient_limit: String(recipientsPerDelivery),
      }
      const configuration = { parameters, manager, processLimit: AT_ONCE }
      const { ours, theirs } = await compare(configuration, async (system) => {
        const recipients = await recipientsBeforeSmall(system, arrived)
        return Math.ceil(recipients / recipientsPerDelivery)
      })
      await destination.close()
      console.log(
        `${manager}, ${recipientsPerDelivery} in a delivery: ${ours} deliveries before the small ` +
          `message; with Postfix ${theirs}`,
      )
      expect(Math.min(ours, theirs)).toBeGreaterThanOrEqual(atLeast)
      expect(Math.max(ours, theirs)).toBeLessThanOrEqual(atMost)
    },
    120_000,
  )
})

async function recipientsBeforeSmall(system: ComparedSystem, arrived: string[]): Promise<number> {
  arrived.length = 0
  const large = Array.from({ length: LARGE }, (_, at) => `r${at}@dest.test`)
  await system.submit(large)
  await until(
    () => arrived.length >= UNDER_WAY,
    () => `${system.name}: ${arrived.length} have arrived`,
  )
  await system.submit([SMALL])
  const accepted = arrived.length
  await until(
    () => arrived.includes(SMALL),
    () => `${system.name}: ${arrived.length} have arrived, not ${SMALL}`,
  )
  return Math.max(0, arrived.indexOf(SMALL) - accepted)
}
