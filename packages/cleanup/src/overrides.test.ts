import { memoryLogger } from '@posthouse/mail-log'
import type { NewContent } from '@posthouse/queue-store'
import { expect, it } from 'vitest'

import { CLIENT, OPTIONS, START_MS } from '../test/scene.ts'
import { Cleanup, type MessageDraft } from './index.ts'

const MESSAGE = {
  content: Buffer.from('Subject: one%two\n\nbody\n'),
  sender: 's@example.org',
  recipients: ['r@example.net'],
  arrivalTimeMs: START_MS,
}

/** What becomes of a message: refused, or how many automatic copies it gets. */
async function outcomes(overrides: readonly (readonly [boolean, boolean])[]) {
  const stored: NewContent[] = []
  const draft: MessageDraft = {
    id: 'QID',
    createTimeMs: START_MS,
    start: () => 100_000,
    append: () => Promise.reject(new Error('too small for that')),
    finish: (message) => {
      stored.push(message)
      return Promise.reject(new Error('no disk here'))
    },
    abort: () => Promise.resolve(),
  }
  const options = {
    ...OPTIONS,
    alwaysBcc: 'b@example.com',
    messageRejectCharacters: Buffer.from('%'),
  }
  const cleanup = new Cleanup(options, {
    store: { create: () => Promise.resolve(draft) },
    queue: 'active',
    rewrite: (address) => address,
    rewriteExternal: (address) => address,
    log: memoryLogger().logger,
    zoneName: () => 'UTC',
  })
  const results: (number | 'refused')[] = []
  for (const [noAddressMappings, noHeaderBodyChecks] of overrides) {
    const transaction = await cleanup.open(CLIENT, { noAddressMappings, noHeaderBodyChecks })
    await transaction.submit(MESSAGE).catch(() => undefined)
    results.push(stored.pop()?.extraRecipients?.length ?? 'refused')
  }
  return results
}

it('Q-347: each server has its own overrides, in any order', async () => {
  const both = [true, true] as const
  const none = [false, false] as const
  const mappings = [true, false] as const
  const checks = [false, true] as const
  expect(await outcomes([none, checks, mappings, both, checks, none, mappings, both])).toEqual([
    'refused',
    1,
    'refused',
    0,
    1,
    'refused',
    'refused',
    0,
  ])
})
