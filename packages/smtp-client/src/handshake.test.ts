import { connect, createServer, type Server } from 'node:net'

import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { afterEach, describe, expect, it } from 'vitest'

import { options as defaults } from '../examples/options.ts'
import { SmtpClient, type SmtpClientOptions } from './index.ts'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** Gives these replies, the greeting first, one for each line that it hears. */
async function listen(replies: readonly string[]): Promise<{ port: number; heard: string[] }> {
  const heard: string[] = []
  const server = createServer((socket) => {
    const left = [...replies]
    const say = (): void => void socket.write(`${left.shift() ?? '250 2.0.0 ok'}\r\n`)
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\r\n').slice(0, -1)) {
        heard.push(line)
        say()
      }
    })
    say()
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, heard }
}

/** What becomes of a message for servers at port 25 with these replies, in order of preference. */
async function converse(
  scripts: readonly (readonly string[])[],
  nexthop: string,
  changed: Partial<SmtpClientOptions> = {},
) {
  const listening = await Promise.all(scripts.map(listen))
  const { logger, lines } = memoryLogger()
  const found = listening.map((_, at) => {
    return {
      name: `mx${at}`,
      address: `192.0.2.${at}`,
      family: 4,
      port: 25,
      preference: at,
    } as const
  })
  const client = new SmtpClient(
    { ...defaults, ...changed },
    {
      lookup: () => ({ kind: 'found', servers: found, last: false }),
      connect: (address) => connect(listening[Number(address.slice(-1))]!.port, '127.0.0.1'),
      clock: systemClock,
      log: logger,
    },
  )
  const { outcomes } = await client.deliver({
    queueId: 'QID',
    nexthop,
    sender: 's@a.test',
    recipients: [{ address: 'r@b.test' }],
    contentSize: 0,
    encoding: '7bit',
    sendOptions: 0,
    content: () => [],
    reuse: { load: false, store: false },
  })
  return { outcome: outcomes[0]!, lines, heard: listening.map(({ heard }) => heard) }
}

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
    const { heard } = await converse([[greeting, REFUSED]], 'b.test', {
      sendEhlo: 'when-announced',
    })
    expect(heard[0]?.[0]).toBe(`${verb} client.example`)
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
