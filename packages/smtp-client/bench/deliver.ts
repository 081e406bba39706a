import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'

import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { type SessionCache, SmtpClient, type SmtpSession } from '@posthouse/smtp-client'

import { options } from '../test/options.ts'

// Deliveries per second of one client, against a sink in a thread of its own, or on a port:
//   node --conditions=@posthouse/source bench/deliver.ts --messages 20000 --side-by-side 20 --reuse
//   node --conditions=@posthouse/source bench/deliver.ts --side-by-side 1 --reuse --sink 2525

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '10000' },
    'side-by-side': { type: 'string', default: '20' },
    bytes: { type: 'string', default: '4096' },
    reuse: { type: 'boolean', default: false },
    sink: { type: 'string', default: '' },
  },
})

const SINK = `
const { createServer } = require('node:net')
const { parentPort } = require('node:worker_threads')
createServer({ noDelay: true }, (socket) => {
  let data = false
  let tail = ''
  socket.on('error', () => undefined)
  socket.write('220 sink ESMTP\\r\\n')
  socket.on('data', (chunk) => {
    let text = tail + chunk.toString('latin1')
    tail = ''
    let out = ''
    let quit = false
    while (text !== '') {
      if (data) {
        const end = text.indexOf('\\r\\n.\\r\\n')
        if (end < 0) { tail = text.slice(-4); break }
        out += '250 2.0.0 Ok\\r\\n'
        data = false
        text = text.slice(end + 5)
        continue
      }
      const end = text.indexOf('\\r\\n')
      if (end < 0) { tail = text; break }
      const line = text.slice(0, end)
      text = text.slice(end + 2)
      if (line.startsWith('EHLO')) out += '250-sink\\r\\n250-PIPELINING\\r\\n250 8BITMIME\\r\\n'
      else if (line === 'DATA') {
        out += '354 go\\r\\n'
        data = true
        text = '\\r\\n' + text
      }
      else if (line === 'QUIT') { out += '221 Bye\\r\\n'; quit = true }
      else out += '250 2.1.0 Ok\\r\\n'
    }
    if (out !== '') socket.write(out)
    if (quit) socket.end()
  })
}).listen(0, '127.0.0.1', function () { parentPort.postMessage(this.address().port) })
`

class Stack implements SessionCache {
  readonly #sessions: SmtpSession[] = []
  store(_: readonly string[], session: SmtpSession): void {
    this.#sessions.push(session)
  }
  take(): SmtpSession | undefined {
    return this.#sessions.pop()
  }
}

const worker = values.sink === '' ? new Worker(SINK, { eval: true }) : undefined
const port = worker
  ? await new Promise<number>((resolve) => worker.once('message', resolve))
  : Number(values.sink)

const client = new SmtpClient(options, {
  lookup: ({ host }) => ({
    kind: 'found',
    servers: [{ name: host, address: host, family: 4, port, preference: 0 }],
    last: false,
  }),
  cache: new Stack(),
  clock: systemClock,
  log: memoryLogger().logger,
})

const line = `${'x'.repeat(60)}\n`
const content = Buffer.from(line.repeat(Math.ceil(Number(values.bytes) / line.length)))
const messages = Number(values.messages)
let started = 0
let connections = 0

async function deliverSome(): Promise<void> {
  while (started < messages) {
    started++
    const { outcomes } = await client.deliver({
      queueId: '4Xyz',
      nexthop: '[127.0.0.1]',
      sender: 'sender@example.com',
      recipients: [{ address: 'recipient@example.com' }],
      contentSize: content.length,
      encoding: '8bit',
      sendOptions: 0,
      content: () => [content],
      reuse: { load: values.reuse, store: values.reuse },
    })
    const [outcome] = outcomes
    if (outcome?.kind !== 'sent') throw new Error(outcome?.text)
    if (outcome.connUse === undefined) connections++
  }
}

const startMs = performance.now()
const startCpu = process.cpuUsage()
await Promise.all(Array.from({ length: Number(values['side-by-side']) }, deliverSome))
const elapsedMs = performance.now() - startMs
const { user, system } = process.cpuUsage(startCpu)
const perMessage = `${((user + system) / messages).toFixed(0)} us CPU per message`
const included = worker === undefined ? '' : ", the sink's included"
console.log(
  `${Math.round((messages / elapsedMs) * 1000)} messages/s over ${connections} connections, ` +
    `${perMessage}${included}`,
)
await worker?.terminate()
process.exit()
