import { expect, it } from 'vitest'

import { MemoryStore } from '../test/memory-store.ts'
import { ActiveMessage } from './active-message.ts'
import { type GroupingOptions, groupRequests } from './request-grouping.ts'
import type { Route } from './router.ts'
import { verpSender } from './verp.ts'

function group(addresses: string[], limit: number, options: Partial<GroupingOptions> = {}) {
  const envelope = new MemoryStore().add({ recipients: addresses, sender: 'owner@disc.test' })
  const message = new ActiveMessage(envelope, 0, false)
  const routes = envelope.recipients.map((recipient): Route => {
    const [nexthop = ''] = recipient.address.split('@').slice(1)
    return { transport: nexthop.startsWith('l') ? 'local' : 'smtp', nexthop, recipient }
  })
  return groupRequests(message, routes, {
    recipientLimitOf: () => limit,
    recipientDelimiter: '+',
    ...options,
  })
}

const shape = (requests: ReturnType<typeof group>) =>
  requests.map(
    ({ queueName, recipients }) => `${queueName}: ${recipients.map((one) => one.address)}`,
  )

it('O-23, S-28: as many recipients per request as the limit allows', () => {
  expect(shape(group(['a1@x', 'a2@x', 'b@y', 'a3@x'], 2))).toEqual([
    'x: a1@x,a2@x',
    'x: a3@x',
    'y: b@y',
  ])
})

it('S-28: limit 0 means no limit, and 12000 recipients with limit 50 make 245 requests', () => {
  expect(group(['a@x', 'b@x', 'c@X'], 0)).toHaveLength(1)
  const many = Array.from({ length: 12_000 }, (_, i) => `r${i}@d${i % 7}`)
  expect(group(many, 50)).toHaveLength(245)
})

it('S-20: sorted by transport, next hop, domain, address, letter case aside', () => {
  expect(shape(group(['b@x', 'A@X', 'u@l', 'a@y', 'C@x'], 50))).toEqual([
    'l: u@l',
    'x: A@X,b@x,C@x',
    'y: a@y',
  ])
})

it('O-23, S-27: limit 1 makes a destination of each mailbox, extensions aside', () => {
  const requests = group(['u+1@h', 'u+2@h', 'U@h', '+x@h'], 1)
  expect(requests.map(({ queueName }) => queueName)).toEqual(['+x@h', 'u@h', 'u@h', 'u@h'])
  expect(requests.map(({ nexthop }) => nexthop)).toEqual(['h', 'h', 'h', 'h'])
})

it('S-29: VERP sends to one recipient at a time, each with a sender of its own', () => {
  const senderFor = (recipient: string) => verpSender('owner@disc.test', recipient, '+=')
  const requests = group(['u1@foo.tst', 'u2@foo.tst'], 50, { senderFor })
  expect(requests.map(({ sender }) => sender)).toEqual([
    'owner+u1=foo.tst@disc.test',
    'owner+u2=foo.tst@disc.test',
  ])
})

it('O-28: every recipient is in exactly one request', () => {
  const addresses = Array.from({ length: 500 }, (_, i) => `r${(i * 7919) % 500}@d${i % 13}`)
  const grouped = group(addresses, 7).flatMap(({ recipients }) => recipients)
  expect(grouped.map(({ address }) => address).sort()).toEqual(addresses.sort())
})
