import type { DeliveryOutcome } from '@posthouse/delivery-status'
import { memoryLogger } from '@posthouse/mail-log'
import { describe, expect, it } from 'vitest'

import { filterOutcomes } from './status-filter.ts'

const COMMON = { relay: 'none', doneMs: 0 }
const SENT: DeliveryOutcome = { ...COMMON, kind: 'sent', status: '2.0.0', text: '250 ok' }
const LATER: DeliveryOutcome = { ...COMMON, kind: 'deferred', status: '4.7.1', text: 'busy' }
const NEVER: DeliveryOutcome = { ...COMMON, kind: 'bounced', status: '5.1.1', text: 'nobody' }

describe('filterOutcomes', () => {
  it.each([
    [LATER, '5.7.1 busy', { kind: 'bounced', status: '5.7.1', text: 'busy' }],
    [LATER, '4.0.0  other text', { kind: 'deferred', status: '4.0.0', text: 'other text' }],
    [NEVER, '4.1.1 nobody', { kind: 'deferred', status: '4.1.1', text: 'nobody' }],
    [SENT, '2.6.0 fine', { kind: 'sent', status: '2.6.0', text: 'fine' }],
  ])('C-100: %j and %j', async (outcome, result, expected) => {
    const { logger, lines } = memoryLogger()
    const asked: string[] = []
    const filter = (key: string): string => {
      asked.push(key)
      return result
    }
    const [changed] = await filterOutcomes([outcome], filter, logger)
    expect(changed).toEqual({ ...COMMON, ...expected })
    expect(asked).toEqual([`${outcome.status} ${outcome.text}`])
    expect(lines).toEqual([])
  })

  it.each([
    [SENT, '4.0.0 what?'],
    [SENT, '5.0.0 what?'],
    [LATER, '2.0.0 what?'],
    [NEVER, '2.0.0 what?'],
    [NEVER, 'what?'],
    [NEVER, '4.1.1'],
  ])('C-100: %j stays, whatever %j says', async (outcome, result) => {
    const { logger, lines } = memoryLogger()
    expect(await filterOutcomes([outcome], () => result, logger)).toEqual([outcome])
    expect(lines).toEqual([`warning: smtp_delivery_status_filter: bad status code: ${result}`])
  })

  it('a table that cannot tell changes nothing', async () => {
    const { logger, lines } = memoryLogger()
    const filter = () => Promise.reject(new Error('down'))
    expect(await filterOutcomes([SENT, NEVER], filter, logger)).toEqual([SENT, NEVER])
    expect(lines).toEqual([
      'warning: smtp_delivery_status_filter: lookup error for "2.0.0 250 ok"',
      'warning: smtp_delivery_status_filter: lookup error for "5.1.1 nobody"',
    ])
  })
})
