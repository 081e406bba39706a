import { ConcurrencyWindow, parseFeedback } from '@posthouse/scheduler'

import { limits } from './limits.ts'

// How many deliveries one destination may have at a time, after each that went well (o) or could
// not reach it (f).
for (const feedback of ['1', '1/4', '1/concurrency']) {
  const positive = parseFeedback(feedback) ?? limits.positive
  const window = new ConcurrencyWindow({ ...limits, positive })
  const sizes = Array.from('oooooooofff', (event) => {
    if (event === 'o') window.succeed(window.size)
    else window.fail()
    return `${event}${window.size}`
  })
  console.log(`positive feedback ${feedback.padEnd(13)} ${sizes.join(' ')}`)
}
