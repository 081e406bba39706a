import { expect, it } from 'vitest'

import { LIMITS } from '../test/sequence.ts'
import { Activation } from './activation.ts'
import { PreemptiveOrder } from './preemptive-order.ts'

it('X-34: the jobs of a message put their slots together, whoever uses them', () => {
  const activation = new Activation<string, string>('A', 100, 10, 0)
  for (const slots of [4, 5, 0]) {
    activation.jobOn(new PreemptiveOrder<string, string>(LIMITS, () => {})).slots = slots
  }
  activation.load = 1 + 5 + 2
  expect(activation.allowance).toBe(19)
  expect(activation.allowance - activation.load).toBe(11)
})
