import { describe, expect, it } from 'vitest'

import { converse } from '../test/converse.ts'

const REFUSED = '554 5.7.1 no'

describe('the greeting', () => {
  it.each([
    ['220 mx ESMTP', 'EHLO'],
    ['220 mx esmtp ready', 'EHLO'],
    ['220 ESMTP mx', 'EHLO'],
    ['220-mx\r\n220 ESMTP', 'EHLO'],
    ['220-mx\r\n220-ESMTP\r\n220 ready', 'HELO'],
    ['220 mx ESMTPA', 'HELO'],
    ['220 mx', 'HELO'],
  ])('C-47, C-48: %j is answered with %s, unless EHLO is always sent', async (greeting, verb) => {
    const { servers } = await converse([[greeting, REFUSED]], 'b.test', {
      options: { sendEhlo: 'when-announced' },
    })
    expect(servers[0]?.heard[0]).toBe(`${verb} client.example`)
  })
})

describe('this host at the other end', () => {
  const OWN = ['220 Client.Example', '250 CLIENT.example']

  it('C-55: mail for the next hop of the request would loop', async () => {
    const { outcome, lines } = await converse([OWN], 'b.test, [192.0.2.9]')
    expect(outcome).toMatchObject({
      kind: 'bounced',
      status: '5.4.6',
      text: 'mail for b.test, [192.0.2.9] loops back to myself',
    })
    expect(lines).toEqual([
      'warning: host mx0[192.0.2.0]:25 greeted me with my own hostname Client.Example',
      'warning: host mx0[192.0.2.0]:25 replied to HELO/EHLO with my own hostname CLIENT.example',
    ])
  })

  it('C-55: behind a better server it is worth another try', async () => {
    const { outcome } = await converse([['421 4.3.2 no'], OWN], 'b.test')
    expect(outcome).toMatchObject({ kind: 'deferred', status: '4.4.6' })
  })
})
