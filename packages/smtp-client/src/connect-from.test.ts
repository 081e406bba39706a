import { createServer, type Server, type Socket } from 'node:net'

import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { options as defaults } from '../test/options.ts'
import { SmtpClient, type SmtpClientOptions } from './index.ts'

// Of no interface (RFC 5737, RFC 3849).
const FOREIGN = '192.0.2.1'
const FOREIGN_6 = '2001:db8::1'

let server: Server
/** Where the connections came from. */
let sources: (string | undefined)[]
beforeEach(async () => {
  sources = []
  server = createServer((socket: Socket) => {
    sources.push(socket.remoteAddress)
    socket.on('error', () => undefined)
    socket.end('421 4.3.2 closed\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  server.close()
})

async function deliver(changed: Partial<SmtpClientOptions>) {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const { logger: log, lines } = memoryLogger()
  const client = new SmtpClient(
    { ...defaults, ...changed },
    {
      lookup: ({ host }) => ({
        kind: 'found',
        servers: [{ name: host, address: host, family: 4, port: port ?? 0, preference: 0 }],
        last: false,
      }),
      clock: systemClock,
      log,
    },
  )
  const { outcomes } = await client.deliver({
    queueId: 'QID',
    nexthop: '[127.0.0.1]',
    sender: '',
    recipients: [{ address: 'r@mx.test' }],
    contentSize: 1,
    encoding: '7bit',
    sendOptions: 0,
    content: () => [Buffer.from('\n')],
    reuse: { load: false, store: false },
  })
  return { outcome: outcomes[0], lines }
}

const WARNING = `warning: smtp_connect_addr: bind ${FOREIGN}: Cannot assign requested address`

describe('the source address', () => {
  it('C-30: is that of the family of the server', async () => {
    const { outcome } = await deliver({ bindAddress: '127.0.0.7', bindAddress6: FOREIGN_6 })
    expect(outcome?.status).toBe('4.3.2')
    expect(sources).toEqual(['127.0.0.7'])
  })

  it('C-30, C-185: one that cannot be used is a warning, and the system chooses', async () => {
    const { outcome, lines } = await deliver({ bindAddress: FOREIGN })
    expect(outcome?.status).toBe('4.3.2')
    expect(sources).toEqual(['127.0.0.1'])
    expect(lines[0]).toBe(WARNING)
  })

  it('C-30, C-185: enforced, nothing is sent', async () => {
    const { outcome, lines } = await deliver({ bindAddress: FOREIGN, bindAddressEnforce: true })
    expect(outcome).toMatchObject({ status: '4.4.0', text: 'server configuration error' })
    expect(sources).toEqual([])
    expect(lines).toEqual([WARNING, 'server configuration error'])
  })
})
