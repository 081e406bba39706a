import { connect, createServer } from 'node:net'

import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { createQmqpServer } from '@posthouse/qmqp-server'

const { logger, lines } = memoryLogger()
const qmqp = createQmqpServer({
  authorize: ({ address }) => address === '127.0.0.1',
  open: async () => ({ id: '4F8A023020C' }),
  onMessage: async ({ sender, recipients, content }, transaction) => {
    console.log(`${content.length} bytes from ${sender} for ${recipients.join(', ')}`)
    return { kind: 'ok', text: `Ok: queued as ${transaction?.id}` }
  },
  messageSizeLimit: 10_240_000,
  lineLengthLimit: 2048,
  verpDelimiterFilter: '-=+',
  timeoutMs: 300_000,
  errorDelayMs: 1000,
  daemonTimeoutMs: 18_000_000,
  maxConnections: 100,
  softBounce: false,
  clientPortLogging: false,
  clock: systemClock,
  log: logger,
})

const listener = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
  qmqp.handle(socket)
})
await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
const address = listener.address()
const port = typeof address === 'object' ? (address?.port ?? 0) : 0

const client = connect(port, '127.0.0.1')
client.write('56:18:Subject: hi\n\nbody\n,13:s@example.org,13:r@example.net,,')
for await (const reply of client) console.log(String(reply))

listener.close()
await qmqp.drain()
console.log(lines.join('\n'))
