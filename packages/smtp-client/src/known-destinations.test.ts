import { memoryLogger } from '@posthouse/mail-log'
import { expect, it } from 'vitest'

import { options } from '../test/options.ts'
import { KnownDestinations } from './known-destinations.ts'

function setUp() {
  const { logger: log, lines } = memoryLogger()
  const lookup = () => ({ kind: 'failed', status: '4.4.3', text: 'no', last: false }) as const
  return { known: new KnownDestinations({ options, lookup, log }), lines }
}

it('reads a next hop once', () => {
  const { known } = setUp()
  expect(known.of('a.test')).toBe(known.of('a.test'))
  expect(known.of('a.test').at(0, 'QID')).toBe(known.of('a.test').at(0, 'QID'))
})

it('forgets what was read, if there is too much of it', () => {
  const { known } = setUp()
  const first = known.of('a.test')
  for (let count = 0; count < 1000; count++) known.of(`${count}.test`)
  expect(known.of('a.test')).not.toBe(first)
})

it('C-3, C-5: says what is wrong with a next hop to each message that goes there', () => {
  const { known, lines } = setUp()
  for (const queueId of ['QID1', 'QID2']) {
    expect(() => known.of('[a.test').at(0, queueId)).toThrow('missing "]"')
    known.of('a.test:465').at(0, queueId)
  }
  expect(lines.filter((line) => line.startsWith('fatal: missing "]"'))).toHaveLength(2)
  expect(lines.filter((line) => line.startsWith('SMTPS wrappermode'))).toHaveLength(2)
})
