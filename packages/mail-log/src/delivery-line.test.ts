import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type DeliveryLogRecord, formatDelay, formatDelivery, memoryLogger } from './index.ts'

const VALUES = [
  0, 0.004, 0.005, 0.0149, 0.0999, 0.123456, 0.996, 1.04, 1.05, 9.94, 9.96, 10.4, 10.5, 99.6,
  86400.7,
]
const BY_LIMIT: [limit: number, texts: string][] = [
  [2, '0 0 0.01 0.01 0.1 0.12 1 1 1.1 9.9 10 10 11 100 86401'],
  [0, '0 0 0 0 0 0 1 1 1 10 10 10 11 100 86401'],
  [1, '0 0 0 0 0.1 0.1 1 1 1.1 9.9 10 10 11 100 86401'],
  [3, '0 0.004 0.005 0.015 0.1 0.12 1 1 1.1 9.9 10 10 11 100 86401'],
]

describe('formatDelay', () => {
  it.each(BY_LIMIT)('S-93: the table for delay_logging_resolution_limit = %i', (limit, texts) => {
    expect(VALUES.map((value) => formatDelay(value, limit)).join(' ')).toBe(texts)
  })

  it.each([
    [0.056, '0.06'],
    [0.004, '0'],
    [3.14, '3.1'],
    [9.96, '10'],
    [12.4, '12'],
    [-3, '0'],
    [Number.NaN, '0'],
  ])('G-163: %d s is %s', (seconds, text) => {
    expect(formatDelay(seconds)).toBe(text)
  })

  it('C-105: goes down to the microsecond without an exponent', () => {
    expect(formatDelay(0.000001, 6)).toBe('0.000001')
  })

  it('S-93: is within half a step of the value, with at most three digits below 100 s', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_000_000 }), fc.nat({ max: 6 }), (micros, limit) => {
        const text = formatDelay(micros / 1e6, limit)
        expect(text).toMatch(/^\d{1,2}(\.\d*[1-9])?$/)
        const step = limit === 0 || micros >= 10e6 ? 1 : Math.max(micros / 10e6, 10 ** -limit)
        expect(Math.abs(Number(text) - micros / 1e6)).toBeLessThanOrEqual(step / 2 + 1e-9)
      }),
    )
  })
})

const RECORD: DeliveryLogRecord = {
  queueId: '4F8A023020C',
  recipient: 'b@mail.example.com',
  relay: 'none',
  times: { arrivalMs: 1000, activeMs: 3000, handoffMs: 3500, setupDoneMs: 3750, doneMs: 4760 },
  status: '4.4.1',
  action: 'deferred',
  text: 'connect to x: refused',
}

describe('formatDelivery', () => {
  it('G-163: has all fields in order', () => {
    const line = formatDelivery({ ...RECORD, originalRecipient: 'b', connUse: 2 })
    expect(line).toBe(
      '4F8A023020C: to=<b@mail.example.com>, orig_to=<b>, relay=none, conn_use=2, delay=3.8, ' +
        'delays=2/0.5/0.25/1, dsn=4.4.1, status=deferred (connect to x: refused)',
    )
  })

  it.each([undefined, '', 'b@mail.example.com', 'B@MAIL.example.com'])(
    'C-104: leaves orig_to out for original recipient %j',
    (originalRecipient) => {
      expect(formatDelivery({ ...RECORD, originalRecipient })).not.toContain('orig_to')
    },
  )

  it.each([undefined, 1])('C-104: leaves conn_use out for connUse %j', (connUse) => {
    expect(formatDelivery({ ...RECORD, connUse })).not.toContain('conn_use')
  })

  it('C-107: says behind the delays how the connection was protected, if that is known', () => {
    const line = formatDelivery({ ...RECORD, tls: 'may:none' })
    expect(line).toContain('delays=2/0.5/0.25/1, tls=may:none, dsn=4.4.1, ')
  })

  it.each([
    ['no session', { arrivalMs: 0, activeMs: 1000, handoffMs: 3000, doneMs: 7000 }, '1/2/0/4'],
    ['no agent', { arrivalMs: 0, activeMs: 1000, doneMs: 7000 }, '1/6/0/0'],
    ['never active', { arrivalMs: 0, doneMs: 7000 }, '7/0/0/0'],
    ['clock went back', { arrivalMs: 9000, activeMs: 8000, doneMs: 7000 }, '0/0/0/0'],
  ])('S-92, G-163: delays with %s', (_, times, delays) => {
    expect(formatDelivery({ ...RECORD, times })).toContain(`delays=${delays}, dsn`)
  })

  // As pflogsumm reads it, G-166 (d).
  it('G-166: stays readable to a log analyser', () => {
    const line = formatDelivery({ ...RECORD, originalRecipient: 'x@y', connUse: 3 })
    expect(line).toMatch(
      /^\w+: to=<.*>, (orig_to=<.*>, )relay=.*, (conn_use=\d+, )delay=[\d.]+, (delays=[\d./]+, )(dsn=[\d.]+, )status=deferred \(/,
    )
  })
})

it('memoryLogger keeps printable lines with their severity, and the fields of each', () => {
  const { logger, lines, fields } = memoryLogger()
  const given = { queueId: 'ABC' }
  logger.info('a\nb', given)
  logger.warning('w')
  logger.error('e')
  logger.fatal('f', given)
  expect(lines).toEqual(['a?b', 'warning: w', 'error: e', 'fatal: f'])
  expect(fields).toEqual([given, undefined, undefined, given])
})
