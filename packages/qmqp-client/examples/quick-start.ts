import { createServer } from 'node:net'

import { submitMessage } from '@posthouse/qmqp-client'

// Stands in for a mail server: the first byte of its reply is K, it takes the message.
const server = createServer((socket) => {
  socket.once('data', () => socket.end('26:KOk: queued as 4F8A023020C,'))
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const address = server.address()
const port = typeof address === 'object' ? (address?.port ?? 0) : 0

const verdict = await submitMessage(
  { host: '127.0.0.1', port },
  {
    content: Buffer.from('Subject: hi\n\nhello\n'),
    sender: 'list@example.org',
    recipients: ['reader@example.net'],
  },
)
console.log(verdict.kind, verdict.text)
server.close()
