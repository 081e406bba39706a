import { createServer } from 'node:net'

import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { SmtpClient } from '@posthouse/smtp-client'

import { options } from './options.ts'

// A server that says yes to everything. In production it is somebody else's.
const server = createServer((socket) => {
  socket.write('220 mx.example ESMTP\r\n')
  socket.on('data', (chunk) => {
    for (const line of chunk.toString().split('\r\n').slice(0, -1)) {
      if (/^(EHLO|MAIL|RCPT)/.test(line)) socket.write('250 2.1.0 ok\r\n')
      if (line === 'DATA') socket.write('354 go ahead\r\n')
      if (line === '.') socket.write('250 2.0.0 queued as 4711\r\n')
    }
  })
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

const address = server.address()
const port = address !== null && typeof address === 'object' ? address.port : 0
const client = new SmtpClient(options, {
  // In production: (nexthop) => mxLookup.lookup(nexthop).
  lookup: ({ host }) => ({
    kind: 'found',
    servers: [{ name: host, address: '127.0.0.1', family: 4, port, preference: 10 }],
    last: false,
  }),
  clock: systemClock,
  log: memoryLogger().logger,
})

const { outcomes } = await client.deliver({
  queueId: '4Xyz',
  nexthop: 'example.com',
  sender: 'alice@client.example',
  recipients: [{ address: 'bob@example.com' }],
  contentSize: 23,
  encoding: '7bit',
  sendOptions: 0,
  content: () => [Buffer.from('Subject: hello\n\nHello\n')],
  reuse: { load: false, store: false },
})
for (const { kind, status, text } of outcomes) console.log(kind, status, text)
server.close()
