import { createServer } from 'node:net'

import { SmtpClient, smtpDefaults } from '@posthouse/smtp-client'

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

const client = new SmtpClient(smtpDefaults('client.example'))
const { outcomes } = await client.deliver({
  nexthop: `[127.0.0.1]:${port}`, // In production: example.com, whose MX records are looked up.
  sender: 'alice@client.example',
  recipients: [{ address: 'bob@example.com' }],
  content: Buffer.from('Subject: hello\n\nHello\n'),
})
for (const { kind, status, text } of outcomes) console.log(kind, status, text)
server.close()
