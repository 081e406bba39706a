import { memoryLogger } from '@posthouse/mail-log'
import { describe, expect, it } from 'vitest'

import type { Failure } from './failure.ts'
import { Outcomes } from './outcomes.ts'

const FACTS = { relay: 'mx[192.0.2.1]:25', doneMs: 0, final: true }
const SOFT: Failure = { kind: 'host', status: '4.3.2', text: 'not now' }
const HARD: Failure = { kind: 'host', status: '5.7.1', text: 'never' }
const OPTIONS = { softBounce: false, showTlsFeature: false, deliveryStatusFilter: undefined }

type Options = ConstructorParameters<typeof Outcomes>[2]

/** Whom the failure of a message for two recipients blames. */
async function blameFor(failure: Failure, changed: Partial<Options> = {}, rejected = 0) {
  const { logger } = memoryLogger()
  const outcomes = new Outcomes('QID', 2, { ...OPTIONS, ...changed }, logger)
  for (let index = 0; index < rejected; index++) {
    outcomes.fail([index], { kind: 'recipient', status: '4.2.1', text: 'full' }, FACTS)
  }
  outcomes.fail([0, 1], failure, FACTS)
  return (await outcomes.report()).blame
}

describe('C-98: the destination is to blame', () => {
  it('where its failure puts recipients off', async () => {
    expect(await blameFor(SOFT)).toEqual({ status: '4.3.2', reason: 'not now' })
    expect(await blameFor({ ...SOFT, kind: 'exception' })).toBeDefined()
  })

  it('not where they come back, or the message is at fault', async () => {
    expect(await blameFor(HARD)).toBeUndefined()
    expect(await blameFor({ ...SOFT, kind: 'message' })).toBeUndefined()
    expect(await blameFor({ ...SOFT, kind: 'unsupported' })).toBeUndefined()
  })

  it('not for recipients that were put off before', async () => {
    expect(await blameFor(SOFT, {}, 2)).toBeUndefined()
    expect(await blameFor(SOFT, {}, 1)).toBeDefined()
  })

  it('also where soft_bounce lets them wait', async () => {
    expect(await blameFor(HARD, { softBounce: true })).toEqual({ status: '4.0.0', reason: 'never' })
  })

  it('C-100, C-185: as the filter of outcomes has it', async () => {
    const harden = (key: string) => key.replace(/^4/, '5')
    const soften = (key: string) => key.replace(/^5/, '4')
    expect(await blameFor(SOFT, { deliveryStatusFilter: harden })).toBeUndefined()
    expect(await blameFor(HARD, { deliveryStatusFilter: soften })).toEqual({
      status: '4.0.0',
      reason: 'never',
    })
  })

  it('not after a session that ran to its end', async () => {
    const outcomes = new Outcomes('QID', 1, OPTIONS, memoryLogger().logger)
    outcomes.completeSession()
    outcomes.fail([0], SOFT, FACTS)
    expect(await outcomes.report()).not.toHaveProperty('blame')
  })
})
