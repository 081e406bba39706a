import { type DeliveryOutcome, splitReason, withClass } from '@posthouse/delivery-status'

const { status, text } = splitReason('5.1.1 no such user', '5.0.0')
const bounced: DeliveryOutcome = { kind: 'bounced', status, text, relay: 'none', doneMs: 0 }
console.log(`${bounced.kind} ${bounced.status} (${bounced.text})`)

const soft: DeliveryOutcome = { ...bounced, kind: 'deferred', status: withClass(status, '4') }
console.log(`${soft.kind} ${soft.status} (${soft.text})`)
