import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { options as defaults } from '../test/options.ts'
import { tlsDefaults } from '../test/tls-settings.ts'
import { SmtpClient, type SmtpClientOptions } from './index.ts'

let directory: string
let server: Server | undefined
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lmtp-'))
})
afterEach(() => {
  server?.close()
  server = undefined
  rmSync(directory, { recursive: true })
})

/** A server at a socket. `end` comes instead of the replies to the message. */
async function listen(end: (socket: Socket) => void, keywords = ''): Promise<void> {
  const opened = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.write('220 lm.test LMTP\r\n')
    const onCommand = (chunk: Buffer): void => {
      const line = chunk.toString('latin1')
      if (line.startsWith('LHLO')) socket.write(`250${keywords ? '-' : ' '}lm.test\r\n${keywords}`)
      else if (line.startsWith('DATA')) {
        socket.off('data', onCommand)
        socket.write('354 go\r\n')
        end(socket)
      } else socket.write('250 2.0.0 ok\r\n')
    }
    socket.on('data', onCommand)
  })
  server = opened
  await new Promise<void>((resolve) => opened.listen(join(directory, 'lmtp'), resolve))
}

async function deliver(changed: Partial<SmtpClientOptions>, content: Buffer) {
  const { logger: log, lines } = memoryLogger()
  const lmtp = { socketDirectory: directory }
  const client = new SmtpClient(
    { ...defaults, myhostname: 'client.test', lmtp, ...changed },
    { lookup: () => expect.unreachable(), clock: systemClock, log },
  )
  const { outcomes } = await client.deliver({
    queueId: 'QUEUEID',
    nexthop: 'unix:lmtp',
    sender: 's@client.test',
    recipients: [{ address: 'a@lm.test' }, { address: 'b@lm.test' }],
    contentSize: content.length,
    encoding: '7bit',
    sendOptions: 0,
    content: () => [content],
    reuse: { load: false, store: false },
  })
  return { outcomes, lines }
}

const SMALL = Buffer.from('Subject: x\n\ny\n')
const LARGE = Buffer.alloc(20_000_000, `${'x'.repeat(76)}\n`)
const acceptBoth = (socket: Socket): void => {
  socket.once('data', () => socket.write('250 2.0.0 one\r\n250 2.0.0 two\r\n'))
}

it('delivers to a socket below the directory, for as final as it is said to be', async () => {
  await listen(acceptBoth)
  const relayed = await deliver({}, SMALL)
  expect(relayed.outcomes).toMatchObject([
    { kind: 'sent', text: '250 2.0.0 one', relay: 'client.test[lmtp]', isFinal: undefined },
    { kind: 'sent', text: '250 2.0.0 two', relay: 'client.test[lmtp]', isFinal: undefined },
  ])
  const { outcomes } = await deliver({ finalDelivery: true }, SMALL)
  expect(outcomes).toMatchObject([{ isFinal: true }, { isFinal: true }])
})

it.each([
  [
    '552 5.3.4 one\r\n',
    '4.4.2',
    'lost connection with client.test[lmtp] while sending message body',
  ],
  ['552 5.3.4 one\r\n552 5.3.5 two\r\n', '5.3.5', 'two'],
])('C-88: replies before the end of the message: %j', async (replies, status, text) => {
  await listen((socket) => {
    socket.pause()
    socket.write(replies, () => socket.destroy())
  })
  const { outcomes } = await deliver({}, LARGE)
  expect(outcomes).toMatchObject([
    { status: '5.3.4', text: expect.stringContaining('552 5.3.4 one') },
    { status, text: expect.stringContaining(text) },
  ])
})

it('does without TLS that is optional at a socket, and says so', async () => {
  await listen(acceptBoth, '250 STARTTLS\r\n')
  const { outcomes, lines } = await deliver({ tls: { ...tlsDefaults, level: 'may' } }, SMALL)
  expect(outcomes).toMatchObject([{ kind: 'sent' }, { kind: 'sent' }])
  const text = 'opportunistic TLS encryption is not appropriate for unix-domain destinations.'
  expect(lines).toEqual([`warning: smtp_connect_local: ${text}`])
})

it('needs TLS at a socket where it must', async () => {
  await listen(acceptBoth)
  const { outcomes } = await deliver({ tls: { ...tlsDefaults, level: 'encrypt' } }, SMALL)
  const text = 'TLS is required, but was not offered by host client.test[lmtp]'
  expect(outcomes).toMatchObject([
    { status: '4.7.4', text },
    { status: '4.7.4', text },
  ])
})
