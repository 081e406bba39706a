import { VirtualClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { describe, expect, it } from 'vitest'

import { options as defaults } from '../test/options.ts'
import type { SmtpClientOptions } from './index.ts'
import { pixWorkarounds } from './pix-workarounds.ts'

const NOW_MS = 1_000_000
const server = {
  name: 'mx.test',
  address: '192.0.2.1',
  family: 4,
  port: 25,
  preference: 0,
} as const

/** What is done for a greeting, and what is said of it. */
async function outcome(
  changes: Partial<SmtpClientOptions> = {},
  { greeting = '220 ***', arrivalTimeMs }: { greeting?: string; arrivalTimeMs?: number } = {},
) {
  const { logger: log, lines } = memoryLogger()
  const options = { ...defaults, ...changes }
  const context = { options, clock: new VirtualClock(NOW_MS), log }
  const terms = { queueId: 'QID', arrivalTimeMs }
  const { disableEsmtp, delayDotCrlf } = await pixWorkarounds(context, server, terms, greeting)
  return { disableEsmtp, delayDotCrlf, lines }
}

const nothing = { disableEsmtp: false, delayDotCrlf: false, lines: [] }
const enabled = (names: string) => [
  `QID: enabling PIX workarounds: ${names} for mx.test[192.0.2.1]:25`,
]

describe('PIX workarounds', () => {
  it.each([
    ['220', true],
    ['220 **2**0* **', true],
    ['220 *\t*', true],
    ['220 mx.test ESMTP', false],
    ['220 **********1', false],
    ['220-***\n220 ***', false],
  ])('C-49: the greeting %j looks masked: %s', async (greeting, isMasked) => {
    expect((await outcome({}, { greeting })).disableEsmtp).toBe(isMasked)
  })

  it.each([
    [undefined, 'disable_esmtp'],
    [NOW_MS - 499_999, 'disable_esmtp'],
    [NOW_MS - 500_000, 'disable_esmtp, delay_dotcrlf'],
  ])('C-50: the pause is for old mail: arrived at %s, %s', async (arrivalTimeMs, names) => {
    const found = await outcome({}, { ...(arrivalTimeMs && { arrivalTimeMs }) })
    expect(found).toEqual({
      disableEsmtp: true,
      delayDotCrlf: names.includes('delay'),
      lines: enabled(names),
    })
  })

  it('C-50: new mail gets the pause as well where the threshold is 0', async () => {
    expect((await outcome({ pixThresholdMs: 0 })).delayDotCrlf).toBe(true)
  })

  it('C-50: names in any letter case, unknown ones ignored, and no list, no word', async () => {
    const list = { pixWorkarounds: ['DISABLE_esmtp', 'other'] }
    expect((await outcome(list)).lines).toEqual(enabled('disable_esmtp'))
    expect((await outcome({ pixWorkarounds: ['other'] })).lines).toEqual(enabled(''))
    expect(await outcome({ pixWorkarounds: [] })).toEqual(nothing)
  })

  it('C-50: a table has the list for an address; the common one where it cannot tell', async () => {
    const other = (address: string) => (address === server.address ? 'foo, delay_dotcrlf' : '')
    const found = await outcome({ pixWorkaroundMaps: other, pixThresholdMs: 0 })
    expect(found.lines).toEqual(enabled('delay_dotcrlf'))
    expect(await outcome({ pixWorkaroundMaps: () => ' ' })).toEqual(nothing)
    const fails = () => Promise.reject(new Error('down'))
    expect((await outcome({ pixWorkaroundMaps: fails })).lines).toEqual(enabled('disable_esmtp'))
  })
})
