import { describe, expect, it } from 'vitest'

import { SETTINGS, START_MS, World } from '../test/harness.ts'
import type { DeliveryRequest, QueueManagerOptions } from './index.ts'

/** The requests of one message; `@l…` goes over `local`, all else over `smtp`. */
async function group(
  recipients: string[],
  destinationRecipientLimit: number,
  options: Partial<QueueManagerOptions> = {},
  envelope = {},
): Promise<DeliveryRequest[]> {
  const transport = () => ({ ...SETTINGS, destinationRecipientLimit })
  const deliver = async (request: DeliveryRequest) => {
    await here.wait(1000)
    return here.outcomes(request)
  }
  const here = new World(deliver, { transport, ...options })
  here.ports = {
    resolve: (_, recipient) => {
      const [nexthop = ''] = recipient.split('@').slice(1)
      const transport = nexthop.startsWith('l') ? 'local' : 'smtp'
      return { kind: 'route', transport, nexthop, recipient }
    },
  }
  const manager = here.manager()
  await manager.start()
  manager.accept(here.store.add({ recipients, sender: 'owner@disc.test', ...envelope }))
  await here.run(1000)
  return here.requests
}

const shape = (requests: readonly DeliveryRequest[]) =>
  requests.map(
    ({ transport, nexthop, recipients }) =>
      `${transport}:${nexthop} ${recipients.map((one) => one.address)}`,
  )

describe.each(['qmgr', 'oqmgr'] as const)('%s: requests', (scheduling) => {
  it('O-23, S-28: as many recipients per request as the limit allows', async () => {
    const requests = await group(['a1@x', 'a2@x', 'b@y', 'a3@x'], 2, { scheduling })
    expect(shape(requests).sort()).toEqual(['smtp:x a1@x,a2@x', 'smtp:x a3@x', 'smtp:y b@y'])
  })

  it('S-28: limit 0 means no limit, and 12000 recipients with limit 50 make 245', async () => {
    expect(await group(['a@x', 'b@x', 'c@X'], 0, { scheduling })).toHaveLength(1)
    const many = Array.from({ length: 12_000 }, (_, i) => `r${i}@d${i % 7}`)
    expect(await group(many, 50, { scheduling })).toHaveLength(245)
  })

  it('O-23, S-27: limit 1 makes a destination of each mailbox, extensions aside', async () => {
    const limits = { ...SETTINGS, destinationRecipientLimit: 1, limit: 2 }
    const options = { scheduling, transport: () => limits, recipientDelimiter: '+-' }
    const mailboxes = ['u+1@h', 'u-2@h', 'U@h', 'v@h', '+x@h']
    const requests = await group(mailboxes, 1, options)
    expect(requests.map(({ nexthop }) => nexthop)).toEqual(['h', 'h', 'h', 'h', 'h'])
    const late = requests.filter(({ handoffMs }) => handoffMs > START_MS)
    // Two deliveries at a time to each: only one of the three to the first has to wait.
    expect(late).toHaveLength(1)
    expect(late[0]!.recipients[0]!.address).toMatch(/^u/i)
  })

  it('S-29: VERP sends to one recipient at a time, each with a sender of its own', async () => {
    const addresses = ['u1@foo.tst', 'u2@foo.tst']
    const requests = await group(addresses, 50, { scheduling }, { verpDelimiters: '+=' })
    expect(requests.map(({ sender }) => sender)).toEqual([
      'owner+u1=foo.tst@disc.test',
      'owner+u2=foo.tst@disc.test',
    ])
  })

  it('O-28: every recipient is in exactly one request', async () => {
    const addresses = Array.from({ length: 500 }, (_, i) => `r${(i * 7919) % 500}@d${i % 13}`)
    const grouped = (await group(addresses, 7, { scheduling })).flatMap((one) => one.recipients)
    expect(grouped.map(({ address }) => address).sort()).toEqual(addresses.sort())
  })
})

it.each([
  ['qmgr', ['local:l u@l', 'smtp:X A@X,C@x,b@x', 'smtp:y a@y']],
  ['oqmgr', ['local:l u@l', 'smtp:X A@X,b@x,C@x', 'smtp:y a@y']],
] as const)('S-20: %s sorts by transport, next hop, domain, address', async (scheduling, all) => {
  const requests = await group(['b@x', 'A@X', 'u@l', 'a@y', 'C@x'], 50, { scheduling })
  expect(shape(requests).sort()).toEqual(all)
})

it.each(['qmgr', 'oqmgr'] as const)(
  'S-20: %s sorts those of one next hop by domain',
  async (scheduling) => {
    const addresses = ['b@a.test', 'a@b.test', 'a@A.test', 'c@a.test']
    const here: World = new World((request) => here.outcomes(request), { scheduling })
    const relay = { kind: 'route', transport: 'smtp', nexthop: 'relay' } as const
    here.ports = { resolve: (_, recipient) => ({ ...relay, recipient }) }
    const manager = here.manager()
    await manager.start()
    manager.accept(here.store.add({ recipients: addresses }))
    await here.run(1)
    expect(shape(here.requests)).toEqual(['smtp:relay a@A.test,b@a.test,c@a.test,a@b.test'])
  },
)
