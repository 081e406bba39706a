import { PreemptiveScheduler } from '@posthouse/scheduler'

import { limits, options } from './limits.ts'

// A newsletter with 40 deliveries is under way when two letters arrive; one process delivers.
for (const slotCost of [5, 0]) {
  const scheduler = new PreemptiveScheduler<string, number>(options, () => {
    return { ...limits, slotCost, processLimit: 1 }
  })
  const arrive = (message: string, deliveries: number) => {
    const activation = scheduler.open(message, 0, 0)
    for (let i = 0; i < deliveries; i++) {
      scheduler.add(activation, { transport: 'smtp', destination: `${message}${i}.example` }, i, 0)
    }
  }
  let order = ''
  arrive('N', 40)
  for (let one = scheduler.next(0); one?.kind === 'deliver'; one = scheduler.next(0)) {
    order += one.activation.message
    if (order.length === 3) for (const letter of ['a', 'b']) arrive(letter, 1)
    scheduler.finish(one, { kind: 'answered' }, 0)
  }
  console.log(`slot cost ${slotCost}: ${order}`)
}
